// Options that make no sense are told at the start, each by its name.
#include <boost/test/unit_test.hpp>

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/io/support/rig.h"

namespace rpcnet::test {

BOOST_AUTO_TEST_SUITE(Options)

BOOST_AUTO_TEST_CASE(OutOfTheirBoundsAreToldByName) {
  using Change = std::function<void(HostOptions&)>;
  const std::vector<std::pair<std::string, Change>> wrong{
      {"HostOptions::event_queue_max is 0", [](auto& o) { o.event_queue_max = 0; }},
      {"HostOptions::call_timeout is -1 ms", [](auto& o) { o.call_timeout = -1ms; }},
      {"HostOptions::spin is 2000 ms", [](auto& o) { o.spin = 2s; }},
      {"RetryConfig::attempts_max is 0", [](auto& o) { o.retry.attempts_max = 0; }},
      {"HedgeConfig::delay is -1 ms", [](auto& o) { o.hedge.delay = -1ms; }},
      {"OutlierConfig::interval is 0 ms", [](auto& o) { o.outliers.interval = 0ms; }},
      {"RpcConfig::message_max is 0", [](auto& o) { o.rpc.message_max = 0; }},
      {"LinksConfig of calls::backoff_max is 0 ms", [](auto& o) { o.links.backoff_max = 0ms; }},
      {"SwimConfig::sync_interval is 0 ms", [](auto& o) { o.cluster.swim.sync_interval = 0ms; }},
      {"quic::EndpointConfig::idle_timeout is 0 ms", [](auto& o) { o.quic.idle_timeout = 0ms; }},
      {"quic::EndpointConfig::ack_delay_max is 17000 ms",
       [](auto& o) { o.quic.ack_delay_max = 17s; }},
      {"quic::EndpointConfig::stream_window_bytes is 0",
       [](auto& o) { o.quic.stream_window_bytes = 0; }},
      {"quic::EndpointConfig::mtu_probes is 1200", [](auto& o) { o.quic.mtu_probes = {1200}; }},
  };
  for (const auto& [words, change] : wrong) {
    asio::io_context context;
    HostOptions given = options("one");
    change(given);
    const auto host = Host::start(context, given);
    BOOST_CHECK_MESSAGE(!host.ok(), words);
    BOOST_CHECK(host.code() == StatusCode::invalid_argument);
    BOOST_CHECK_MESSAGE(host.status().message.starts_with(words + ", expected "),
                        words + ": " + host.status().message);
  }
}

BOOST_AUTO_TEST_CASE(ABatchThatNeverBeginsIsRefused) {
  asio::io_context context;
  Host server = start(context);
  const auto none = [](std::vector<Bytes>) -> asio::awaitable<std::vector<Result<Bytes>>> {
    co_return std::vector<Result<Bytes>>();
  };
  BOOST_CHECK_THROW(server.register_batched("Model.infer", none, {.batch_max = 0}),
                    std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rpcnet::test
