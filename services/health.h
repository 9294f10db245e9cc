// Health: says whether this process, and each of its services, can be used. One line of a server:
//
//   auto health = rpcnet::Health::serve(host);
//   health->set("shop.Orders", false);  // until its database is back
//
// A service that nobody spoke of is as the whole process, which serves until it drains.
#pragma once

#include <asio/steady_timer.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "io/server_view.h"
#include "rpcnet/v1/health.rpcnet.h"

namespace rpcnet {

class Health final : public v1::HealthService {
 public:
  // Serves rpcnet.v1.Health from now on; on the Host's thread.
  static std::shared_ptr<Health> serve(Host& host);

  // Can `service` be used? Empty: the process as a whole, which counts for all services of which
  // nothing was said. A name that nothing is served under is known from then on.
  void set(std::string service, bool serving);

  asio::awaitable<Result<v1::HealthCheckResponse>> Check(ServerCall& call,
                                                         v1::HealthCheckRequest request) override;
  asio::awaitable<Status> Watch(ServerCall& call, v1::HealthCheckRequest request,
                                ServerWriter<v1::HealthCheckResponse> replies) override;

 private:
  using ServingStatus = v1::HealthCheckResponse::ServingStatus;

  explicit Health(const Host& host);
  ServingStatus status_of(const std::string& service) const;
  bool is_served(const std::string& service) const;

  ServerView server_;
  std::map<std::string, bool, std::less<>> told_{{"", true}};
  asio::steady_timer changed_;  // never expires; who watches waits until it is cancelled
};

}  // namespace rpcnet
