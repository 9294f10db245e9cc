// Streams that go on elsewhere: servers that go, refuse, stand still, or do not know how.
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/rpcnet.h"
#include "tests/io/kinds.rpcnet.h"
#include "tests/io/support/rig.h"

using namespace rpcnet;
using namespace rpcnet::test;

namespace {

using Happening = ResumeEvent;

// Counts to the request's value, a few milliseconds for each number, from where it is asked to.
struct Counting final : KindsService {
  int calls = 0;
  int refuse_after = 1 << 30;  // numbers in one call
  std::uint64_t back = 0;      // begins so many numbers before what is asked for
  bool silent = false;         // begins, and then nothing

  asio::awaitable<Status> CountTo(ServerCall& call, Number upto, ServerWriter<Number>) override {
    ++calls;
    const std::uint64_t asked = resume_from(call);
    ResumableWriter<Number> numbers(call, asked - std::min(back, asked - 1));
    if (silent) co_await pause(60s);
    for (int i = 0; static_cast<std::int64_t>(numbers.next()) <= upto.value(); ++i) {
      if (i == refuse_after) co_return error(StatusCode::unavailable, "enough of this");
      Number number;
      number.set_value(static_cast<std::int64_t>(numbers.next()));
      const bool written = co_await numbers.write(number);
      if (!written) co_return error(StatusCode::cancelled, "the caller has gone");
      co_await pause(1ms);
    }
    co_return Status{};
  }
};

struct Servers {
  std::vector<std::shared_ptr<Counting>> services;
  asio::io_context context;
  std::vector<Host> hosts;
  Host client;
  std::optional<WorkerRegistry> registry;

  explicit Servers(int count) {
    HostOptions with = options();
    with.member = false;
    client = start(context, with);
    for (int i = 0; i < count; ++i) {
      hosts.push_back(start(context, with));
      services.push_back(std::make_shared<Counting>());
      hosts.back().serve(services.back());
    }
  }

