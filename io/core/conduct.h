// Conducting a call: finding where it goes, running the interceptors around it, trying elsewhere.
#pragma once

#include <asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/cluster/outliers.h"
#include "engine/rpc/retry.h"
#include "io/channel.h"
#include "io/cluster.h"
#include "io/core/core.h"
#include "io/interceptor.h"

namespace rpcnet::core {

struct NameTarget {
  std::string text;
  // What the last look-up gave and did not fail since, the one to use first; shared by copies.
  std::shared_ptr<std::vector<Address>> known;
};

struct WorkerTarget {
  WorkerRegistry registry;
  std::string filter;
  std::uint32_t attempts_max = 0;  // 0: as RetryConfig says
};

// What a Channel is made of.
struct Route {
  std::shared_ptr<Core> core;
  std::variant<Peer, NameTarget, WorkerTarget, PeerFinder> target;
  std::vector<ClientInterceptor> interceptors;
  std::shared_ptr<rpc::RetryBudget> budget;  // shared by copies
  HedgeConfig hedge;
  std::shared_ptr<cluster::Outliers> outliers;  // shared by copies
};

template <typename Target>
std::shared_ptr<const Route> make_route(std::shared_ptr<Core> core, Target target) {
  auto route = std::make_shared<Route>();
  route->budget = std::make_shared<rpc::RetryBudget>(core->retry_config());
  route->hedge = core->hedge_config();
  route->outliers = std::make_shared<cluster::Outliers>(core->outlier_config());
  route->core = std::move(core);
  route->target = std::move(target);
  return route;
}

// Nothing but a peer, so that there is nothing to conduct; else null.
const Peer* plain_peer(const Route& route);

asio::awaitable<Result<Peer>> resolve_peer(std::string text, Families families);

// A unary call to one peer, with nothing around it.
asio::awaitable<Result<Bytes>> call_peer(std::shared_ptr<Core> core, Peer peer, std::string method,
                                         Bytes request, Terms terms);

// A unary call along a route.
asio::awaitable<Result<Bytes>> conduct_unary(std::shared_ptr<const Route> route, std::string method,
                                             Bytes request, Terms terms, Idempotency idempotency);

// A streaming call along a route, begun. With a message there is no other one.
std::shared_ptr<OutgoingCall> start_stream(std::shared_ptr<const Route> route, std::string method,
                                           std::optional<Bytes> message, Terms terms);

}  // namespace rpcnet::core
