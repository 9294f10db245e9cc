// What an operating system and an application can do to a host that is otherwise fine.
#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <asio/co_spawn.hpp>

#include <cerrno>
#include <stdexcept>

#include "io/udp_socket.h"
#include "tests/io/support/rig.h"
#include "tests/io/support/system_calls.h"

namespace rpcnet::test {
namespace {

// The descriptor of this process that is bound to the address's port; -1: none is.
int descriptor_of(const Address& address) {
  for (int fd = 0; fd < 1024; ++fd) {
    sockaddr_in name{};
    socklen_t size = sizeof name;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0) continue;
    if (name.sin_family == AF_INET && ntohs(name.sin_port) == address.port) return fd;
  }
  return -1;
}

BOOST_AUTO_TEST_SUITE(Adversity)

// A program that starts others must not leave them its port, or it cannot start again itself.
BOOST_AUTO_TEST_CASE(TheSocketIsNotHandedOnToOtherPrograms) {
  asio::io_context context;
  const Host host = start(context);
  const int fd = descriptor_of(host.address());
  BOOST_REQUIRE_GE(fd, 0);
  BOOST_CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
}

BOOST_AUTO_TEST_CASE(AMachineWithoutIpv6StillHasTheWildcard) {
  asio::io_context context;
  HostOptions everywhere = options();
  everywhere.bind = "[::]:0";
  everywhere.member = false;
  SystemCalls calls;
  calls.socket = [](int family) { return family == AF_INET6 ? EAFNOSUPPORT : 0; };
  const Host host = start(context, everywhere);
  BOOST_CHECK(host.address().is_v4());
  BOOST_CHECK(host.address().is_unspecified());

  // One IPv6 address is another matter.
  everywhere.bind = "[::1]:0";
  const auto refused = Host::start(context, everywhere);
  BOOST_REQUIRE(!refused.ok());
  BOOST_CHECK(refused.status().message.find("IPv6 switched off") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(AFullTableOfFilesIsNotTakenForMissingIpv6) {
  asio::io_context context;
  HostOptions everywhere = options();
  everywhere.bind = "[::]:0";
  everywhere.member = false;
  SystemCalls calls;
  calls.socket = [](int) { return EMFILE; };
  const auto refused = Host::start(context, everywhere);
  BOOST_REQUIRE(!refused.ok());
  BOOST_CHECK(refused.status().message.find("Too many open files") != std::string::npos);
  BOOST_CHECK(refused.status().message.find("IPv6") == std::string::npos);
}

// With IP_RECVERR the kernel says ENOBUFS of a packet that a full queue of a device has lost: it is
// gone, and no reason to keep what goes to others waiting.
BOOST_AUTO_TEST_CASE(AFullDeviceQueueLosesItsPacketsAndHoldsNobodyUp) {
  asio::io_context context;
  auto opened = UdpSocket::open(context, Address::v4(127, 0, 0, 1, 0), std::size_t{1} << 20);
  BOOST_REQUIRE(opened.ok());
  UdpSocket& socket = **opened;
  SystemCalls calls;
  calls.sendmsg = [](const msghdr&) { return ENOBUFS; };
  const Bytes bytes = pattern(3000);
  BOOST_CHECK(socket.send({.remote = socket.local(), .bytes = bytes, .segment_size = 1200}));
  BOOST_CHECK(!socket.blocked());
  BOOST_CHECK_EQUAL(socket.counters().send_failed, 1u);
}

BOOST_AUTO_TEST_CASE(AnInterruptedSendIsRepeated) {
  asio::io_context context;
  auto opened = UdpSocket::open(context, Address::v4(127, 0, 0, 1, 0), std::size_t{1} << 20);
  BOOST_REQUIRE(opened.ok());
  UdpSocket& socket = **opened;
  int interruptions = 3;
  SystemCalls calls;
  calls.sendmsg = [&](const msghdr&) { return interruptions-- > 0 ? EINTR : 0; };
  const Bytes bytes = pattern(100);
  BOOST_CHECK(socket.send({.remote = socket.local(), .bytes = bytes, .segment_size = 100}));
  BOOST_CHECK_EQUAL(socket.receive().size(), 1u);
}

// Orders of one batch are carried out while commands of its events have moved the engine's time on:
// a fact that an order brings must not be of an earlier time (which the engine asserts).
BOOST_AUTO_TEST_CASE(AnAnswerOverTheSendBufferEndsTheLinkAndNotTheProcess) {
  asio::io_context context;
  HostOptions narrow = options("server");
  narrow.quic.link_send_buffer_max = 16;
  Host server = start(context, narrow);
  Host client = start(context, options("client"));
  run(context, [&]() -> asio::awaitable<void> {
    Result<Bytes> got = co_await client.call(peer_of(server), "Nobody.knows", {});
    BOOST_CHECK(!got.ok());
  });
  BOOST_CHECK_EQUAL(server.counters().quic.ended(LinkEnd::local_limit), 1u);
}

// An application may let its own exception through context.run() and go on.
BOOST_AUTO_TEST_CASE(AHostOutlivesAnExceptionOfTheApplication) {
  asio::io_context context;
  Host server = start(context, options("server"));
  Host client = start(context, options("client"));
  server.serve("Echo.echo", echo);
  for (int i = 0; i < 20; ++i) {
    const auto call = [&]() -> asio::awaitable<void> {
      Result<Bytes> got = co_await client.call(peer_of(server), "Echo.echo", to_bytes("x"));
      BOOST_CHECK(got.ok());
    };
    asio::co_spawn(context, call(), [](const std::exception_ptr&) {
      throw std::runtime_error("the application's own");
    });
    const auto until = std::chrono::steady_clock::now() + 5s;
    bool thrown = false;
    while (!thrown && std::chrono::steady_clock::now() < until) {
      try {
        context.restart();
        context.run_one_until(until);
      } catch (const std::runtime_error&) {
        thrown = true;
      }
    }
    BOOST_REQUIRE_MESSAGE(thrown, "call " << i << " did not end");
  }
}

BOOST_AUTO_TEST_CASE(AllTheTimeInTheWorldIsNotTooMuch) {
  asio::io_context context;
  Host host = start(context, options("a"));
  ClusterMembership cluster(host);
  WorkerRegistry registry(cluster);
  BOOST_REQUIRE(registry.start().ok());
  BOOST_REQUIRE(cluster.set_tag("role", "worker").ok());
  host.serve("Echo.echo", echo);
  ClusterClient workers(host, registry);
  run(context, [&]() -> asio::awaitable<void> {
    Status joined = co_await cluster.join({});
    BOOST_CHECK(joined.ok());
    WorkerCallOptions patient;
    patient.call.timeout = Duration::max();
    auto calling = workers.call_worker("Echo.echo", to_bytes("x"), patient);
    Result<Bytes> got = co_await std::move(calling);
    BOOST_CHECK_MESSAGE(got.ok(), to_text(got.status()));
    const bool drained = co_await host.drain(Duration::max());
    BOOST_CHECK(drained);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rpcnet::test
