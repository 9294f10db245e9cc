// More links to one peer when streams run out, and fewer again when they are of no use.
#include <boost/test/unit_test.hpp>
#include <chrono>

#include "tests/support/rpc_calls.h"
#include "tests/support/rpc_pair.h"

using namespace rpcnet;
using namespace rpcnet::test;
using namespace std::chrono_literals;

namespace {

constexpr Side kClient = Side::client;
constexpr Side kServer = Side::server;

struct Pool : RpcPair {
  std::uint64_t next = 1;
  std::vector<CallId> arrived;

  explicit Pool(LinksConfig links = {}) : RpcPair(options(links)) {}

  static PairOptions options(LinksConfig links) {
    PairOptions options;
    options.streams = 2;
    options.links = links;
    return options;
  }

  void call(int count) {
    for (int i = 0; i < count; ++i, next += 2) give(kClient, unary(next, {}));
    look();
  }

  void look() {
    settle();
    for (const auto& one : all<CallArrived>(take_events(kServer))) arrived.push_back(one.call);
  }

  void answer_all() {
    while (!arrived.empty()) {
      for (const CallId id : std::exchange(arrived, {})) give(kServer, answer(id, Bytes{}));
      look();
    }
  }

  std::size_t links() { return rpc(kClient).links(); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(rpc_pool)

BOOST_AUTO_TEST_CASE(AnotherLinkIsDialledWhenStreamsRunOut) {
  Pool pool;
  pool.call(2);
  BOOST_TEST(pool.links() == 1U);
  pool.call(1);
  BOOST_TEST(pool.links() == 2U);
  BOOST_TEST(pool.arrived.size() == 3U);
  pool.call(1);
  BOOST_TEST(pool.links() == 2U);
}

BOOST_AUTO_TEST_CASE(OnlyUpToTheLimitThenCallsWaitAndAllAreServed) {
  Pool pool;
  pool.call(20);
  pool.call(1);
  pool.call(1);
  BOOST_TEST(pool.links() == 4U);
  BOOST_TEST(pool.arrived.size() == 8U);
  pool.answer_all();
  const auto ended = all<CallFinished>(pool.take_events(kClient));
  BOOST_TEST(ended.size() == 22U);
  for (const auto& end : ended) BOOST_CHECK(end.status.ok());
}

BOOST_AUTO_TEST_CASE(OneLinkWhereThatIsTheLimit) {
  Pool pool({.per_peer_max = 1});
  pool.call(5);
  BOOST_TEST(pool.links() == 1U);
  pool.answer_all();
  BOOST_TEST(all<CallFinished>(pool.take_events(kClient)).size() == 5U);
}

BOOST_AUTO_TEST_CASE(ADialThatFailsCostsNoCall) {
  Pool pool;
  pool.call(2);
  pool.refuse_dials(true);
  pool.call(3);
  BOOST_TEST(pool.links() == 1U);
  pool.answer_all();
  const auto ended = all<CallFinished>(pool.take_events(kClient));
  BOOST_TEST(ended.size() == 5U);
  for (const auto& end : ended) BOOST_CHECK(end.status.ok());
}

BOOST_AUTO_TEST_CASE(SpareLinksAreClosedWhenIdle) {
  Pool pool({.spare_idle_max = 10s});
  pool.call(3);
  pool.call(2);
  BOOST_TEST(pool.links() == 3U);
  // Not while they are of use.
  pool.advance(1min);
  pool.look();
  BOOST_TEST(pool.links() == 3U);
  pool.answer_all();
  pool.advance(5s);
  BOOST_TEST(pool.links() == 3U);
  pool.advance(20s);
  pool.advance(20s);
  BOOST_TEST(pool.links() == 1U);
  pool.advance(24h);
  BOOST_TEST(pool.links() == 1U);
  pool.call(1);
  BOOST_TEST(pool.links() == 1U);
  pool.answer_all();
}

BOOST_AUTO_TEST_CASE(AnIdleLinkIsClosedAndDialledAnewWhenNeeded) {
  Pool pool({.idle_max = 1min});
  pool.call(1);
  pool.advance(10min);
  BOOST_TEST(pool.links() == 1U);
  pool.answer_all();
  pool.advance(1min);
  pool.advance(1min);
  BOOST_TEST(pool.links() == 0U);
  BOOST_TEST(pool.rpc(kServer).links() == 0U);
  pool.call(1);
  BOOST_TEST(pool.links() == 1U);
  BOOST_TEST(pool.arrived.size() == 1U);
  pool.answer_all();
  BOOST_TEST(all<CallFinished>(pool.take_events(kClient)).size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
