// One machine alone, its peers played by the test: what it says and when, byte by byte.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/swim/message.h"
#include "engine/swim/swim.h"

using namespace rpcnet;
using namespace rpcnet::swim;
using namespace std::chrono_literals;

namespace {

NodeId id(const std::string& name) { return *NodeId::parse(name); }
Address address(std::uint8_t last) { return Address::v4(10, 0, 0, last, 7000); }

// Probes alone, with fixed times.
SwimConfig plain() {
  SwimConfig config;
  config.rings = 0;
  config.round_interval = config.probe_interval;
  config.adaptive_probes = false;
  config.local_health_max = 0;
  config.own_network_proof = 0;
  config.hearsay_grace = 2s;
  return config;
}

// "a" with accepted links from peers that the test plays.
struct Machine {
  explicit Machine(const SwimConfig& with = plain()) : config(with) {}

  SwimConfig config;
  Swim swim{
      {.self = id("a"), .cluster = "test", .advertise = address(1), .swim = config, .rng = Rng(1)}};
  Outbox out;
  Instant now{Duration(1000s)};
  std::uint64_t next_link = 1;

  LinkId peer(const std::string& name, std::uint32_t datagram_max = 1162) {
    const LinkId link{next_link};
    next_link += 2;
    const auto number = static_cast<std::uint8_t>(10 + link.value);
    swim.on_link_up(
        now,
        {link, Protocol::gossip, address(number), PeerIdentity{"test", name}, datagram_max, 100},
        out);
    say(link, name, Gossip{});
    return link;
  }

  void say(LinkId link, const std::string& sender, Body body, std::vector<Update> updates = {},
           Incarnation incarnation = 0) {
    const auto number = static_cast<std::uint8_t>(10 + link.value);
    const Message message{
        {id(sender), incarnation, address(number), 0}, std::move(body), std::move(updates)};
    swim.on_datagram(now, {link, serialize(message)}, out);
  }

  struct Said {
    LinkId link;
    Message message;
    std::size_t size = 0;
  };

  // The datagrams said since the last call.
  std::vector<Said> said() {
    std::vector<Said> all;
    while (auto output = out.poll()) {
      const auto* order = std::get_if<Order>(&*output);
      const auto* sent = order == nullptr ? nullptr : std::get_if<SendDatagram>(order);
      if (sent == nullptr) continue;
      Parsed parsed = parse(sent->bytes);
      BOOST_REQUIRE(std::holds_alternative<Message>(parsed));
      all.push_back({sent->link, std::get<Message>(std::move(parsed)), sent->bytes.size()});
    }
    return all;
  }

  // Runs on time until `end`, collecting what is said.
  std::vector<Said> run_until(Instant end) {
    std::vector<Said> all = said();
    while (swim.deadline() && *swim.deadline() <= end) {
      now = std::max(now, *swim.deadline());
      swim.on_deadline(now, out);
      for (Said& one : said()) all.push_back(std::move(one));
    }
    now = end;
    return all;
  }

