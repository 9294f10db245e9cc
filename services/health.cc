#include "services/health.h"

#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

#include "io/log.h"

namespace rpcnet {

std::shared_ptr<Health> Health::serve(Host& host) {
  // Not make_shared: the constructor is ours alone.
  const std::shared_ptr<Health> health(new Health(host));
  ServerView(host).on_drain([weak = std::weak_ptr<Health>(health)] {
    if (const auto alive = weak.lock()) alive->changed_.cancel();
  });
  host.serve(health);
  return health;
}

Health::Health(const Host& host)
    : server_(host), changed_(host.context(), asio::steady_timer::time_point::max()) {}

void Health::set(std::string service, bool serving) {
  told_.insert_or_assign(std::move(service), serving);
  changed_.cancel();
}

bool Health::is_served(const std::string& service) const {
  const auto methods = server_.methods();
  return std::any_of(methods.begin(), methods.end(), [&](const std::string& method) {
    return method.starts_with(service) && method.find('.', service.size()) == service.size() &&
           method.rfind('.') == service.size();
  });
}

Health::ServingStatus Health::status_of(const std::string& service) const {
  auto told = told_.find(service);
  if (told == told_.end() && is_served(service)) told = told_.find("");
  if (told == told_.end()) return v1::HealthCheckResponse::SERVICE_UNKNOWN;
  const bool serving = told->second && !server_.draining();
  return serving ? v1::HealthCheckResponse::SERVING : v1::HealthCheckResponse::NOT_SERVING;
}

asio::awaitable<Result<v1::HealthCheckResponse>> Health::Check(ServerCall&,
                                                               v1::HealthCheckRequest request) {
  v1::HealthCheckResponse response;
  response.set_status(status_of(request.service()));
  if (response.status() == v1::HealthCheckResponse::SERVICE_UNKNOWN) {
    co_return error(StatusCode::not_found,
                    "no service \"" + printable(request.service()) + "\" is served here");
  }
  co_return response;
}

asio::awaitable<Status> Health::Watch(ServerCall&, v1::HealthCheckRequest request,
                                      ServerWriter<v1::HealthCheckResponse> replies) {
  v1::HealthCheckResponse told;
  bool first = true;
  while (true) {
    // Looked up again after each write: what changes meanwhile is not missed.
    const ServingStatus now = status_of(request.service());
    if (first || now != told.status()) {
      first = false;
      told.set_status(now);
      const bool written = co_await replies.write(told);
      if (!written) co_return error(StatusCode::cancelled, "the caller has gone");
      continue;
    }
    if (server_.draining()) co_return error(StatusCode::unavailable, "this process drains");
    asio::error_code stopped;
    co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, stopped));
  }
}

}  // namespace rpcnet
