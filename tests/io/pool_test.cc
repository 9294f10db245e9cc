// Links to one peer on real sockets: more when its streams run out, none when nobody needs them.
#include <boost/test/unit_test.hpp>

#include <memory>

#include "tests/io/support/rig.h"

using namespace rpcnet;
using namespace rpcnet::test;

BOOST_AUTO_TEST_SUITE(Pool)

// Goal: a peer that allows four streams a link serves twelve calls at once; then the links go, and
// the next call dials again.
BOOST_AUTO_TEST_CASE(GrowsWithTheCallsAndShrinksWithoutThem) {
  asio::io_context context;
  HostOptions narrow = options();
  narrow.member = false;
  narrow.quic.peer_streams_max = 4;
  Host server = start(context, narrow);
  HostOptions with = options();
  with.member = false;
  with.links.spare_idle_max = 50ms;
  with.links.idle_max = 400ms;
  Host client = start(context, with);
  std::size_t running = 0;
  bool open = false;
  server.serve("Gate.pass", [&](ServerCall&, Bytes request) -> asio::awaitable<Result<Bytes>> {
    ++running;
    co_await eventually([&] { return open; });
    --running;
    co_return request;
  });
  const auto links = [&] { return client.counters().quic.links; };
  run(context, [&]() -> asio::awaitable<void> {
    std::size_t passed = 0;
    const auto ask = [&](int calls) {
      for (int i = 0; i < calls; ++i) {
        client.call(peer_of(server), "Gate.pass", {}, {},
                    [&passed](const Result<Bytes>& result) { passed += result.ok() ? 1 : 0; });
      }
    };
    ask(12);
    BOOST_TEST(co_await eventually([&] { return running == 12; }));
    BOOST_TEST(links() == 3U);
    ask(10);
    BOOST_TEST(co_await eventually([&] { return running == 16; }));
    BOOST_TEST(links() == 4U);  // per_peer_max
    open = true;
    BOOST_TEST(co_await eventually([&] { return passed == 22; }));
    BOOST_TEST(co_await eventually([&] { return links() == 1; }));
    BOOST_TEST(co_await eventually([&] { return links() == 0; }));
    BOOST_TEST(co_await eventually([&] { return server.counters().quic.links == 0; }));
    ask(1);
    BOOST_TEST(co_await eventually([&] { return passed == 23; }));
    BOOST_TEST(client.counters().quic.links_dialled == 5U);
  });
}

BOOST_AUTO_TEST_SUITE_END()
