// The methods that both gRPC programs know. Messages are bytes as they are (the raw API), so that
// no time goes to an encoding.
#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace bench {

inline constexpr const char* kEchoMethod = "/bench.Echo/Echo";
inline constexpr const char* kTokensMethod = "/bench.Echo/Tokens";
inline constexpr const char* kPingpongMethod = "/bench.Echo/Pingpong";

struct TokensWanted {
  std::uint32_t messages = 0;
  std::uint32_t payload = 0;
};

inline std::string content_of(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline grpc::ByteBuffer buffer_of(const void* bytes, std::size_t size) {
  const grpc::Slice slice(bytes, size);
  return {&slice, 1};
}

inline std::uint8_t first_byte(grpc::ByteBuffer& buffer) {
  grpc::Slice slice;
  if (!buffer.TrySingleSlice(&slice).ok() || slice.size() == 0) return 0;
  return *slice.begin();
}

}  // namespace bench
