// Reflection: tells what this process serves and in which messages, from the descriptors that
// generated code brings along. One line of a server:
//
//   rpcnet::Reflection::serve(host);
//
// Then `rpcnet call`, `rpcnet list` and `rpcnet describe` work with it.
#pragma once

#include <memory>

#include "io/server_view.h"
#include "rpcnet/v1/reflection.rpcnet.h"

namespace rpcnet {

class Reflection final : public v1::ReflectionService {
 public:
  // Serves rpcnet.v1.Reflection from now on; on the Host's thread. Whoever may call learns what is
  // served; Host::authorize("rpcnet.v1.Reflection.*", ...) narrows that.
  static std::shared_ptr<Reflection> serve(Host& host);

  asio::awaitable<Result<v1::ListServicesResponse>> List(ServerCall& call,
                                                         v1::ListServicesRequest request) override;
  asio::awaitable<Result<v1::DescribeResponse>> Describe(ServerCall& call,
                                                         v1::DescribeRequest request) override;

 private:
  explicit Reflection(const Host& host) : server_(host) {}

  ServerView server_;
};

}  // namespace rpcnet
