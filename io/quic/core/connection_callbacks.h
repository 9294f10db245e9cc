// ngtcp2's table of callbacks, which turn its events into Connection's.
#pragma once

#include <ngtcp2/ngtcp2.h>

namespace rpcnet::quic {

ngtcp2_callbacks connection_callbacks();

}  // namespace rpcnet::quic
