// All of the library but for what needs protobuf (io/protobuf.h, which generated code includes):
// #include <rpcnet/io/rpcnet.h>.
#pragma once

#include "io/batch.h"
#include "io/call.h"
#include "io/channel.h"
#include "io/cluster.h"
#include "io/cluster_config.h"
#include "io/codec.h"
#include "io/completion.h"
#include "io/credentials.h"
#include "io/host.h"
#include "io/interceptor.h"
#include "io/log.h"
#include "io/result.h"
#include "io/resume.h"
#include "io/run.h"
#include "io/server_view.h"
#include "io/service.h"
#include "io/signals.h"
#include "io/typed.h"
