// Names of nodes, numbers of links, streams and calls.
#include "engine/ids.h"

#include <boost/test/unit_test.hpp>
#include <string>

#include "engine/transport.h"

using namespace rpcnet;

BOOST_AUTO_TEST_SUITE(ids)

BOOST_AUTO_TEST_CASE(ANodeIdIsShortAndPlain) {
  for (const std::string text : {"a", "worker-1", "eu.west_2", "0"}) {
    BOOST_REQUIRE(NodeId::parse(text).has_value());
    BOOST_TEST(NodeId::parse(text)->text() == text);
  }
  for (const std::string text : {"", "A", "a b", "a/b", "\xc3\xa4", "a*"}) {
    BOOST_TEST(!NodeId::parse(text).has_value());
  }
  BOOST_TEST(NodeId::parse(std::string(NodeId::kMaxSize, 'x')).has_value());
  BOOST_TEST(!NodeId::parse(std::string(NodeId::kMaxSize + 1, 'x')).has_value());
}

BOOST_AUTO_TEST_CASE(NumbersTellWhoChoseThem) {
  BOOST_TEST(LinkId{2}.dialled());
  BOOST_TEST(!LinkId{3}.dialled());
  BOOST_TEST(CallId{1}.outgoing());
  BOOST_TEST(!CallId{2}.outgoing());
  BOOST_TEST(StreamId{4}.opened_by_dialler());
  BOOST_TEST(!StreamId{5}.opened_by_dialler());
}

BOOST_AUTO_TEST_CASE(ACertificateCoversItsNodeOrItsPattern) {
  const NodeId worker = *NodeId::parse("worker-1");
  BOOST_TEST((PeerIdentity{"c", "worker-1"}).covers(worker));
  BOOST_TEST((PeerIdentity{"c", "worker-*"}).covers(worker));
  BOOST_TEST((PeerIdentity{"c", "*"}).covers(worker));
  BOOST_TEST(!(PeerIdentity{"c", "worker"}).covers(worker));
  BOOST_TEST(!(PeerIdentity{"c", "worker-11"}).covers(worker));
  BOOST_TEST(!(PeerIdentity{"c", "client-*"}).covers(worker));
  BOOST_TEST(!(PeerIdentity{"c", ""}).covers(worker));
}

BOOST_AUTO_TEST_SUITE_END()
