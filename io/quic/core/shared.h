// What all links of one endpoint share: configuration, chance, counters, ids, the time of
// the call in progress, and the way facts are told.
#pragma once

#include "engine/assert.h"
#include "engine/transport.h"
#include "io/quic/boundary.h"
#include "io/quic/config.h"
#include "io/quic/core/connection_ids.h"
#include "io/quic/core/reset_tokens.h"
#include "io/quic/counters.h"

namespace rpcnet::quic {

struct Shared {
  Shared(EndpointConfig configuration, Entropy& chance, FactSink& listener)
      : config(std::move(configuration)),
        entropy(chance),
        sink(listener),
        ids(config.owner, chance),
        reset_tokens(chance) {}

  const EndpointConfig config;
  Entropy& entropy;
  FactSink& sink;
  Counters counters;
  ConnectionIds ids;
  ResetTokens reset_tokens;  // of the peers
  Instant now{};
  bool telling = false;  // a sink that calls back would find half-changed state

  void tell(const Fact& fact) {
    telling = true;
    sink.on_fact(now, fact);
    telling = false;
  }

  void tell_stray(const Address& local, const Address& remote, BytesView datagram) {
    telling = true;
    sink.on_stray(local, remote, datagram);
    telling = false;
  }

  void tell(const Refusal& refusal) {
    telling = true;
    sink.on_refusal(now, refusal);
    telling = false;
  }
};

}  // namespace rpcnet::quic
