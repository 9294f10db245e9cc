// The snapshot file: out and in, and what is not taken in.
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "engine/rng.h"
#include "io/core/snapshot_file.h"

namespace rpcnet::test {
namespace {

using core::SnapshotOwner;

SnapshotOwner owner() { return {"dev", *NodeId::parse("worker-a")}; }

Snapshot snapshot(std::size_t members) {
  Snapshot made{7, 9, {}};
  for (std::size_t i = 0; i < members; ++i) {
    made.members.emplace_back(i % 2 == 0 ? Address::v4(10, 0, 0, static_cast<std::uint8_t>(i), 7)
                                         : *parse_address("[2001:db8::1]:65535"),
                              *NodeId::parse("n" + std::to_string(i)));
  }
  return made;
}

bool same(const Snapshot& a, const Snapshot& b) {
  return a.incarnation == b.incarnation && a.tags_version == b.tags_version &&
         a.members == b.members;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(SnapshotFiles)

BOOST_AUTO_TEST_CASE(WhatIsWrittenIsRead) {
  for (const std::size_t members : {0u, 1u, 100u}) {
    const auto read =
        core::parse_snapshot(core::snapshot_text(owner(), snapshot(members)), owner());
    BOOST_REQUIRE_MESSAGE(read.ok(), to_text(read.status()));
    BOOST_CHECK(same(*read, snapshot(members)));
  }
}

BOOST_AUTO_TEST_CASE(ADamagedOneIsRefusedWhereverTheDamageIs) {
  const std::string whole = core::snapshot_text(owner(), snapshot(5));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    BOOST_CHECK(!core::parse_snapshot(whole.substr(0, size), owner()).ok());
  }
  for (std::size_t place = 0; place < whole.size(); ++place) {
    std::string damaged = whole;
    damaged[place] = static_cast<char>(damaged[place] ^ 1);
    const auto read = core::parse_snapshot(damaged, owner());
    BOOST_CHECK_MESSAGE(read.code() == StatusCode::invalid_argument, "place " << place);
  }
  BOOST_CHECK(!core::parse_snapshot("", owner()).ok());
}

BOOST_AUTO_TEST_CASE(AnotherNodesIsRefusedInWords) {
  const std::string text = core::snapshot_text(owner(), snapshot(5));
  const auto other = core::parse_snapshot(text, {"dev", *NodeId::parse("worker-b")});
  BOOST_CHECK(other.code() == StatusCode::failed_precondition);
  BOOST_CHECK(other.status().message.find("worker-a") != std::string::npos);
  BOOST_CHECK(!core::parse_snapshot(text, {"prod", *NodeId::parse("worker-a")}).ok());
}

BOOST_AUTO_TEST_CASE(TheFileIsItsOwnersAloneAndReplacedWhole) {
  char holder[] = "/tmp/rpcnet-snapshot-XXXXXX";
  BOOST_REQUIRE(mkdtemp(holder) != nullptr);
  const std::string file = std::string(holder) + "/snapshot";
  BOOST_CHECK(core::read_snapshot(file, owner()).code() == StatusCode::not_found);
  // Somebody left one behind that all may read.
  std::ofstream(file + ".new") << "old";
  BOOST_REQUIRE(chmod((file + ".new").c_str(), 0644) == 0);
  BOOST_CHECK(core::write_snapshot(file, core::snapshot_text(owner(), snapshot(3))).ok());
  struct stat is{};
  BOOST_REQUIRE(stat(file.c_str(), &is) == 0);
  BOOST_CHECK_EQUAL(is.st_mode & 0777, 0600u);
  BOOST_CHECK(stat((file + ".new").c_str(), &is) != 0);
  const auto read = core::read_snapshot(file, owner());
  BOOST_REQUIRE_MESSAGE(read.ok(), to_text(read.status()));
  BOOST_CHECK(same(*read, snapshot(3)));
  const Status nowhere = core::write_snapshot("/nonexistent/snapshot", "x");
  BOOST_CHECK(!nowhere.ok());
  BOOST_CHECK(nowhere.message.find("/nonexistent/snapshot") != std::string::npos);
  std::remove(file.c_str());
  std::remove(holder);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rpcnet::test
