// All of the library: #include <rpcnet/io/rpcnet.h>.
#pragma once

#include "io/call.h"
#include "io/cluster.h"
#include "io/cluster_config.h"
#include "io/credentials.h"
#include "io/host.h"
#include "io/log.h"
#include "io/result.h"
#include "io/signals.h"
