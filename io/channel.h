// Channel: where calls go, with what surrounds them. What a generated client is made from.
//
//   rpcnet::Channel one(host, peer);                  // to one process
//   rpcnet::Channel named(host, "greeter.example:7000");
//   rpcnet::Channel any(cluster_client);              // each call to a worker chosen for it
//   hello::GreeterClient client(named.with(tracing));
//
// A handle on a Host: cheap to copy, and harmless (calls end as `cancelled`) once the Host is gone.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/command.h"
#include "engine/config.h"
#include "io/call.h"
#include "io/completion.h"
#include "io/interceptor.h"
#include "io/result.h"
#include "io/service.h"

namespace rpcnet {

class ClusterClient;
class Host;

namespace core {
struct Route;
}

// Tells where a call is to go: asked for each attempt, with the workers that come last because they
// were just lost. A status ends the call, but for `unavailable` where it waits for ready.
using PeerFinder = std::function<asio::awaitable<Result<Peer>>(std::vector<NodeId> excluded)>;

class Channel {
 public:
  Channel(const Host& host, Peer peer);
  // "name:port" is looked up when the first call is made. Its addresses are used one after the
  // other, each until a call could not reach it; then it is looked up again. Any node of our
  // cluster may answer there.
  Channel(const Host& host, std::string target);
  // A worker for every call, by the strategy of the client's registry; `filter` narrows the choice.
  // A unary call that could not begin at one worker is tried at another.
  Channel(const ClusterClient& cluster, std::string filter = {});
  // Wherever the finder says, for every call.
  Channel(const Host& host, PeerFinder finder);
  explicit Channel(std::shared_ptr<const core::Route> route);

  // The same channel with one more interceptor, inside those it has.
  Channel with(ClientInterceptor interceptor) const;
  // The same channel with calls to methods marked safe made again, beside the first attempt, when
  // no answer has come for so long: at another worker where there are several.
  Channel hedged(HedgeConfig hedge) const;

  // One message there, one back: Result<Bytes>. Cancelling the waiting cancels the call.
  template <typename Token = Awaited>
  auto call(std::string method, Bytes request, CallOptions options = {},
            Token&& token = Token()) const {
    return core::complete(executor(), start_call(std::move(method), std::move(request), options),
                          std::forward<Token>(token));
  }

  // Messages both ways. A call that cannot begin comes back already ended.
  ClientCall open(std::string method, CallOptions options = {}) const {
    return start_stream(std::move(method), std::nullopt, options);
  }

  // For the other classes of the library.
  asio::awaitable<Result<Bytes>> start_call(std::string method, Bytes request,
                                            const CallOptions& options,
                                            Idempotency idempotency = Idempotency::unknown) const;
  // With a message there is no other one: the call half-closes behind it.
  ClientCall start_stream(std::string method, std::optional<Bytes> message,
                          const CallOptions& options) const;
  asio::any_io_executor executor() const;
  const std::shared_ptr<const core::Route>& route() const { return route_; }

 private:
  std::shared_ptr<const core::Route> route_;
};

}  // namespace rpcnet
