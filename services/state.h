// What a Host is doing now, for operators: `rpcnet state HOST:PORT`.
#pragma once

#include <memory>

#include "io/host.h"
#include "io/server_view.h"
#include "rpcnet/v1/state.rpcnet.h"

namespace rpcnet {

class State final : public v1::StateService {
 public:
  // Serves rpcnet.v1.State from now on; on the Host's thread. Only callers with a certificate of
  // the cluster are answered.
  static std::shared_ptr<State> serve(Host& host);

  asio::awaitable<Result<v1::ReadStateResponse>> Read(ServerCall& call,
                                                      v1::ReadStateRequest request) override;

 private:
  explicit State(const Host& host) : server_(host) {}

  ServerView server_;
};

}  // namespace rpcnet
