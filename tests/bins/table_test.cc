// Tables that people read: columns, widths, and what peers put into cells.
#include <boost/test/unit_test.hpp>

#include <string>

#include "bins/rpcnet/members_table.h"
#include "bins/rpcnet/table.h"

using namespace rpcnet;
using namespace rpcnet::bins;

BOOST_AUTO_TEST_SUITE(ToolTable)

BOOST_AUTO_TEST_CASE(ColumnsAreAsWideAsWhatIsInThem) {
  Table table({"A", "LONG TITLE", "C"});
  table.add({"wide cell", "x", "end"});
  table.add({"é", "", "…"});
  BOOST_CHECK_EQUAL(table.text(),
                    "A          LONG TITLE  C\n"
                    "wide cell  x           end\n"
                    "é          -           …\n");
}

BOOST_AUTO_TEST_CASE(LinesAreCutToTheTerminal) {
  BOOST_CHECK_EQUAL(cut("abcdef", 6), "abcdef");
  BOOST_CHECK_EQUAL(cut("abcdef", 5), "abcd…");
  BOOST_CHECK_EQUAL(cut("äöü", 2), "ä…");
  BOOST_CHECK_EQUAL(cut("äöü", 1), "…");
  BOOST_CHECK_EQUAL(cut("äöü", 0), "");
  Table table({"A"});
  table.add({std::string(100, 'x')});
  for (std::size_t width = 1; width < 120; ++width) {
    const std::string text = table.text(width);
    const std::string last = text.substr(text.find('\n') + 1);
    BOOST_CHECK_EQUAL(columns_of(last), std::min<std::size_t>(width, 100) + 1);
  }
}

BOOST_AUTO_TEST_CASE(CellsOfPeersCannotCommandTheTerminal) {
  Table table({"A"});
  table.add({"x\x1b[2J\ny\xff"});
  BOOST_CHECK_EQUAL(table.text(), "A\nx?[2J?y?\n");
}

BOOST_AUTO_TEST_CASE(MembersAreTold) {
  v1::MembersResponse members;
  members.set_self("a");
  members.set_local_health(2);
  members.set_partition("1 of 2\x1b members");
  auto* self = members.add_members();
  self->set_id("a");
  self->set_address("127.0.0.1:1");
  self->set_state(v1::Member::ALIVE);
  (*self->mutable_tags())["zone"] = "eu";
  (*self->mutable_tags())["gpu"] = "no";
  auto* other = members.add_members();
  other->set_id("b");
  other->set_address("127.0.0.1:2");
  other->set_state(v1::Member::SUSPECT);
  other->set_incarnation(7);
  other->set_phi_milli(12'345);
  other->set_silent_ms(4'099);
  other->set_active_calls(3);
  other->add_accusers("a");
  other->add_accusers("c");
  BOOST_CHECK_EQUAL(
      members_table(members),
      "MEMBER  ADDRESS      STATE    INCARNATION  PHI   CALLS  SILENT  ACCUSED BY  TAGS\n"
      "a *     127.0.0.1:1  alive    0            -     -      -       -           gpu=no,zone=eu\n"
      "b       127.0.0.1:2  suspect  7            12.3  3      4.0 s   a,c         -\n"
      "local health of a: 2 (0 is well)\n"
      "partition: 1 of 2? members\n");
  self->set_avoided(true);
  BOOST_CHECK(members_table(members).find("alive, avoided  0") != std::string::npos);
  self->set_degraded(true);
  BOOST_CHECK(members_table(members).find("alive, degraded  0") != std::string::npos);
  v1::ClusterEvent event;
  event.set_kind("NodeFailed");
  *event.mutable_member() = *other;
  event.mutable_member()->set_state(v1::Member::DEAD);
  BOOST_CHECK_EQUAL(event_line(event), "NodeFailed: b at 127.0.0.1:2, dead, incarnation 7");
}

BOOST_AUTO_TEST_SUITE_END()
