// What must not disturb a host: its own standstill, and strangers who send rubbish.
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include <boost/test/unit_test.hpp>

#include "io/system.h"
#include "io/udp_socket.h"
#include "tests/io/support/rig.h"

namespace rpcnet::test {
namespace {

BOOST_AUTO_TEST_SUITE(Endurance)

// Goal: after SIGSTOP and SIGCONT nobody is judged by the time in which we could not listen.
// Method: the server's io_context is not run for longer than its patience, while the client goes on
// sending into the server's socket.
BOOST_AUTO_TEST_CASE(AStandstillIsNotBlamedOnThePeer) {
  asio::io_context at_server;
  asio::io_context at_client;
  HostOptions impatient = options("server");
  impatient.quic.accept_silence_max = 300ms;
  Host server = start(at_server, impatient);
  HostOptions patient = options("client");
  patient.links.silence_max = 5s;
  Host client = start(at_client, patient);
  std::uint64_t received = 0;
  bool cancelled = false;
  server.serve_stream("Feed.me", [&](ServerCall& call) -> asio::awaitable<Status> {
    while (co_await call.read()) ++received;
    cancelled = call.cancelled();
    co_return Status{};
  });
  std::optional<Status> end;
  bool stop = false;
  const auto feed = [&]() -> asio::awaitable<void> {
    ClientCall call = client.open(peer_of(server), "Feed.me", {.timeout = no_deadline});
    while (!stop) {
      const bool written = co_await call.write(pattern(100));
      if (!written) break;
      co_await pause(10ms);
    }
    end = co_await call.finish();
  };
  asio::co_spawn(at_client, feed(), asio::detached);
  const auto both_until = [&](const std::function<bool()>& condition) {
    const Instant until = system_now() + 10s;
    while (!condition() && system_now() < until) {
      at_client.run_for(1ms);
      at_server.run_for(1ms);
    }
    return condition();
  };
  BOOST_REQUIRE(both_until([&] { return received > 5; }));
  for (int round = 0; round < 3; ++round) {
    const std::uint64_t before = received;
    at_client.run_for(700ms);  // the server stands still
    BOOST_CHECK_EQUAL(received, before);
    BOOST_REQUIRE(both_until([&] { return received > before + 40; }));
  }
  stop = true;
  BOOST_REQUIRE(both_until([&] { return end.has_value(); }));
  BOOST_CHECK_MESSAGE(end->ok(), to_text(*end));
  BOOST_CHECK(!cancelled);
  BOOST_CHECK_EQUAL(server.counters().quic.ended(LinkEnd::silent), 0u);
}

BOOST_AUTO_TEST_CASE(GarbageIsCountedAndDisturbsNobody) {
  asio::io_context context;
  Host server = start(context, options("server"));
  Host client = start(context, options("client"));
  server.serve("Echo.echo", echo);
  auto opened = UdpSocket::open(context, Address::v4(127, 0, 0, 1, 0), std::size_t{1} << 20);
  BOOST_REQUIRE(opened.ok());
  UdpSocket& stranger = **opened;
  std::size_t sent = 0;
  run(context, [&]() -> asio::awaitable<void> {
    for (std::uint32_t round = 0; round < 200; ++round) {
      for (std::uint32_t i = 0; i < 100; ++i) {
        // All sizes, and first bytes that look like each kind of QUIC packet.
        Bytes rubbish = pattern(1 + (round * 100 + i) % 1300, round * 100 + i);
        stranger.send(
            {.remote = server.address(), .bytes = rubbish, .segment_size = rubbish.size()});
        ++sent;
      }
      const Bytes request = pattern(round);
      Result<Bytes> got = co_await client.call(peer_of(server), "Echo.echo", request);
      BOOST_REQUIRE_MESSAGE(got.ok(), to_text(got.status()));
    }
  });
  const HostCounters counters = server.counters();
  BOOST_CHECK_EQUAL(counters.quic.links, 1u);
  BOOST_CHECK_EQUAL(counters.quic.half_open, 0u);
  BOOST_CHECK_GE(counters.udp.datagrams_in, sent / 2);
  // Answers to strangers are few: they must not serve as an amplifier.
  BOOST_CHECK_LE(counters.quic.resets_sent + counters.quic.versions_negotiated, 2000u);
  BOOST_CHECK_EQUAL(client.counters().quic.links_dialled, 1u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rpcnet::test