  asio::awaitable<KindsClient> balanced() {
    registry.emplace(client, LoadBalancingStrategy::RoundRobin);
    BOOST_REQUIRE(registry->start().ok());
    std::vector<std::string> targets;
    for (const Host& host : hosts) targets.push_back(to_text(host.address()));
    const Status used = co_await registry->use(targets);
    BOOST_REQUIRE(used.ok());
    co_return KindsClient(Channel(ClusterClient(client, *registry)));
  }
};

Number number(std::int64_t value) {
  Number made;
  made.set_value(value);
  return made;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ResumableStreams)

// Goal: each of three servers goes while it serves the stream, and the reader gets 1 to 300.
BOOST_AUTO_TEST_CASE(GoOnWhereTheLostServerStopped) {
  Servers servers(4);
  std::vector<Happening> events;
  run(servers.context, [&]() -> asio::awaitable<void> {
    const KindsClient client = co_await servers.balanced();
    const Number upto = number(300);
    auto numbers = client.CountTo_resumable(upto);
    numbers.on_event([&](const Happening& event) { events.push_back(event); });
    std::int64_t expected = 1;
    while (const std::optional<Number> got = co_await numbers.read()) {
      BOOST_REQUIRE_EQUAL(got->value(), expected);
      if (expected % 80 == 0) {
        for (Host& host : servers.hosts) {
          if (host.serving() > 0) host.stop();
        }
      }
      ++expected;
    }
    BOOST_TEST(expected == 301);
    const Status end = co_await numbers.finish();
    BOOST_CHECK_MESSAGE(end.ok(), to_text(end));
    BOOST_TEST(numbers.failovers() == 3U);
    BOOST_TEST(numbers.next() == 301U);
  });
  int opened = 0;
  std::vector<NodeId> lost;
  for (const Happening& event : events) {
    opened += event.kind == Happening::Kind::opened ? 1 : 0;
    if (event.kind != Happening::Kind::lost) continue;
    BOOST_REQUIRE(event.worker.has_value());
    BOOST_CHECK(event.status.code == StatusCode::unavailable);
    BOOST_CHECK(std::find(lost.begin(), lost.end(), *event.worker) == lost.end());
    lost.push_back(*event.worker);
  }
  BOOST_TEST(opened == 4);
  BOOST_TEST(lost.size() == 3U);
}

BOOST_AUTO_TEST_CASE(DropWhatAServerSendsAgain) {
  Servers servers(2);
  for (const auto& service : servers.services) {
    service->refuse_after = 10;
    service->back = 4;
  }
  run(servers.context, [&]() -> asio::awaitable<void> {
    const KindsClient client = co_await servers.balanced();
    const Number upto = number(50);
    auto numbers = client.CountTo_resumable(upto);
    std::int64_t expected = 1;
    while (const std::optional<Number> got = co_await numbers.read()) {
      BOOST_REQUIRE_EQUAL(got->value(), expected++);
    }
    BOOST_TEST(expected == 51);
    const Status end = co_await numbers.finish();
    BOOST_CHECK_MESSAGE(end.ok(), to_text(end));
  });
  // 10 new ones, then 6 in each call.
  BOOST_TEST(servers.services[0]->calls + servers.services[1]->calls == 8);
}

BOOST_AUTO_TEST_CASE(LeaveAServerThatStandsStill) {
  Servers servers(2);
  servers.services[0]->silent = true;
  servers.services[1]->silent = true;
  run(servers.context, [&]() -> asio::awaitable<void> {
    const KindsClient client = co_await servers.balanced();
    ResumeOptions options;
    options.resume.silence_max = 50ms;
    const Number upto = number(5);
    auto numbers = client.CountTo_resumable(upto, options);
    numbers.on_event([&](const Happening& event) {
      if (event.kind != Happening::Kind::lost) return;
      BOOST_TEST(event.was_opened);
      for (const auto& service : servers.services) service->silent = false;
    });
    int read = 0;
    while (co_await numbers.read()) ++read;
    BOOST_TEST(read == 5);
    BOOST_TEST(numbers.failovers() == 1U);
    BOOST_TEST(co_await eventually([&] { return servers.hosts[0].serving() == 0; }));
  });
}

BOOST_AUTO_TEST_CASE(EndWhenNobodyIsLeftAndAtTheDeadline) {
  Servers servers(2);
  run(servers.context, [&]() -> asio::awaitable<void> {
    const KindsClient client = co_await servers.balanced();
    const Number upto = number(1'000'000);
    ResumeOptions options;
    options.call.timeout = 200ms;
    auto late = client.CountTo_resumable(upto, options);
    while (co_await late.read()) {
    }
    const Status passed = co_await late.finish();
    BOOST_CHECK(passed.code == StatusCode::deadline_exceeded);

    options.call.timeout = no_deadline;
    options.resume.attempts_max = 3;
    auto alone = client.CountTo_resumable(upto, options);
    const auto first = co_await alone.read();
    BOOST_TEST(first.has_value());
    for (Host& host : servers.hosts) host.stop();
    while (co_await alone.read()) {
    }
    const Status gone = co_await alone.finish();
    BOOST_CHECK(gone.code == StatusCode::unavailable);
  });
}

BOOST_AUTO_TEST_CASE(AreFreedOnBothSidesWhenTheReaderGoes) {
  Servers servers(1);
  run(servers.context, [&]() -> asio::awaitable<void> {
    const KindsClient client = co_await servers.balanced();
    const Number upto = number(1'000'000);
    {
      auto numbers = client.CountTo_resumable(upto);
      const auto first = co_await numbers.read();
      BOOST_TEST(first.has_value());
      BOOST_TEST(servers.hosts[0].serving() == 1U);
    }
    BOOST_TEST(co_await eventually([&] { return servers.hosts[0].serving() == 0; }));
    auto cancelled = client.CountTo_resumable(upto);
    asio::co_spawn(
        servers.context,
        [&]() -> asio::awaitable<void> {
          co_await pause(20ms);
          cancelled.cancel();
        },
        asio::detached);
    while (co_await cancelled.read()) {
    }
    const Status end = co_await cancelled.finish();
    BOOST_CHECK(end.code == StatusCode::cancelled);
    BOOST_TEST(co_await eventually([&] { return servers.hosts[0].serving() == 0; }));
  });
}

// In bytes, and a finder that tells where to go.
BOOST_AUTO_TEST_CASE(GoWhereAFinderSays) {
  Servers servers(2);
  for (Host& host : servers.hosts) {
    host.serve_stream("Plain.letters", [](ServerCall& call) -> asio::awaitable<Status> {
      (void)co_await call.read();
      ResumableWriter<Bytes> letters(call);
      const std::string all = "abcdef";
      while (letters.next() <= all.size()) {
        const Bytes letter = to_bytes(all.substr(letters.next() - 1, 1));
        const bool written = co_await letters.write(letter);
        if (!written) co_return Status{};
        if (letters.next() == 4 && resume_from(call) == 1) {
          co_return error(StatusCode::unavailable, "half way");
        }
      }
      co_return Status{};
    });
    host.serve_stream("Plain.unaware", [](ServerCall& call) -> asio::awaitable<Status> {
      (void)co_await call.write(to_bytes("a"));
      co_return Status{};
    });
  }
  run(servers.context, [&]() -> asio::awaitable<void> {
    std::size_t asked = 0;
    const Channel found(servers.client, [&](std::vector<NodeId>) -> asio::awaitable<Result<Peer>> {
      Peer peer{servers.hosts[asked++ % 2].address(), std::nullopt};
      co_return peer;
    });
    ResumableCall letters(found, "Plain.letters", {});
    std::string got;
    while (const auto letter = co_await letters.read()) got.append(letter->begin(), letter->end());
    BOOST_TEST(got == "abcdef");
    BOOST_TEST(asked == 2U);

    ResumableCall unaware(found, "Plain.unaware", {});
    const auto none = co_await unaware.read();
    BOOST_TEST(!none.has_value());
    const Status end = co_await unaware.finish();
    BOOST_CHECK(end.code == StatusCode::internal);

    const Metadata wrong{{"rpcnet-resume-from", "the middle"}};
    ClientCall bad = found.open("Plain.letters", {.metadata = wrong});
    bad.half_close();
    const Status refused = co_await bad.finish();
    BOOST_CHECK(refused.code == StatusCode::invalid_argument);
  });
}

BOOST_AUTO_TEST_SUITE_END()
