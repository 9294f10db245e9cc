// The standard services on real sockets: health, reflection, the cluster as a member sees it.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <boost/test/unit_test.hpp>

#include <map>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "io/protobuf.h"
#include "rpcnet/v1/cluster.rpcnet.h"
#include "rpcnet/v1/health.rpcnet.h"
#include "rpcnet/v1/metrics.rpcnet.h"
#include "rpcnet/v1/reflection.rpcnet.h"
#include "rpcnet/v1/state.rpcnet.h"
#include "services/standard.h"
#include "tests/io/kinds.rpcnet.h"
#include "tests/io/support/rig.h"

using namespace rpcnet;
using namespace rpcnet::test;

namespace {

using Response = v1::HealthCheckResponse;

struct Kinds final : KindsService {
  asio::awaitable<Result<Number>> Double(ServerCall&, Number request) override {
    co_return request;
  }
};

struct Served {
  asio::io_context context;
  Host server = start(context, options("server"));
  Host host = start(context, options("client"));
  Channel channel{host, peer_of(server)};
  std::shared_ptr<Health> health = serve_standard(server);

  Served() { server.serve(std::make_shared<Kinds>()); }
};

v1::HealthCheckRequest about(const std::string& service) {
  v1::HealthCheckRequest request;
  request.set_service(service);
  return request;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(StandardServices)

BOOST_AUTO_TEST_CASE(AHostWithSeveralThreadsIsRefused) {
  asio::io_context context;
  HostOptions wanted = options("server");
  wanted.io_threads = 2;
  Host server = start(context, wanted);
  BOOST_CHECK_EXCEPTION(
      serve_standard(server), std::invalid_argument, [](const std::invalid_argument& refused) {
        return std::string(refused.what()).find("io_threads = 1") != std::string::npos;
      });
}

BOOST_AUTO_TEST_CASE(HealthKnowsTheProcessAndEachService) {
  Served served;
  const v1::HealthClient client(served.channel);
  run(served.context, [&]() -> asio::awaitable<void> {
    for (const char* service : {"", "rpcnet.test.Kinds", "rpcnet.v1.Health"}) {
      const auto request = about(service);
      const auto response = co_await client.Check(request);
      BOOST_REQUIRE_MESSAGE(response.ok(), to_text(response.status()));
      BOOST_CHECK_MESSAGE(response->status() == Response::SERVING, service);
    }
    // Parts of names are no names.
    for (const char* service : {"no.Such", "rpcnet.test", "rpcnet.test.Kind", "rpcnet.test.Kinds.",
                                "rpcnet.test.Kinds.Double"}) {
      const auto request = about(service);
      const auto response = co_await client.Check(request);
      BOOST_CHECK_MESSAGE(response.code() == StatusCode::not_found, service);
    }
    served.health->set("rpcnet.test.Kinds", false);
    served.health->set("planned.Service", false);
    for (const char* service : {"rpcnet.test.Kinds", "planned.Service"}) {
      const auto request = about(service);
      const auto response = co_await client.Check(request);
      BOOST_REQUIRE_MESSAGE(response.ok(), to_text(response.status()));
      BOOST_CHECK_MESSAGE(response->status() == Response::NOT_SERVING, service);
    }
    served.health->set("", false);
    const auto whole = about("rpcnet.v1.Health");
    const auto response = co_await client.Check(whole);
    BOOST_REQUIRE(response.ok());
    BOOST_CHECK(response->status() == Response::NOT_SERVING);
  });
}

BOOST_AUTO_TEST_CASE(HealthIsWatchedUntilTheDrain) {
  Served served;
  const v1::HealthClient client(served.channel);
  run(served.context, [&]() -> asio::awaitable<void> {
    auto watching = client.Watch(about("later.Service"), {.timeout = no_deadline});
    std::vector<Response::ServingStatus> seen;
    const auto next = [&]() -> asio::awaitable<void> {
      const std::optional<Response> response = co_await watching.read();
      BOOST_REQUIRE(response.has_value());
      seen.push_back(response->status());
    };
    co_await next();
    served.health->set("other.Service", false);  // nothing that this watcher would hear of
    served.health->set("later.Service", true);
    co_await next();
    served.health->set("later.Service", false);
    co_await next();
    served.health->set("later.Service", true);
    co_await next();
    // A stream that did not end by itself would make the drain last as long as it may.
    const bool drained = co_await served.server.drain(30s);
    BOOST_CHECK(drained);
    co_await next();
    const std::vector<Response::ServingStatus> wanted{Response::SERVICE_UNKNOWN, Response::SERVING,
                                                      Response::NOT_SERVING, Response::SERVING,
                                                      Response::NOT_SERVING};
    BOOST_CHECK(seen == wanted);
    const std::optional<Response> more = co_await watching.read();
    BOOST_CHECK(!more.has_value());
    const Status end = co_await watching.finish();
    BOOST_CHECK_MESSAGE(end.code == StatusCode::unavailable, to_text(end));
  });
}

BOOST_AUTO_TEST_CASE(ReflectionTellsWhatIsServed) {
  Served served;
  served.server.serve("Plain.echo", echo);
  const v1::ReflectionClient client(served.channel);
  run(served.context, [&]() -> asio::awaitable<void> {
    const v1::ListServicesRequest request;
    const auto list = co_await client.List(request);
    BOOST_REQUIRE_MESSAGE(list.ok(), to_text(list.status()));
    std::string text;
    for (const auto& service : list->services()) {
      text += service.name() + (service.described() ? " " : "? ");
      text += std::to_string(service.methods_size()) + "\n";
    }
    BOOST_CHECK_EQUAL(text,
                      "Plain? 1\nrpcnet.test.Kinds 6\nrpcnet.v1.Cluster 2\nrpcnet.v1.Health 2\n"
                      "rpcnet.v1.Metrics 1\nrpcnet.v1.Reflection 2\nrpcnet.v1.State 1\n");
  });
}

// Goal: what Describe gives is enough to build the types anew, imports included.
BOOST_AUTO_TEST_CASE(ReflectionDescribesWithAllImports) {
  Served served;
  const v1::ReflectionClient client(served.channel);
  run(served.context, [&]() -> asio::awaitable<void> {
    for (const char* symbol : {"rpcnet.v1.Reflection", "rpcnet.v1.Reflection.Describe",
                               "rpcnet.v1.DescribeResponse.files", "rpcnet.test.Number"}) {
      v1::DescribeRequest request;
      request.set_symbol(symbol);
      const auto described = co_await client.Describe(request);
      BOOST_REQUIRE_MESSAGE(described.ok(), to_text(described.status()));
      google::protobuf::DescriptorPool pool;
      for (const auto& file : described->files().file()) {
        BOOST_REQUIRE_MESSAGE(pool.BuildFile(file) != nullptr, file.name());
      }
      BOOST_CHECK_MESSAGE(pool.FindFileContainingSymbol(symbol) != nullptr, symbol);
    }
    for (const char* symbol : {"", "no.such.Thing", "rpcnet.v1.Reflection.\x1b[2J"}) {
      v1::DescribeRequest request;
      request.set_symbol(symbol);
      const auto described = co_await client.Describe(request);
      BOOST_CHECK(described.code() == StatusCode::not_found);
      BOOST_CHECK(described.status().message.find('\x1b') == std::string::npos);
    }
  });
}

BOOST_AUTO_TEST_CASE(MembersAreToldWithTheirTagsAndTheirHealth) {
  Served served;
  ClusterMembership seed(served.server);
  ClusterMembership other(served.host);
  other.set_tag("role", "worker");
  const v1::ClusterClient client(served.channel);
  run(served.context, [&]() -> asio::awaitable<void> {
    const std::vector<std::string> nobody;
    co_await seed.join(nobody);
    auto watching = client.Watch(v1::WatchRequest(), {.timeout = no_deadline});
    const std::optional<v1::ClusterEvent> begun = co_await watching.read();
    BOOST_REQUIRE(begun.has_value());
    BOOST_CHECK_EQUAL(begun->kind(), "Watching");

    const std::vector<std::string> seeds{to_text(served.server.address())};
    const Status joined = co_await other.join(seeds);
    BOOST_REQUIRE_MESSAGE(joined.ok(), to_text(joined));
    const std::optional<v1::ClusterEvent> event = co_await watching.read();
    BOOST_REQUIRE(event.has_value());
    BOOST_CHECK_EQUAL(event->kind(), "NodeJoined");
    BOOST_CHECK_EQUAL(event->member().id(), "client");

    const v1::MembersRequest request;
    const auto members = co_await client.Members(request);
    BOOST_REQUIRE_MESSAGE(members.ok(), to_text(members.status()));
    BOOST_CHECK_EQUAL(members->cluster(), "dev");
    BOOST_CHECK_EQUAL(members->self(), "server");
    BOOST_REQUIRE_EQUAL(members->members_size(), 2);
    const v1::Member& first = members->members(0);
    BOOST_CHECK_EQUAL(first.id(), "client");
    BOOST_CHECK_EQUAL(first.address(), to_text(served.host.address()));
    BOOST_CHECK(first.state() == v1::Member::ALIVE);
    BOOST_CHECK_EQUAL(first.tags().at("role"), "worker");
    BOOST_CHECK_EQUAL(members->members(1).id(), "server");

    const bool drained = co_await served.server.drain(30s);
    BOOST_CHECK(drained);
    while (true) {
      const std::optional<v1::ClusterEvent> rest = co_await watching.read();
      if (!rest) break;
    }
    const Status end = co_await watching.finish();
    BOOST_CHECK_MESSAGE(end.code == StatusCode::unavailable, to_text(end));
  });
}

BOOST_AUTO_TEST_CASE(WhatAHostDoesNowIsToldLinkByLink) {
  Served served;
  bool release = false;
  served.server.serve("Slow.one", [&](ServerCall&, Bytes) -> asio::awaitable<Result<Bytes>> {
    co_await eventually([&] { return release; });
    co_return Bytes{};
  });
  const v1::StateClient client(served.channel);
  run(served.context, [&]() -> asio::awaitable<void> {
    std::size_t over = 0;
    for (int i = 0; i < 2; ++i) {
      served.host.call(peer_of(served.server), "Slow.one", Bytes(50'000), {},
                       [&](const Result<Bytes>&) { ++over; });
    }
    const bool begun = co_await eventually([&] { return served.server.serving() == 2; });
    BOOST_REQUIRE(begun);
    const v1::ReadStateRequest request;
    const auto state = co_await client.Read(request);
    BOOST_REQUIRE_MESSAGE(state.ok(), to_text(state.status()));
    BOOST_CHECK_EQUAL(state->node(), "server");
    BOOST_CHECK(!state->draining());
    BOOST_REQUIRE_EQUAL(state->serving_size(), 2);
    BOOST_CHECK_EQUAL(state->serving(0).method(), "Slow.one");
    BOOST_CHECK_EQUAL(state->serving(0).running(), 2U);
    BOOST_CHECK_EQUAL(state->serving(1).method(), "rpcnet.v1.State.Read");
    BOOST_REQUIRE_EQUAL(state->links_size(), 1);
    const v1::Link& link = state->links(0);
    BOOST_CHECK(link.accepted() && link.up());
    BOOST_CHECK(link.protocol() == v1::Link::RPC);
    BOOST_CHECK_EQUAL(link.remote(), to_text(served.host.address()));
    BOOST_CHECK(!link.peer().empty());
    BOOST_CHECK_GE(link.streams(), 3U);
    BOOST_CHECK_GT(link.rtt_us(), 0U);
    BOOST_CHECK_GT(link.bytes_in(), 100'000U);
    BOOST_CHECK_GT(link.bytes_out(), 1'000U);

    const HostState here = served.host.state();
    BOOST_REQUIRE_EQUAL(here.links.size(), 1U);
    BOOST_CHECK(!here.links[0].accepted);
    BOOST_CHECK(here.links[0].remote == served.server.address());
    BOOST_CHECK_EQUAL(here.calls_out, 2U);
    release = true;
    const bool ended = co_await eventually([&] { return over == 2; });
    BOOST_CHECK(ended);
    BOOST_CHECK_EQUAL(served.host.state().calls_out, 0U);
    BOOST_CHECK(served.server.state().serving.empty());
  });
}

// Goal: what a scraper is strict about. Each sample's name has been declared, once, before it; a
// line is a name, labels and a whole number; and the numbers are those of the host.
BOOST_AUTO_TEST_CASE(WhatIsCountedIsAPageForPrometheus) {
  Served served;
  const v1::MetricsClient client(served.channel);
  run(served.context, [&]() -> asio::awaitable<void> {
    for (int i = 0; i < 3; ++i) {
      const auto request = about("no.Such");
      (void)co_await v1::HealthClient(served.channel).Check(request);
    }
    const v1::ReadMetricsRequest request;
    const auto page = co_await client.Read(request);
    BOOST_REQUIRE_MESSAGE(page.ok(), to_text(page.status()));
    std::istringstream lines(page->text());
    std::set<std::string> declared;
    std::map<std::string, std::string> samples;
    const std::regex type("# TYPE (rpcnet_[a-z_]+) (counter|gauge)");
    const std::regex help("# HELP rpcnet_[a-z_]+ .+");
    const std::regex sample("(rpcnet_[a-z_]+)(\\{[a-z]+=\"[a-z_ ]+\"\\})? ([0-9]+)");
    for (std::string line; std::getline(lines, line);) {
      std::smatch match;
      if (std::regex_match(line, match, type)) {
        BOOST_CHECK_MESSAGE(declared.insert(match[1]).second, line);
        BOOST_CHECK_MESSAGE((match[2] == "counter") == match[1].str().ends_with("_total"), line);
      } else if (std::regex_match(line, match, sample)) {
        BOOST_CHECK_MESSAGE(declared.contains(match[1]), line);
        BOOST_CHECK_MESSAGE(samples.emplace(match[1].str() + match[2].str(), match[3]).second,
                            line);
      } else {
        BOOST_CHECK_MESSAGE(std::regex_match(line, help), line);
      }
    }
    BOOST_CHECK_EQUAL(samples["rpcnet_calls_arrived_total"], "4");
    BOOST_CHECK_EQUAL(samples["rpcnet_calls_answered_total{status=\"not_found\"}"], "3");
    BOOST_CHECK_EQUAL(samples["rpcnet_calls_serving"], "1");
    BOOST_CHECK_EQUAL(samples["rpcnet_members{state=\"alive\"}"], "1");
  });
}

BOOST_AUTO_TEST_CASE(TheClusterIsNotShownToStrangers) {
  Served served;
  HostOptions stranger = options();
  stranger.credentials = {};
  stranger.credentials.authority = dev().authority;
  stranger.credentials.anonymous = true;
  stranger.cluster_name = "dev";
  stranger.member = false;
  stranger.accept = false;
  Host outside = start(served.context, stranger);
  const v1::ClusterClient client{Channel(outside, peer_of(served.server))};
  run(served.context, [&]() -> asio::awaitable<void> {
    const v1::MembersRequest request;
    const auto members = co_await client.Members(request);
    BOOST_CHECK_MESSAGE(members.code() == StatusCode::unauthenticated, to_text(members.status()));
    const v1::ReadMetricsRequest counted;
    const auto page = co_await v1::MetricsClient(client.channel()).Read(counted);
    BOOST_CHECK_MESSAGE(page.code() == StatusCode::unauthenticated, to_text(page.status()));
    const v1::WatchRequest all;
    auto watching = client.Watch(all);
    const Status end = co_await watching.finish();
    BOOST_CHECK_MESSAGE(end.code == StatusCode::unauthenticated, to_text(end));
  });
}

BOOST_AUTO_TEST_SUITE_END()
