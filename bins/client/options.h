// The client's settings.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bins/common.h"
#include "engine/instant.h"

namespace rpcnet::bins {

struct ClientOptions {
  std::vector<std::string> directors = {"127.0.0.1:61000"};
  std::string prompt = "Tell me a story";
  std::string filter{};
  std::uint64_t tokens = 0;  // 0: without end
  // How fast a lost worker is noticed and left for another one.
  Duration silence_max = std::chrono::milliseconds(400);
  Duration connect_timeout = std::chrono::milliseconds(500);
  Duration token_timeout = std::chrono::seconds(3);
  std::string anonymous_in{};  // the cluster to call without a certificate; empty: with one
  CommonOptions common{};
};

void parse(ClientOptions& target, int argc, const char* const* argv);

HostOptions client_host(const ClientOptions& options);

}  // namespace rpcnet::bins
