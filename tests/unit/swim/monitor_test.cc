// Heartbeats of watched pairs: that they feed Phi, carry load, end with the wish, and warn early.
//
// rpcnet has a Phi detector that nothing feeds: `heartbeat()` is called by its tests alone. These
// tests go through the machine's facts, and fail if the feed is cut.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/support/swim_world.h"

using namespace rpcnet;
using namespace rpcnet::test;
using namespace std::chrono_literals;

namespace {

SwimConfig without_rings() {
  SwimConfig config;
  config.rings = 0;
  config.round_interval = 60s;  // nobody else finds out by chance
  return config;
}

// "n0" watches all others.
struct Watched {
  SwimWorld world;

  explicit Watched(std::size_t count, std::uint32_t loss = 0,
                   const SwimConfig& swim = without_rings())
      : world({.seed = 7, .loss_permille = loss, .swim = swim}) {
    for (std::size_t i = 0; i < count; ++i) world.add("n" + std::to_string(i));
    for (std::size_t i = 0; i < count; ++i) world.start(i, {0});
    for (std::size_t i = 1; i < count; ++i) world.watch(0, i);
    world.run_for(20s);
  }

  swim::Health health(std::size_t of, std::size_t by = 0) {
    return world[by].swim->health(world[of].id, world.now());
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(swim_monitor)

BOOST_AUTO_TEST_CASE(HeartbeatsFeedPhiAtBothEnds) {
  Watched w(5);
  for (std::size_t i = 1; i < 5; ++i) {
    BOOST_TEST(w.health(i).samples >= 35U);  // two a second for twenty seconds
    BOOST_TEST(w.health(0, i).samples >= 35U);
    BOOST_TEST(w.health(i).phi_milli < 1000U);
    BOOST_TEST(!w.health(i).avoid);
  }
  // Those who do not watch each other send each other nothing.
  BOOST_TEST(w.health(2, 1).samples == 0U);
}

BOOST_AUTO_TEST_CASE(LoadTravelsInHeartbeats) {
  Watched w(3);
  w.world[1].swim->report_load(17);
  const auto before = w.health(1).report;
  w.world.run_for(1s);
  BOOST_TEST(w.health(1).active_calls == 17U);
  BOOST_TEST(w.health(1).report > before);
  BOOST_TEST(w.health(2).active_calls == 0U);
}

// Goal: a silent worker is avoided within about a second, probed out of turn soon after, and all
// that long before it is dead.
BOOST_AUTO_TEST_CASE(SilenceRaisesPhiThenAvoidsThenProbes) {
  Watched w(20);
  const auto probes = w.world[0].swim->counters().probes_out_of_turn;
  const Instant killed = w.world.now();
  w.world.crash(8);
  BOOST_TEST(w.world.run_until([&] { return w.health(8).avoid; }, 3s));
  BOOST_TEST((w.world.now() - killed < 1500ms));
  BOOST_TEST(w.health(8).phi_milli >= 3000U);
  BOOST_TEST(w.world.holds(0, 8, MemberStatus::alive));  // evidence, no verdict
  BOOST_TEST(w.world.run_until(
      [&] { return w.world[0].swim->counters().probes_out_of_turn > probes; }, 1s));
  BOOST_TEST(w.world.run_until([&] { return w.world.holds(0, 8, MemberStatus::suspect); }, 3s));
  BOOST_TEST((w.world.now() - killed < 4s));
  w.world.run_for(3s);
  BOOST_TEST(w.health(8).phi_milli > 100'000U);
}

BOOST_AUTO_TEST_CASE(AShortSilenceIsForgivenAtOnce) {
  Watched w(5);
  w.world.pause(3);
  BOOST_TEST(w.world.run_until([&] { return w.health(3).avoid; }, 3s));
  w.world.resume(3);
  BOOST_TEST(w.world.run_until([&] { return !w.health(3).avoid; }, 1s));
  BOOST_TEST(w.world.count_all(MemberEventKind::failed) == 0U);
}

BOOST_AUTO_TEST_CASE(HeartbeatsEndWithTheWish) {
  Watched w(3);
  w.world.watch(0, 1, false);
  w.world.run_for(10s);
  const auto sent = w.world[1].swim->counters().heartbeats_sent;
  w.world.run_for(10s);
  BOOST_TEST(w.world[1].swim->counters().heartbeats_sent == sent);
  BOOST_TEST(w.world[2].swim->counters().heartbeats_sent > sent);
  BOOST_TEST(w.health(1).samples == 0U);
}

BOOST_AUTO_TEST_CASE(HeartbeatsEndWithTheWatcher) {
  Watched w(5);
  w.world.crash(0);
  w.world.run_for(30s);
  const auto sent = w.world[1].swim->counters().heartbeats_sent;
  w.world.run_for(10s);
  BOOST_TEST(w.world[1].swim->counters().heartbeats_sent == sent);
}

BOOST_AUTO_TEST_CASE(AMemberMayBeWatchedBeforeItComesAndAfterItReturns) {
  SwimWorld world({.seed = 8, .swim = without_rings()});
  world.add("director");
  world.add("worker");
  world.start(0);
  world.watch(0, 1);
  world.run_for(1s);
  const auto samples = [&] { return world[0].swim->health(world[1].id, world.now()).samples; };
  for (int life = 0; life < 2; ++life) {
    world.start(1, {0});
    world.run_for(10s);
    BOOST_TEST(samples() > 10U);
    world.crash(1);
    world.run_for(20s);
    BOOST_TEST(world.holds(0, 1, MemberStatus::dead));
  }
}

// Phi is evidence and never a verdict: heartbeats alone are lost, probes and relays answer.
BOOST_AUTO_TEST_CASE(LostHeartbeatsFailNobody) {
  Watched w(8, 300);
  w.world.run_for(120s);
  BOOST_TEST(w.world.count_all(MemberEventKind::failed) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
