// What a slow reader of events still learns: everything that is true in the end, and no story that
// could not have happened.
#include "io/core/event_backlog.h"

#include <boost/test/unit_test.hpp>
#include <map>
#include <string>

#include "engine/rng.h"

namespace rpcnet::test {
namespace {

using core::EventBacklog;

Member member(std::size_t number, MemberStatus status, std::uint64_t version) {
  return {.id = *NodeId::parse("m" + std::to_string(number)),
          .address = Address::v4(10, 0, 0, 1, 1),
          .status = status,
          .incarnation = version,
          .tags_version = version,
          .tags = {}};
}

// Lets members live at random: the events that the engine could tell.
class Lives {
 public:
  Lives(std::uint64_t seed, std::size_t count) : rng_(seed), now_(count) {}

  ClusterEvent next() {
    const std::size_t number = rng_.below(now_.size());
    auto& [status, known] = now_[number];
    MemberEventKind kind{};
    if (!known) {
      kind = MemberEventKind::joined;
      status = MemberStatus::alive;
      known = true;
    } else if (status == MemberStatus::alive) {
      const auto draw = rng_.below(3);
      if (draw == 0) kind = MemberEventKind::tags_changed;
      if (draw == 1) kind = MemberEventKind::failed, status = MemberStatus::dead;
      if (draw == 2) kind = MemberEventKind::left, status = MemberStatus::left;
    } else {
      kind = status == MemberStatus::dead ? MemberEventKind::recovered : MemberEventKind::joined;
      status = MemberStatus::alive;
    }
    MemberEvent event{kind, member(number, status, ++version_)};
    last_.insert_or_assign(event.member.id, event.member);
    return event;
  }

  const std::map<NodeId, Member>& last() const { return last_; }
  std::uint64_t below(std::uint64_t n) { return rng_.below(n); }

 private:
  Rng rng_;
  std::vector<std::pair<MemberStatus, bool>> now_;
  std::map<NodeId, Member> last_;
  std::uint64_t version_ = 0;
};

// Whoever reads has a view, and believes only what can happen to it.
struct Reader {
  std::map<NodeId, Member> view;
  std::uint64_t told_left_out = 0;
  std::uint64_t partitions = 0;

  void read(const ClusterEvent& event) {
    if (const auto* coalesced = std::get_if<Coalesced>(&event)) told_left_out += coalesced->events;
    if (std::holds_alternative<PartitionDetected>(event)) ++partitions;
    const auto* change = std::get_if<MemberEvent>(&event);
    if (change == nullptr) return;
    const auto known = view.find(change->member.id);
    // Nobody: as one who has left.
    const MemberStatus before = known == view.end() ? MemberStatus::left : known->second.status;
    switch (change->kind) {
      case MemberEventKind::joined: BOOST_TEST((before == MemberStatus::left)); break;
      case MemberEventKind::recovered: BOOST_TEST((before == MemberStatus::dead)); break;
      case MemberEventKind::failed:
      case MemberEventKind::left:
      case MemberEventKind::tags_changed: BOOST_TEST((before == MemberStatus::alive)); break;
      default: break;
    }
    view.insert_or_assign(change->member.id, change->member);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(EventBacklogs)

BOOST_AUTO_TEST_CASE(ASlowReaderLosesNothingThatIsTrueInTheEnd) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    constexpr std::size_t kMembers = 12;
    constexpr std::size_t kMax = 10;
    Lives lives(seed, kMembers);
    EventBacklog backlog(kMax);
    Reader reader;
    std::uint64_t left_out = 0;
    std::size_t most = 0;
    for (int i = 0; i < 2000; ++i) {
      left_out += backlog.push(lives.next());
      most = std::max(most, backlog.size());
      if (lives.below(10) > 0) continue;
      for (auto taken = lives.below(5); taken > 0; --taken) {
        if (const auto event = backlog.take()) reader.read(*event);
      }
    }
    while (const auto event = backlog.take()) reader.read(*event);
    BOOST_TEST((reader.view == lives.last()), "seed " << seed);
    BOOST_TEST(left_out > 0u);
    BOOST_TEST(reader.told_left_out == left_out);
    BOOST_TEST(most <= 2 * 3 * kMembers);
  }
}

BOOST_AUTO_TEST_CASE(AReaderThatKeepsUpIsToldEverything) {
  Lives lives(1, 5);
  EventBacklog backlog(10);
  for (int i = 0; i < 1000; ++i) {
    const ClusterEvent event = lives.next();
    BOOST_TEST(backlog.push(event) == 0u);
    const auto taken = backlog.take();
    BOOST_TEST_REQUIRE(taken.has_value());
    BOOST_TEST((std::get<MemberEvent>(*taken).member == std::get<MemberEvent>(event).member));
  }
  BOOST_TEST(!backlog.take().has_value());
}

BOOST_AUTO_TEST_CASE(OfPartitionsTheLastWordStays) {
  EventBacklog backlog(2);
  backlog.push(PartitionDetected{});
  backlog.push(PartitionHealed{});
  backlog.push(PartitionDetected{.reachable = 7});
  Reader reader;
  while (const auto event = backlog.take()) reader.read(*event);
  BOOST_TEST(reader.partitions == 1u);
  BOOST_TEST(reader.told_left_out == 2u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rpcnet::test
