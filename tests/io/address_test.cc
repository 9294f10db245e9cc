// Binding, names, families, and what is said when one of them is wrong.
#include <boost/test/unit_test.hpp>

#include "io/resolve.h"
#include "io/udp_socket.h"
#include "tests/io/support/rig.h"

namespace rpcnet::test {
namespace {

bool says(const Status& status, const std::string& part) {
  return status.message.find(part) != std::string::npos;
}

BOOST_AUTO_TEST_SUITE(Addresses)

BOOST_AUTO_TEST_CASE(APortInUseIsNamedWithWhatToDo) {
  asio::io_context context;
  Host first = start(context);
  HostOptions second = options();
  second.bind = to_text(first.address());
  auto host = Host::start(context, second);
  BOOST_REQUIRE(!host.ok());
  BOOST_TEST_MESSAGE(to_text(host.status()));
  BOOST_CHECK(says(host.status(), second.bind));
  BOOST_CHECK(says(host.status(), "in use"));
  BOOST_CHECK(says(host.status(), "choose another port"));
}

BOOST_AUTO_TEST_CASE(AnAddressOfNoInterfaceIsNamed) {
  asio::io_context context;
  HostOptions wrong = options();
  wrong.bind = "192.0.2.1:0";
  auto host = Host::start(context, wrong);
  BOOST_REQUIRE(!host.ok());
  BOOST_CHECK(says(host.status(), "192.0.2.1"));
  BOOST_CHECK(says(host.status(), "no interface"));
}

BOOST_AUTO_TEST_CASE(MalformedAddressesAreNamed) {
  asio::io_context context;
  for (const char* text : {"", "127.0.0.1", ":61000", "127.0.0.1:99999", "::1:61000", "a b:1"}) {
    HostOptions wrong = options();
    wrong.bind = text;
    auto host = Host::start(context, wrong);
    BOOST_REQUIRE(!host.ok());
    BOOST_CHECK_MESSAGE(host.code() == StatusCode::invalid_argument, text);
    BOOST_CHECK(says(host.status(), "HOST:PORT"));
  }
}

BOOST_AUTO_TEST_CASE(AnUnknownHostIsNamed) {
  asio::io_context context;
  Host host = start(context);
  run(context, [&]() -> asio::awaitable<void> {
    Result<Peer> peer = co_await host.resolve("no-such-host.invalid:61000");
    BOOST_CHECK(!peer.ok());
    BOOST_TEST_MESSAGE(to_text(peer.status()));
    BOOST_CHECK(says(peer.status(), "no-such-host.invalid"));
    peer = co_await host.resolve("localhost:61000");
    BOOST_REQUIRE_MESSAGE(peer.ok(), to_text(peer.status()));
    BOOST_CHECK(peer->address == Address::v4(127, 0, 0, 1, 61000));
    peer = co_await host.resolve("[::1]:61000");
    BOOST_CHECK_MESSAGE(says(peer.status(), "IPv4 only"), to_text(peer.status()));
  });
}

BOOST_AUTO_TEST_CASE(HostAndPortAreTakenApart) {
  BOOST_CHECK_EQUAL(parse_host_port("seed.example:61000")->host, "seed.example");
  BOOST_CHECK_EQUAL(parse_host_port("[::1]:5")->host, "::1");
  BOOST_CHECK_EQUAL(parse_host_port("[::1]:5")->port, 5);
  for (const char* text : {"", ":", "a", "a:", ":5", "a:65536", "a:-1", "a:5x", "[]:5", "::1:5"}) {
    BOOST_CHECK_MESSAGE(!parse_host_port(text), text);
  }
}

BOOST_AUTO_TEST_CASE(Ipv6Loopback) {
  asio::io_context context;
  HostOptions six = options("six");
  six.bind = "[::1]:0";
  auto server = Host::start(context, six);
  if (!server.ok() && says(server.status(), "IPv6")) return;  // a machine without it
  BOOST_REQUIRE_MESSAGE(server.ok(), to_text(server.status()));
  HostOptions also = options("also");
  also.bind = "[::1]:0";
  Host client = start(context, also);
  server->serve("Echo.echo", echo);
  run(context, [&]() -> asio::awaitable<void> {
    const Bytes sent = pattern(100'000);
    Result<Bytes> got = co_await client.call(peer_of(*server), "Echo.echo", sent);
    BOOST_CHECK_MESSAGE(got.ok() && *got == sent, to_text(got.status()));
  });
}

BOOST_AUTO_TEST_CASE(AnIpv6WildcardServesBothFamilies) {
  asio::io_context context;
  HostOptions both = options("both");
  both.bind = "[::]:0";
  both.advertise = "127.0.0.1";
  auto server = Host::start(context, both);
  if (!server.ok() && says(server.status(), "IPv6")) return;
  BOOST_REQUIRE_MESSAGE(server.ok(), to_text(server.status()));
  const std::uint16_t port = server->address().port;
  BOOST_CHECK(server->advertised() == Address::v4(127, 0, 0, 1, port));
  server->serve("Where.from", [](ServerCall& call, Bytes) -> asio::awaitable<Result<Bytes>> {
    co_return to_bytes(to_text(call.remote()));
  });
  Host four = start(context, options("four"));
  HostOptions six_options = options("six");
  six_options.bind = "[::1]:0";
  Host six = start(context, six_options);
  run(context, [&]() -> asio::awaitable<void> {
    Peer by_four(Address::v4(127, 0, 0, 1, port), std::nullopt);
    Result<Bytes> got = co_await four.call(by_four, "Where.from", {});
    BOOST_REQUIRE_MESSAGE(got.ok(), to_text(got.status()));
    BOOST_CHECK_EQUAL(as_text(*got), to_text(four.address()));
    Peer by_six(*parse_address("[::1]:" + std::to_string(port)), std::nullopt);
    got = co_await six.call(by_six, "Where.from", {});
    BOOST_REQUIRE_MESSAGE(got.ok(), to_text(got.status()));
    BOOST_CHECK_EQUAL(as_text(*got), to_text(six.address()));
    // The other way: from the wildcard socket to a named one.
    four.serve("Echo.echo", echo);
    got = co_await server->call(peer_of(four), "Echo.echo", {});
    BOOST_CHECK_MESSAGE(got.ok(), to_text(got.status()));
  });
}

BOOST_AUTO_TEST_CASE(TheOtherFamilyIsUnreachableAndSaidSo) {
  asio::io_context context;
  Host client = start(context);
  run(context, [&]() -> asio::awaitable<void> {
    Peer six(*parse_address("[::1]:9"), std::nullopt);
    const Instant before = client.now();
    Result<Bytes> got = co_await client.call(six, "Echo.echo", {});
    BOOST_CHECK(got.code() == StatusCode::unavailable);
    BOOST_CHECK(client.now() - before < 1s);
  });
}

BOOST_AUTO_TEST_CASE(AMemberOnAWildcardMustSayWhereItIsReached) {
  asio::io_context context;
  HostOptions wild = options("wild");
  wild.bind = "0.0.0.0:0";
  auto host = Host::start(context, wild);
  BOOST_REQUIRE(!host.ok());
  BOOST_CHECK(says(host.status(), "advertise"));
  wild.advertise_towards = "127.0.0.1:61000";
  host = Host::start(context, wild);
  BOOST_REQUIRE_MESSAGE(host.ok(), to_text(host.status()));
  BOOST_CHECK(host->advertised() == Address::v4(127, 0, 0, 1, host->address().port));
  wild.advertise_towards.clear();
  wild.advertise = "10.1.2.3:777";
  host = Host::start(context, wild);
  BOOST_REQUIRE(host.ok());
  BOOST_CHECK_EQUAL(to_text(host->advertised()), "10.1.2.3:777");
  wild.advertise.clear();
  wild.member = false;
  host = Host::start(context, wild);
  BOOST_CHECK_MESSAGE(host.ok(), to_text(host.status()));
}

BOOST_AUTO_TEST_CASE(ANameIsMadeOfTheAddressWhereTheCertificateLeavesItOpen) {
  asio::io_context context;
  Host host = start(context, options());
  BOOST_CHECK_EQUAL(host.id().text(), "node-127.0.0.1-" + std::to_string(host.address().port));
  BOOST_CHECK_EQUAL(host.cluster_name(), "dev");
}

BOOST_AUTO_TEST_SUITE_END()

// ----------------------------------------------------------------------------------------- socket

BOOST_AUTO_TEST_SUITE(Socket)

struct Pair {
  asio::io_context context;
  std::unique_ptr<UdpSocket> a = open();
  std::unique_ptr<UdpSocket> b = open();

  std::unique_ptr<UdpSocket> open() {
    auto socket = UdpSocket::open(context, Address::v4(127, 0, 0, 1, 0), std::size_t{1} << 20);
    BOOST_REQUIRE_MESSAGE(socket.ok(), to_text(socket.status()));
    return std::move(*socket);
  }

  // What arrives at b until nothing has come for a while.
  std::vector<Bytes> received() {
    std::vector<Bytes> all;
    for (int quiet = 0; quiet < 20;) {
      const auto batch = b->receive();
      if (batch.empty()) {
        context.restart();
        context.run_for(1ms);
        ++quiet;
        continue;
      }
      for (const Datagram& datagram : batch) {
        BOOST_CHECK(datagram.remote == a->local());
        BOOST_CHECK(datagram.local == b->local());
        all.emplace_back(datagram.bytes.begin(), datagram.bytes.end());
      }
    }
    return all;
  }
};

BOOST_FIXTURE_TEST_CASE(ABurstArrivesInItsPieces, Pair) {
  const Bytes burst = pattern(10 * 1200 + 77);
  BOOST_CHECK(a->send(
      {.local = a->local(), .remote = b->local(), .ecn = 1, .bytes = burst, .segment_size = 1200}));
  const auto pieces = received();
  BOOST_REQUIRE_EQUAL(pieces.size(), 11u);
  Bytes whole;
  for (const Bytes& piece : pieces) whole.insert(whole.end(), piece.begin(), piece.end());
  BOOST_CHECK(whole == burst);
  BOOST_CHECK_EQUAL(pieces.back().size(), 77u);
  BOOST_CHECK_EQUAL(a->counters().datagrams_out, 11u);
}

BOOST_FIXTURE_TEST_CASE(TheLargestDatagramFits, Pair) {
  const Bytes large = pattern(65'507);
  BOOST_CHECK(a->send({.remote = b->local(), .bytes = large, .segment_size = large.size()}));
  const auto pieces = received();
  BOOST_REQUIRE_EQUAL(pieces.size(), 1u);
  BOOST_CHECK(pieces.front() == large);
}

BOOST_FIXTURE_TEST_CASE(WhatIsTooLargeIsCountedAndLost, Pair) {
  const Bytes large = pattern(70'000);
  BOOST_CHECK(a->send({.remote = b->local(), .bytes = large, .segment_size = large.size()}));
  BOOST_CHECK(received().empty());
  BOOST_CHECK_EQUAL(a->counters().too_large, 1u);
}

BOOST_FIXTURE_TEST_CASE(TheNetworkSaysThatNobodyListens, Pair) {
  const Address gone = b->local();
  b->close();
  const Bytes bytes = pattern(100);
  BOOST_CHECK(a->send({.remote = gone, .bytes = bytes, .segment_size = bytes.size()}));
  BOOST_CHECK(a->receive().empty());
  const auto unreachable = a->take_unreachable();
  BOOST_REQUIRE_EQUAL(unreachable.size(), 1u);
  BOOST_CHECK(unreachable.front() == gone);
  BOOST_CHECK(a->take_unreachable().empty());
}

BOOST_AUTO_TEST_CASE(SmallKernelBuffersAreToldWithTheCommandThatMendsThem) {
  asio::io_context context;
  auto socket = UdpSocket::open(context, Address::v4(127, 0, 0, 1, 0), std::size_t{1} << 30);
  BOOST_REQUIRE(socket.ok());
  // With CAP_NET_ADMIN the kernel gives what is asked for.
  if (!(*socket)->advice()) return;
  BOOST_CHECK((*socket)->advice()->find("sysctl -w net.core.rmem_max=1073741824") !=
              std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rpcnet::test
