// What a Host counts as Prometheus reads it: for a page of the program's own web server, or through
// the standard service, `rpcnet metrics HOST:PORT`.
#pragma once

#include <memory>
#include <string>

#include "io/host.h"
#include "io/server_view.h"
#include "rpcnet/v1/metrics.rpcnet.h"

namespace rpcnet {

// Prometheus' text format, version 0.0.4. Names begin with "rpcnet_"; counters end in "_total".
std::string prometheus_text(const Host& host);

class Metrics final : public v1::MetricsService {
 public:
  // Serves rpcnet.v1.Metrics from now on; on the Host's thread. Only callers with a certificate of
  // the cluster are answered.
  static std::shared_ptr<Metrics> serve(Host& host);

  asio::awaitable<Result<v1::ReadMetricsResponse>> Read(ServerCall& call,
                                                        v1::ReadMetricsRequest request) override;

 private:
  explicit Metrics(const Host& host) : server_(host) {}

  ServerView server_;
};

}  // namespace rpcnet