  template <typename T>
  std::optional<Said> next(Duration limit) {
    const Instant end = now + limit;
    for (;;) {
      for (Said& one : said()) {
        if (std::holds_alternative<T>(one.message.body)) return one;
      }
      if (!swim.deadline() || *swim.deadline() > end) return std::nullopt;
      now = std::max(now, *swim.deadline());
      swim.on_deadline(now, out);
    }
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(swim_machine)

BOOST_AUTO_TEST_CASE(APingIsAnsweredAtOnceAndOnlyByWhomItMeans) {
  Machine m;
  const LinkId link = m.peer("b");
  m.said();
  m.say(link, "b", Ping{77, 1s, id("a")});
  auto said = m.said();
  BOOST_REQUIRE(said.size() == 1U);
  BOOST_TEST((said[0].message.body == Body(Ack{77})));
  m.say(link, "b", Ping{78, 1s, id("somebody-else")});
  BOOST_TEST(m.said().empty());
  BOOST_TEST(m.swim.counters().misaddressed == 1U);
}

// SWIM 4.1: the direct ping, the relays after probe_timeout, the verdict after probe_interval.
BOOST_AUTO_TEST_CASE(AProbeGoesDirectThenByRelaysThenAccuses) {
  Machine m;
  std::vector<LinkId> links;
  for (const char* name : {"b", "c", "d", "e"}) links.push_back(m.peer(name));
  const auto ping = m.next<Ping>(3s);
  BOOST_REQUIRE(ping.has_value());
  const Instant began = m.now;
  const auto& body = std::get<Ping>(ping->message.body);
  BOOST_TEST((body.left == 1s));

  std::size_t relays = 0;
  for (const auto& said : m.run_until(began + 501ms)) {
    const auto* request = std::get_if<PingReq>(&said.message.body);
    if (request == nullptr) continue;
    ++relays;
    BOOST_TEST((request->target == body.target));
    BOOST_TEST((request->left == 500ms));
    BOOST_TEST((said.link != ping->link));
  }
  BOOST_TEST(relays == 3U);
  m.run_until(began + 999ms);
  BOOST_TEST((m.swim.find(body.target)->status == MemberStatus::alive));
  m.run_until(began + 1001ms);
  BOOST_TEST((m.swim.find(body.target)->status == MemberStatus::suspect));
}

BOOST_AUTO_TEST_CASE(ALateAckOfTheMemberItselfStillCounts) {
  Machine m;
  const LinkId link = m.peer("b");
  const auto ping = m.next<Ping>(3s);
  BOOST_REQUIRE(ping.has_value());
  m.run_until(m.now + 990ms);
  m.say(link, "b", Ack{std::get<Ping>(ping->message.body).seq});
  m.run_until(m.now + 500ms);
  BOOST_TEST(m.swim.counters().probes_failed == 0U);
}

BOOST_AUTO_TEST_CASE(AnAckOfSomebodyElseDoesNotCount) {
  Machine m;
  m.peer("b");
  const LinkId other = m.peer("c");
  const auto ping = m.next<Ping>(3s);
  BOOST_REQUIRE(ping.has_value());
  const auto& body = std::get<Ping>(ping->message.body);
  const std::string wrong = body.target == id("b") ? "c" : "b";
  m.say(wrong == "c" ? other : LinkId{1}, wrong, Ack{body.seq});
  m.run_until(m.now + 1001ms);
  BOOST_TEST((m.swim.find(body.target)->status == MemberStatus::suspect));
}

// The nack comes at 80 % of what the asker has left (swift-distributed-actors 718), and an answer
// after it is still passed on.
BOOST_AUTO_TEST_CASE(ARelayNacksInTimeAndStillPassesOnALateAnswer) {
  Machine m;
  const LinkId asker = m.peer("b");
  const LinkId target = m.peer("c");
  m.said();
  m.say(asker, "b", PingReq{9, 500ms, id("c"), address(10 + 3)});
  const auto said = m.said();
  BOOST_REQUIRE(said.size() == 1U);
  BOOST_TEST((said[0].link == target));
  const auto& ping = std::get<Ping>(said[0].message.body);
  const Instant asked = m.now;
  const auto nack = m.next<Nack>(1s);
  BOOST_REQUIRE(nack.has_value());
  BOOST_TEST((m.now == asked + 400ms));
  BOOST_TEST((nack->link == asker));
  BOOST_TEST((nack->message.body == Body(Nack{9})));
  m.now += 50ms;
  m.say(target, "c", Ack{ping.seq});
  const auto late = m.said();
  BOOST_REQUIRE(!late.empty());
  BOOST_TEST((late[0].message.body == Body(RelayedAck{9})));
}

// memberlist PR 345: who holds the sender dead says so at once, or it never learns what to refute.
BOOST_AUTO_TEST_CASE(ATombstoneAnswersTheStaleLiving) {
  Machine m;
  const LinkId link = m.peer("b");
  const LinkId other = m.peer("c");
  m.say(other, "c", Gossip{}, {{id("b"), {100, MemberStatus::left, address(11)}, {}, {}}});
  m.run_until(m.now + 10s);
  m.say(link, "b", Gossip{}, {}, 1);
  bool reminded = false;
  for (const auto& said : m.said()) {
    for (const Update& update : said.message.updates) {
      reminded = reminded ||
                 (said.link == link && update.id == id("b") && update.liveness.incarnation == 100);
    }
  }
  BOOST_TEST(reminded);
  m.say(link, "b", Gossip{}, {}, 101);
  BOOST_TEST((m.swim.find(id("b"))->status == MemberStatus::alive));
}

// Lifeguard IV.C: whatever is said to a suspect tells it that it is suspected.
BOOST_AUTO_TEST_CASE(EveryMessageToASuspectCarriesTheAccusation) {
  Machine m;
  const LinkId suspect = m.peer("b");
  const LinkId other = m.peer("c");
  m.say(other, "c", Gossip{}, {{id("b"), {0, MemberStatus::suspect, address(11)}, id("c"), {}}});
  m.run_until(m.now + 700ms);
  m.say(suspect, "b", Ping{5, 1s, id("a")});
  const auto said = m.said();
  BOOST_REQUIRE(!said.empty());
  BOOST_REQUIRE(!said[0].message.updates.empty());
  BOOST_TEST((said[0].message.updates[0].id == id("b")));
  BOOST_TEST((said[0].message.updates[0].liveness.status == MemberStatus::suspect));
  BOOST_TEST((said[0].message.updates[0].accuser == id("c")));
}

// Lifeguard IV.B: what counts is how many accuse it, not how often or through whom that is told.
BOOST_AUTO_TEST_CASE(OnlyAnotherAccuserConfirmsASuspicion) {
  const auto status_after_three = [](const std::vector<std::string>& accusers) {
    Machine m;
    m.peer("b");
    const std::vector<std::string> tellers{"c", "d", "e"};
    std::vector<LinkId> links;
    for (const std::string& teller : tellers) links.push_back(m.peer(teller));
    for (std::size_t i = 0; i < tellers.size(); ++i) {
      m.say(links[i], tellers[i], Gossip{},
            {{id("b"), {0, MemberStatus::suspect, address(11)}, id(accusers[i]), {}}});
    }
    m.run_until(m.now + 3s);
    return m.swim.find(id("b"))->status;
  };
  BOOST_TEST((status_after_three({"c", "d", "e"}) == MemberStatus::dead));
  BOOST_TEST((status_after_three({"c", "c", "c"}) == MemberStatus::suspect));
}

BOOST_AUTO_TEST_CASE(ADeathToldOfALivingMemberIsASuspicionFirst) {
  Machine m;
  m.peer("b");
  const LinkId other = m.peer("c");
  m.say(other, "c", Gossip{}, {{id("b"), {0, MemberStatus::dead, address(11)}, id("c"), {}}});
  m.say(other, "c", Gossip{}, {{id("b"), {0, MemberStatus::dead, address(11)}, id("c"), {}}});
  BOOST_TEST((m.swim.find(id("b"))->status == MemberStatus::suspect));
  m.run_until(m.now + 2100ms);
  BOOST_TEST((m.swim.find(id("b"))->status == MemberStatus::dead));
}

// memberlist believes a death at once, whoever tells it.
BOOST_AUTO_TEST_CASE(WithoutGraceADeathThatIsToldIsOne) {
  SwimConfig config = plain();
  config.hearsay_grace = 0s;
  Machine m(config);
  m.peer("b");
  const LinkId other = m.peer("c");
  m.say(other, "c", Gossip{}, {{id("b"), {0, MemberStatus::dead, address(11)}, id("c"), {}}});
  BOOST_TEST((m.swim.find(id("b"))->status == MemberStatus::dead));
}

// memberlist's nack leaves after the relay's own timeout: with the end of the asker's probe, so
// that it comes too late, as the asker's deadline does not travel there.
BOOST_AUTO_TEST_CASE(ALateNackLeavesAfterTheRelaysOwnTimeout) {
  SwimConfig config = plain();
  config.nacks_late = true;
  Machine m(config);
  const LinkId asker = m.peer("b");
  m.peer("c");
  m.say(asker, "b", PingReq{9, 500ms, id("c"), address(10 + 3)});
  const Instant asked = m.now;
  const auto nack = m.next<Nack>(1s);
  BOOST_REQUIRE(nack.has_value());
  BOOST_TEST((m.now == asked + config.probe_timeout));
}

// memberlist issue 311: who is held dead and says a word is not told.
BOOST_AUTO_TEST_CASE(WithoutRemindersTheStaleLivingLearnNothing) {
  SwimConfig config = plain();
  config.reminders = false;
  config.buddy = false;
  Machine m(config);
  const LinkId link = m.peer("b");
  const LinkId other = m.peer("c");
  m.say(other, "c", Gossip{}, {{id("b"), {100, MemberStatus::left, address(11)}, {}, {}}});
  m.run_until(m.now + 10s);
  m.say(link, "b", Gossip{}, {}, 1);
  for (const auto& said : m.said()) {
    for (const Update& update : said.message.updates) {
      BOOST_TEST((said.link != link || update.id != id("b")));
    }
  }
}

// memberlist gossips to those who died of late, too: one that was wrongly declared dead hears it.
BOOST_AUTO_TEST_CASE(GossipMayGoToTheDeadForATime) {
  for (const Duration time : {Duration(0s), Duration(30s)}) {
    SwimConfig config = plain();
    config.hearsay_grace = 0s;
    config.reminders = false;
    config.buddy = false;
    config.gossip_to_dead = time;
    config.heal_interval = 1h;
    Machine m(config);
    const LinkId dead = m.peer("b");
    const LinkId other = m.peer("c");
    m.say(other, "c", Gossip{}, {{id("b"), {0, MemberStatus::dead, address(11)}, id("c"), {}}});
    std::size_t told = 0;
    for (int i = 0; i < 40; ++i) {
      // News for all, again and again.
      m.swim.change_tags(m.now, {{{"round", std::to_string(i)}}}, m.out);
      for (const auto& said : m.run_until(m.now + 500ms)) told += said.link == dead ? 1 : 0;
    }
    BOOST_TEST((told > 0) == (time > 0s));
  }
}

// Of two members each knows the other's news: there is nobody left to tell them to.
BOOST_AUTO_TEST_CASE(TwoMembersHaveNothingToGossipForLong) {
  Machine m;
  const LinkId link = m.peer("b");
  m.say(link, "b", Gossip{}, {{id("b"), {1, MemberStatus::alive, address(11)}, {}, {}}}, 1);
  m.run_until(m.now + 20s);
  for (const auto& said : m.run_until(m.now + 10s)) {
    BOOST_TEST(!std::holds_alternative<Gossip>(said.message.body));
  }
}

BOOST_AUTO_TEST_CASE(DatagramsKeepToTheLinksSize) {
  Machine m;
  const LinkId link = m.peer("b", 300);
  std::vector<Update> updates;
  for (int i = 0; i < 100; ++i) {
    updates.push_back({id("member-with-a-longer-name-" + std::to_string(i)),
                       {0, MemberStatus::alive, address(99)},
                       {},
                       {}});
  }
  for (std::size_t i = 0; i < 100; i += 10) {
    m.say(link, "b", Gossip{},
          {updates.begin() + static_cast<std::ptrdiff_t>(i),
           updates.begin() + static_cast<std::ptrdiff_t>(i + 10)});
  }
  m.said();
  m.say(link, "b", Ping{1, 1s, id("a")});
  auto said = m.said();
  BOOST_REQUIRE(!said.empty());
  BOOST_TEST(said[0].size <= 300U);
  BOOST_TEST(said[0].message.updates.size() >= 4U);
  m.swim.on_datagram_limit(m.now, {link, 150}, m.out);
  m.say(link, "b", Ping{2, 1s, id("a")});
  said = m.said();
  BOOST_REQUIRE(!said.empty());
  BOOST_TEST(said[0].size <= 150U);
}

// A heartbeat is answered by the next one, unless that was sent a moment ago. The first of a pair
// leads, the other follows; should the first fall silent, the other's own timer is near.
BOOST_AUTO_TEST_CASE(AHeartbeatIsAnsweredByTheNextOne) {
  SwimConfig config = plain();
  config.rings = 4;
  config.round_interval = 1h;
  Machine m(config);
  const LinkId link = m.peer("b");
  BOOST_REQUIRE(m.next<Heartbeat>(3s).has_value());
  std::uint64_t seq = 0;
  std::uint64_t heard = 1;
  const auto beat = [&] {
    m.say(link, "b", Heartbeat{.seq = ++seq, .interval = 1s, .echo = heard, .want = true});
    std::size_t answers = 0;
    for (const auto& said : m.said()) {
      const auto* heartbeat = std::get_if<Heartbeat>(&said.message.body);
      if (heartbeat == nullptr) continue;
      ++answers;
      heard = heartbeat->seq;
      BOOST_TEST(heartbeat->echo == seq);
      BOOST_TEST((heartbeat->hold == 0s));
    }
    return answers;
  };
  m.run_until(m.now + 600ms);
  beat();
  for (int i = 0; i < 10; ++i) {
    for (const auto& said : m.run_until(m.now + 1s)) {
      BOOST_TEST(!std::holds_alternative<Heartbeat>(said.message.body));
    }
    BOOST_TEST(beat() == 1U);
    BOOST_TEST(beat() == 0U);
  }
  const Instant last = m.now;
  BOOST_REQUIRE(m.next<Heartbeat>(3s).has_value());
  BOOST_TEST((m.now == last + 1125ms));
}

BOOST_AUTO_TEST_CASE(TagsAreCheckedBeforeAnythingChanges) {
  Machine m;
  const auto change = [&](std::vector<std::pair<std::string, std::optional<std::string>>> changes) {
    return m.swim.change_tags(m.now, {std::move(changes)}, m.out);
  };
  BOOST_TEST((change({{"role", "worker"}, {"zone", "eu"}}) == Outcome::done));
  BOOST_TEST((change({{"zone", std::nullopt}, {"gpu", "true"}}) == Outcome::done));
  BOOST_TEST((change({{"", "x"}}) == Outcome::bad_tag));
  BOOST_TEST((change({{"gpu", "no"}, {"Bad Key", "x"}}) == Outcome::bad_tag));
  BOOST_TEST((change({{"big", std::string(5000, 'x')}}) == Outcome::tags_too_large));
  const Tags expected{{"role", "worker"}, {"gpu", "true"}};
  BOOST_TEST((m.swim.find(id("a"))->tags == expected));
  BOOST_TEST(m.swim.find(id("a"))->tags_version == 2U);
  BOOST_TEST((change({{"gpu", "true"}}) == Outcome::done));  // as before: no new version
  BOOST_TEST(m.swim.find(id("a"))->tags_version == 2U);
}

BOOST_AUTO_TEST_CASE(AfterLeavingNothingIsAccepted) {
  Machine m;
  BOOST_TEST((m.swim.leave(m.now, m.out) == Outcome::done));
  BOOST_TEST((m.swim.leave(m.now, m.out) == Outcome::already_left));
  BOOST_TEST((m.swim.join(m.now, {}, m.out) == Outcome::already_left));
  BOOST_TEST((m.swim.change_tags(m.now, {}, m.out) == Outcome::already_left));
}

// A seed that is only away may come back and let us in; when it refuses too, nobody is left.
BOOST_AUTO_TEST_CASE(AJoinThatEverySeedRefusesIsToldAfterItsTime) {
  Machine m;
  const Instant begin = m.now;
  m.swim.join(m.now, Join{{address(2), address(3)}}, m.out);
  std::vector<Duration> told;
  std::vector<NoticeKind> notices;
  while (m.now < begin + 40s) {
    while (auto output = m.out.poll()) {
      if (const auto* event = std::get_if<Event>(&*output)) {
        if (std::holds_alternative<JoinRefused>(*event)) told.push_back(m.now - begin);
        if (const auto* notice = std::get_if<Notice>(event)) notices.push_back(notice->kind);
        continue;
      }
      const auto* dial = std::get_if<Connect>(std::get_if<Order>(&*output));
      if (dial == nullptr) continue;
      const bool away = dial->remote == address(3) && m.now < begin + 15s;
      LinkDown down{dial->link, away ? LinkEnd::unreachable : LinkEnd::refused_by_peer, 0, "no"};
      m.swim.on_link_down(m.now, down, m.out);
    }
    BOOST_REQUIRE(m.swim.deadline());
    if (!m.out.empty()) continue;
    m.now = std::max(m.now, *m.swim.deadline());
    m.swim.on_deadline(m.now, m.out);
  }
  BOOST_REQUIRE(told.size() >= 2);
  BOOST_TEST((told[0] >= 25s && told[0] <= 28s));
  BOOST_TEST((told[1] - told[0] >= 10s));
  // The change of a seed's mind is told at once.
  BOOST_TEST((notices[0] == NoticeKind::seed_refused));
  BOOST_TEST((notices[1] == NoticeKind::seed_unreachable));
  BOOST_TEST(std::count(notices.begin(), notices.end(), NoticeKind::seed_refused) >= 2);
}

BOOST_AUTO_TEST_CASE(ASpuriousDeadlineIsNoEvent) {
  Machine m;
  m.peer("b");
  m.run_until(m.now + 2s);
  const auto before = m.swim.counters().messages_sent;
  const auto deadline = m.swim.deadline();
  for (int i = 0; i < 10; ++i) m.swim.on_deadline(m.now, m.out);
  BOOST_TEST(m.swim.counters().messages_sent == before);
  BOOST_TEST((m.swim.deadline() == deadline));
}

// Hints come in swarms (a rack dies): they are bounded, and none is a verdict.
BOOST_AUTO_TEST_CASE(HintsProbeOutOfTurnUnderALimit) {
  Machine m;
  for (int i = 0; i < 40; ++i) m.peer("p" + std::to_string(i));
  m.said();
  for (int i = 0; i < 40; ++i) m.swim.suspect_hint(m.now, id("p" + std::to_string(i)), m.out);
  m.swim.suspect_hint(m.now, id("nobody"), m.out);
  BOOST_TEST(m.swim.counters().probes_out_of_turn == 8U);
  BOOST_TEST(m.swim.counters().suspicions == 0U);
}

// What was not heard while this process did not run says nothing of the others.
BOOST_AUTO_TEST_CASE(AStallVoidsProbesAndExtendsSuspicions) {
  Machine m;
  const LinkId other = m.peer("c");
  m.peer("b");
  m.say(other, "c", Gossip{}, {{id("b"), {0, MemberStatus::suspect, address(13)}, id("c"), {}}});
  m.run_until(m.now + 500ms);
  m.now += 60s;
  m.swim.on_deadline(m.now, m.out);
  m.said();
  BOOST_TEST(m.swim.counters().stalls == 1U);
  BOOST_TEST((m.swim.find(id("b"))->status == MemberStatus::suspect));
  BOOST_TEST((m.swim.find(id("c"))->status == MemberStatus::alive));
  m.run_until(m.now + 900ms);
  BOOST_TEST((m.swim.find(id("b"))->status == MemberStatus::suspect));
  BOOST_TEST((m.swim.find(id("c"))->status == MemberStatus::alive));
}

BOOST_AUTO_TEST_SUITE_END()
