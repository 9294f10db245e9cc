// The flight recorder on real sockets: what it leaves replays, holds no secret, and has the last
// input of a process that terminates.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <exception>
#include <filesystem>
#include <fstream>

#include "engine/replay.h"
#include "tests/io/support/rig.h"

namespace rpcnet::test {
namespace {

// A name for a file in a directory of its own, gone at the end.
class Scratch {
 public:
  Scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "rpcnet-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { std::filesystem::remove_all(directory_); }

  std::string file(const std::string& name) const { return directory_ / name; }

 private:
  std::filesystem::path directory_;
};

Bytes content(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

HostOptions recorded(const std::string& node, const std::string& file) {
  HostOptions with = options(node);
  with.recording.file = file;
  return with;
}

// How many inputs and CallArrived a recording has; a failure of the test if its replay differs.
struct Replayed {
  std::uint64_t inputs = 0;
  std::uint64_t calls = 0;
  bool closed = false;
};
Replayed replayed(const Bytes& bytes) {
  Replay replay(bytes);
  BOOST_REQUIRE(replay.header());
  Replayed seen;
  while (const auto step = replay.next()) {
    BOOST_REQUIRE_MESSAGE(step->equal(), "input " << step->number << " differs");
    for (const Output& output : step->outputs) {
      const auto* event = std::get_if<Event>(&output);
      if (event != nullptr && std::holds_alternative<CallArrived>(*event)) ++seen.calls;
    }
  }
  BOOST_TEST(!replay.difference());
  seen.inputs = replay.tally().inputs;
  seen.closed = replay.ended().has_value();
  return seen;
}

bool holds(const Bytes& bytes, std::string_view text) {
  return std::search(bytes.begin(), bytes.end(), text.begin(), text.end()) != bytes.end();
}

BOOST_AUTO_TEST_SUITE(Recording)

BOOST_AUTO_TEST_CASE(CallsOfAllSizesReplayWithoutTheirSecrets) {
  const Scratch scratch;
  {
    asio::io_context context;
    Host server = start(context, recorded("server", scratch.file("server")));
    Host client = start(context, recorded("client", scratch.file("client")));
    server.serve("Echo.echo", echo);
    server.serve("Echo.refuse", [](ServerCall&, Bytes) -> asio::awaitable<Result<Bytes>> {
      co_return error(StatusCode::permission_denied, "the secret is opensesame");
    });
    const Metadata metadata{{"authorization", "opensesame"}};
    run(context, [&]() -> asio::awaitable<void> {
      for (const std::size_t size : {0, 5, 1200, 70'000, 3'000'000}) {
        Bytes sent(size);
        for (std::size_t i = 0; i < size; ++i) sent[i] = "opensesame"[i % 10];
        CallOptions with{.timeout = 40s};
        with.metadata = metadata;
        auto calling = client.call(peer_of(server), "Echo.echo", sent, with);
        const Result<Bytes> got = co_await std::move(calling);
        BOOST_CHECK(got.ok() && *got == sent);
      }
      auto refused = client.call(peer_of(server), "Echo.refuse", {}, {.timeout = 40s});
      const Result<Bytes> got = co_await std::move(refused);
      BOOST_CHECK(got.code() == StatusCode::permission_denied);
    });
    BOOST_TEST(server.counters().recording.active);
    BOOST_TEST(server.counters().recording.inputs > 10U);
    BOOST_TEST(server.counters().recording.bytes == content(scratch.file("server")).size());
  }
  for (const char* name : {"server", "client"}) {
    const Bytes bytes = content(scratch.file(name));
    const Replayed seen = replayed(bytes);
    BOOST_TEST(seen.closed);
    BOOST_TEST(seen.calls == (name == std::string_view("server") ? 6U : 0U));
    BOOST_TEST(!holds(bytes, "opensesame"));
    BOOST_TEST(holds(bytes, "authorization"));
    BOOST_TEST(bytes.size() < 300'000U);
  }
}

// The call is in no pass that was written when the handler of it ends the process.
BOOST_AUTO_TEST_CASE(AProcessThatTerminatesLeavesTheInputItDiedOf) {
  const Scratch scratch;
  const std::string file = scratch.file("server");
  dev();  // made by the parent, which takes them away again
  const pid_t child = ::fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    asio::io_context context;
    Host server = start(context, recorded("server", file));
    Host client = start(context, options("client"));
    server.serve("Fatal.call", [](ServerCall&, Bytes) -> asio::awaitable<Result<Bytes>> {
      std::terminate();
      co_return Bytes{};
    });
    run(context, [&]() -> asio::awaitable<void> {
      auto calling = client.call(peer_of(server), "Fatal.call", {}, {.timeout = 40s});
      co_await std::move(calling);
    });
    ::_exit(0);
  }
  int status = 0;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  BOOST_REQUIRE(WIFSIGNALED(status));
  BOOST_TEST(WTERMSIG(status) == SIGABRT);
  const Replayed seen = replayed(content(file));
  BOOST_TEST(!seen.closed);
  BOOST_TEST(seen.calls == 1U);
}

BOOST_AUTO_TEST_CASE(TheLimitIsKeptAndTheHostGoesOn) {
  const Scratch scratch;
  asio::io_context context;
  HostOptions with = recorded("server", scratch.file("server"));
  with.recording.bytes_max = 6000;
  Host server = start(context, with);
  Host client = start(context, options("client"));
  server.serve("Echo.echo", echo);
  run(context, [&]() -> asio::awaitable<void> {
    for (int i = 0; i < 200; ++i) {
      auto calling = client.call(peer_of(server), "Echo.echo", pattern(64), {.timeout = 40s});
      const Result<Bytes> got = co_await std::move(calling);
      BOOST_REQUIRE(got.ok());
    }
  });
  BOOST_TEST(server.counters().recording.limited == 1U);
  BOOST_TEST(!server.counters().recording.active);
  const Bytes bytes = content(scratch.file("server"));
  BOOST_TEST(bytes.size() <= 6000U);
  BOOST_TEST(bytes.size() > 5000U);
  BOOST_TEST(replayed(bytes).closed);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rpcnet::test
