#include "tests/quic/support/tls_clock.h"

#include <ctime>

#include "engine/rng.h"
#include "io/quic/tls_hooks.h"

namespace {

struct Hooks {
  rpcnet::Rng random{1};
  rpcnet::Duration since_start{};
  // An hour later than the certificates, whose validity begins now.
  long long start_ms = static_cast<long long>(std::time(nullptr)) * 1000 + 3'600'000;
};

Hooks& hooks() {
  static Hooks state;
  return state;
}

}  // namespace

namespace rpcnet::test {

void seed_tls(std::uint64_t seed) { hooks().random = Rng(seed); }

void set_tls_time(Duration since_start) { hooks().since_start = since_start; }

}  // namespace rpcnet::test

int rpcnet_tls_random(unsigned char* out, unsigned int size) {
  for (unsigned int i = 0; i < size; ++i) {
    out[i] = static_cast<unsigned char>(hooks().random.next() >> 56);
  }
  return 0;
}

long long rpcnet_tls_time_ms(int) {
  return hooks().start_ms + hooks().since_start.count() / 1'000'000;
}

int wc_GenerateSeed(OS_Seed*, unsigned char* out, unsigned int size) {
  return rpcnet_tls_random(out, size);
}
