// The functions of io/quic/tls_hooks.h for simulated processes.
#include "sim/quic/tls_turn.h"

#include "engine/assert.h"
#include "io/quic/tls_hooks.h"

namespace rpcnet::sim {
namespace {

// The one thing in the simulator that lives outside a world, because wolfSSL's hooks have no
// argument to tell one process from another. It outlasts no turn.
struct Turn {
  Chance* chance = nullptr;
  Instant now{};
};

Turn& current() {
  static Turn turn;
  return turn;
}

}  // namespace

TlsTurn::TlsTurn(Chance& chance, Instant local_now) {
  ENGINE_ASSERT(current().chance == nullptr);
  current() = {&chance, local_now};
}

TlsTurn::~TlsTurn() { current() = {}; }

}  // namespace rpcnet::sim

int rpcnet_tls_random(unsigned char* out, unsigned int size) {
  ENGINE_ASSERT(rpcnet::sim::current().chance != nullptr);
  rpcnet::sim::current().chance->fill({out, size});
  return 0;
}

long long rpcnet_tls_time_ms(int) {
  ENGINE_ASSERT(rpcnet::sim::current().chance != nullptr);
  return rpcnet::sim::kBeginningMs +
         rpcnet::sim::current().now.time_since_epoch().count() / 1'000'000;
}

int wc_GenerateSeed(OS_Seed*, unsigned char* out, unsigned int size) {
  return rpcnet_tls_random(out, size);
}
