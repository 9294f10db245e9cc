// clock_gettime and getrandom, for us and for wolfSSL.
#include "io/system.h"

#include <sys/random.h>

#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <ctime>

#include "engine/assert.h"
#include "io/quic/tls_hooks.h"

namespace rpcnet {
namespace {

// False: the system has no entropy to give.
bool fill(unsigned char* out, std::size_t size) {
  while (size > 0) {
    const ssize_t got = getrandom(out, size, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    out += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

}  // namespace

Instant system_now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return Instant(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

void system_entropy(std::span<std::uint8_t> out) { ENGINE_ASSERT(fill(out.data(), out.size())); }

std::uint64_t system_random_number() {
  std::array<std::uint8_t, 8> bytes{};
  system_entropy(bytes);
  return std::bit_cast<std::uint64_t>(bytes);
}

}  // namespace rpcnet

extern "C" {

int rpcnet_tls_random(unsigned char* out, unsigned int size) {
  return rpcnet::fill(out, size) ? 0 : -1;
}

long long rpcnet_tls_time_ms(int) {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  return static_cast<long long>(time.tv_sec) * 1000 + time.tv_nsec / 1'000'000;
}

int wc_GenerateSeed(struct OS_Seed*, unsigned char* out, unsigned int size) {
  return rpcnet_tls_random(out, size);
}

}  // extern "C"
