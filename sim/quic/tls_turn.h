// Whose turn it is inside TLS: wolfSSL asks global functions for chance and for the time, and each
// simulated process has its own of both.
//
// Every call into an endpoint or a TLS context stands inside a turn. Without one the functions of
// io/quic/tls_hooks.h assert: a draw or a date from nowhere would be a hole in the replay.
#pragma once

#include "engine/instant.h"
#include "sim/quic/chance.h"

namespace rpcnet::sim {

// Where every simulated run begins: 2026-01-01 00:00:00 UTC, in milliseconds. A process's date is
// this and what its clock shows.
inline constexpr long long kBeginningMs = 1'767'225'600'000;

class TlsTurn {
 public:
  // Turns do not nest: `chance` is that of one process, until the end of the turn.
  TlsTurn(Chance& chance, Instant local_now);
  TlsTurn(const TlsTurn&) = delete;
  TlsTurn& operator=(const TlsTurn&) = delete;
  ~TlsTurn();
};

}  // namespace rpcnet::sim
