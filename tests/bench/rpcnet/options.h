// What RpcNet's two programs of the benchmark have in common.
#pragma once

#include <chrono>
#include <cstdint>

#include "io/host.h"
#include "tests/bench/load/load.h"

namespace bench {

struct TokensWanted {
  std::uint32_t messages = 0;
  std::uint32_t payload = 0;
};

inline rpcnet::HostOptions host_options(const Load& load) {
  rpcnet::HostOptions options;
  options.credentials = {.certificate = load.certs + "/test_cert.pem",
                         .key = load.certs + "/test_key.pem",
                         .authority = load.certs + "/ca_cert.pem"};
  options.member = false;
  options.call_timeout.reset();  // as the other systems' clients, which set none
  if (load.spin) options.spin = std::chrono::hours(1);
  return options;
}

}  // namespace bench
