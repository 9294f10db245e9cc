// The trace's hash: everything counts, and a difference can be found.
#include "sim/trace.h"

#include <boost/test/unit_test.hpp>

#include <set>

#include "engine/command.h"
#include "engine/hash.h"
#include "engine/output.h"

namespace rpcnet::sim {
namespace {

TraceLine line(std::uint64_t i) {
  return {Moment(Duration(static_cast<std::int64_t>(i))), 1, TraceKind::fact, 2, i * 3, 0};
}

std::string text_of(TraceKind kind, std::size_t alternative) {
  TraceLine one = line(1);
  one.kind = kind;
  one.detail = static_cast<std::uint8_t>(alternative);
  return to_text(one);
}

TraceHash hash_of(const TraceLine& one) {
  Trace trace;
  trace.add(line(1));
  trace.add(one);
  trace.add(line(3));
  return trace.hash();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(TraceHashing)

BOOST_AUTO_TEST_CASE(EveryFieldOfALineCounts) {
  const TraceLine base = line(2);
  std::set<std::string> hashes{to_text(hash_of(base))};
  TraceLine changed = base;
  changed.at += Duration(1);
  hashes.insert(to_text(hash_of(changed)));
  changed = base;
  changed.host = 2;
  hashes.insert(to_text(hash_of(changed)));
  changed = base;
  changed.kind = TraceKind::order;
  hashes.insert(to_text(hash_of(changed)));
  changed = base;
  changed.detail = 3;
  hashes.insert(to_text(hash_of(changed)));
  changed = base;
  changed.payload = 7;
  hashes.insert(to_text(hash_of(changed)));
  changed = base;
  changed.outcome = 1;
  hashes.insert(to_text(hash_of(changed)));
  BOOST_TEST(hashes.size() == 7U);
}

BOOST_AUTO_TEST_CASE(LinesSayWhatTheyStandFor) {
  const auto event = [](const Event& one) { return text_of(TraceKind::event, one.index()); };
  BOOST_TEST(event(MembersCut{}).find("members-cut") != std::string::npos);
  BOOST_TEST(event(Joined{}).find("joined") != std::string::npos);
  BOOST_TEST(event(WorkerSelected{}).find("worker-selected") != std::string::npos);
  const auto command = [](const Command& one) { return text_of(TraceKind::command, one.index()); };
  BOOST_TEST(command(SelectWorker{}).find("select-worker") != std::string::npos);
  BOOST_TEST(command(CountElsewhere{}).find("count-elsewhere") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(TheOrderCounts) {
  Trace x;
  Trace y;
  x.add(line(1));
  x.add(line(2));
  y.add(line(2));
  y.add(line(1));
  BOOST_TEST((x.hash() != y.hash()));
}

BOOST_AUTO_TEST_CASE(CheckpointsAgreeUpToTheFirstDifference) {
  Trace x;
  Trace y;
  const std::uint64_t lines = 5 * Trace::kCheckpointEvery;
  const std::uint64_t different = 3 * Trace::kCheckpointEvery + 17;
  for (std::uint64_t i = 0; i < lines; ++i) {
    x.add(line(i));
    y.add(line(i == different ? i + 1 : i));
  }
  BOOST_TEST_REQUIRE(x.checkpoints().size() == 5U);
  for (std::size_t i = 0; i < 3; ++i) BOOST_TEST((x.checkpoints()[i] == y.checkpoints()[i]));
  for (std::size_t i = 3; i < 5; ++i) BOOST_TEST((x.checkpoints()[i] != y.checkpoints()[i]));
}

BOOST_AUTO_TEST_CASE(AWindowKeepsItsTextAndTheTailIsTheEnd) {
  Trace trace;
  trace.watch(10, 12);
  for (std::uint64_t i = 0; i < 200; ++i) trace.add(line(i));
  BOOST_TEST_REQUIRE(trace.watched().size() == 2U);
  BOOST_TEST(trace.watched()[0] == to_text(line(10)));
  const auto tail = trace.tail();
  BOOST_TEST_REQUIRE(tail.size() == Trace::kTail);
  BOOST_TEST(tail.back().payload == line(199).payload);
  BOOST_TEST(tail.front().payload == line(200 - Trace::kTail).payload);
}

BOOST_AUTO_TEST_CASE(BytesHashByContent) {
  std::set<std::uint64_t> hashes;
  Bytes bytes;
  for (int i = 0; i < 40; ++i) {
    hashes.insert(hash_bytes(bytes));
    bytes.push_back(0);
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] ^= 1;
    hashes.insert(hash_bytes(bytes));
    bytes[i] ^= 1;
  }
  BOOST_TEST(hashes.size() == 80U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rpcnet::sim
