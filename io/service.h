// Service: the methods that one object serves; the base of what protoc-gen-rpcnet generates.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/call.h"
#include "io/result.h"

namespace rpcnet {

// May a call be executed twice? As the option idempotency_level in a .proto says.
enum class Idempotency : std::uint8_t {
  unknown,          // no
  idempotent,       // twice does what once does
  no_side_effects,  // it only reads
};

// What a .proto says about a method. The texts are literals of the generated code.
struct MethodInfo {
  std::string_view name;  // "package.Service.Method": what a call names
  std::string_view request;
  std::string_view reply;
  bool client_streaming = false;
  bool server_streaming = false;
  Idempotency idempotency = Idempotency::unknown;

  // Safe to try again even where it may have been executed.
  constexpr bool safe_to_retry() const { return idempotency != Idempotency::unknown; }
};

// What a method answers that nobody has written yet.
inline Status not_implemented(const MethodInfo& method) {
  return error(StatusCode::unimplemented, std::string(method.name) + " is not implemented here");
}

struct ServiceMethod {
  const MethodInfo* info = nullptr;  // lives as long as the program
  Handler handler;
};

class Service {
 public:
  Service() = default;
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  virtual ~Service() = default;

  // "package.Service"
  virtual std::string_view name() const = 0;
  // Handlers that refer to *this.
  virtual std::vector<ServiceMethod> methods() = 0;
};

}  // namespace rpcnet
