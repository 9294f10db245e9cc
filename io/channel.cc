// From a channel to a conducted call.
#include "io/channel.h"

#include <utility>

#include "io/cluster.h"
#include "io/core/conduct.h"
#include "io/core/core.h"
#include "io/host.h"

namespace rpcnet {
Channel::Channel(const Host& host, Peer peer)
    : route_(core::make_route(host.core(), std::move(peer))) {}

Channel::Channel(const Host& host, std::string target)
    : route_(core::make_route(
          host.core(),
          core::NameTarget{std::move(target), std::make_shared<std::vector<Address>>()})) {}

Channel::Channel(const ClusterClient& cluster, std::string filter)
    : route_(cluster.route(std::move(filter), 0)) {}

Channel::Channel(const Host& host, PeerFinder finder)
    : route_(core::make_route(host.core(), std::move(finder))) {}

Channel::Channel(std::shared_ptr<const core::Route> route) : route_(std::move(route)) {}

Channel Channel::with(ClientInterceptor interceptor) const {
  auto route = std::make_shared<core::Route>(*route_);
  route->interceptors.push_back(std::move(interceptor));
  return Channel(std::shared_ptr<const core::Route>(std::move(route)));
}

Channel Channel::hedged(HedgeConfig hedge) const {
  auto route = std::make_shared<core::Route>(*route_);
  route->hedge = hedge;
  return Channel(std::shared_ptr<const core::Route>(std::move(route)));
}

asio::awaitable<Result<Bytes>> Channel::start_call(std::string method, Bytes request,
                                                   const CallOptions& options,
                                                   Idempotency idempotency) const {
  core::Terms terms = route_->core->terms(options);
  const Peer* peer = core::plain_peer(*route_);
  if (peer != nullptr && idempotency == Idempotency::unknown) {
    return core::call_peer(route_->core, *peer, std::move(method), std::move(request),
                           std::move(terms));
  }
  return core::conduct_unary(route_, std::move(method), std::move(request), std::move(terms),
                             idempotency);
}

ClientCall Channel::start_stream(std::string method, std::optional<Bytes> message,
                                 const CallOptions& options) const {
  return ClientCall(core::start_stream(route_, std::move(method), std::move(message),
                                       route_->core->terms(options)));
}

asio::any_io_executor Channel::executor() const { return route_->core->context().get_executor(); }

}  // namespace rpcnet
