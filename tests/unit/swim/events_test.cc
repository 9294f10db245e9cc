// What an observer is told of a member, in which order.
#include <boost/test/unit_test.hpp>
#include <map>
#include <string>

#include "tests/support/swim_world.h"

using namespace rpcnet;
using namespace rpcnet::test;
using namespace std::chrono_literals;

namespace {

// The story of one member as one observer hears it; docs/swim.md has it as a picture.
void check_story(const std::vector<SwimWorld::Seen>& events, std::uint64_t seed) {
  std::map<NodeId, Member> view;
  Instant last{};
  for (const auto& [at, event] : events) {
    BOOST_TEST((at >= last));
    last = at;
    const auto known = view.find(event.member.id);
    const auto before = known == view.end() ? std::nullopt : std::optional(known->second.status);
    const bool was = before && is_member(*before);
    bool right = false;
    switch (event.kind) {
      case MemberEventKind::joined: right = !was; break;
      case MemberEventKind::recovered: right = before == MemberStatus::dead; break;
      case MemberEventKind::failed: right = was && event.member.status == MemberStatus::dead; break;
      case MemberEventKind::left: right = was && event.member.status == MemberStatus::left; break;
      case MemberEventKind::tags_changed:
        right = was && event.member.tags_version >= known->second.tags_version;
        break;
      default: right = was; break;
    }
    BOOST_TEST(right,
               "seed " << seed << ": " << to_text(event.kind) << " of " << event.member.id.text());
    const bool crossing = event.kind != MemberEventKind::tags_changed &&
                          event.kind != MemberEventKind::degraded &&
                          event.kind != MemberEventKind::restored;
    const bool in =
        event.kind == MemberEventKind::joined || event.kind == MemberEventKind::recovered;
    if (crossing && in) BOOST_TEST(is_member(event.member.status));
    // Of one incarnation a member is never told to be back from its end.
    if (known != view.end()) {
      BOOST_TEST(event.member.incarnation >= known->second.incarnation);
      if (in) BOOST_TEST(event.member.incarnation > known->second.incarnation);
    }
    view.insert_or_assign(event.member.id, event.member);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(swim_events)

// Goal: the order that is promised holds whatever happens. Method: everything happens, at random.
BOOST_AUTO_TEST_CASE(EachMembersStoryCanHappen) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SwimWorld world({.seed = seed, .loss_permille = 50});
    constexpr std::size_t kCount = 12;
    for (std::size_t i = 0; i < kCount; ++i) world.add("n" + std::to_string(100 + i));
    for (std::size_t i = 0; i < kCount; ++i) world.start(i, {0, 1});
    Rng rng(seed);
    std::size_t tags = 0;
    for (int step = 0; step < 60; ++step) {
      world.run_for(std::chrono::milliseconds(rng.below(6000)));
      const std::size_t host = rng.below(kCount);
      const bool runs = world[host].swim != nullptr;
      switch (rng.below(6)) {
        case 0:
          if (runs) world.crash(host);
          break;
        case 1:
          if (!runs) world.start(host, {0, 1, 2});
          break;
        case 2:
          if (runs) world.leave(host);
          break;
        case 3:
          if (runs) world.set_tags(host, {{"n", std::to_string(++tags)}});
          break;
        case 4: world.split(1 + rng.below(kCount - 1)); break;
        case 5: world.mend_all(); break;
        default: break;
      }
    }
    std::size_t told = 0;
    for (std::size_t i = 0; i < kCount; ++i) {
      // Each life of an observer begins anew.
      const auto& lives = world[i].lives;
      for (std::size_t life = 0; life < lives.size(); ++life) {
        const auto begin = world[i].events.begin();
        const auto end = life + 1 < lives.size()
                             ? begin + static_cast<std::ptrdiff_t>(lives[life + 1])
                             : world[i].events.end();
        check_story({begin + static_cast<std::ptrdiff_t>(lives[life]), end}, seed);
      }
      told += world[i].events.size();
    }
    BOOST_TEST(told > kCount * kCount);
  }
}

BOOST_AUTO_TEST_SUITE_END()
