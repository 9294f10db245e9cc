// The order and the number of sendings.
#include "engine/swim/dissemination.h"

#include <boost/test/unit_test.hpp>
#include <vector>

using namespace rpcnet;
using namespace rpcnet::swim;

namespace {

// One message with room for `room` pieces.
std::vector<Slot> message(Dissemination& news, std::uint32_t limit, std::size_t room) {
  std::vector<Slot> taken;
  news.offer(limit, [&](Slot slot, NewsKind) {
    if (taken.size() == room) return false;
    taken.push_back(slot);
    return true;
  });
  return taken;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(swim_dissemination)

BOOST_AUTO_TEST_CASE(UrgencyComesFirst) {
  Dissemination news;
  news.add_tags(1);
  news.add_liveness(2, MemberStatus::alive);
  news.add_liveness(3, MemberStatus::suspect);
  news.add_refutation(6);
  news.add_liveness(4, MemberStatus::left);
  news.add_liveness(5, MemberStatus::dead);
  news.add_liveness(kSelf, MemberStatus::alive);
  BOOST_TEST((message(news, 10, 7) == std::vector<Slot>{kSelf, 4, 5, 6, 3, 2, 1}));
}

// rpcnet 5.1 no. 3: an update was sent once and removed.
BOOST_AUTO_TEST_CASE(EachPieceIsSentAsOftenAsTheLimitSays) {
  Dissemination news;
  news.add_liveness(1, MemberStatus::dead);
  for (int i = 0; i < 7; ++i) BOOST_TEST((message(news, 7, 3) == std::vector<Slot>{1}));
  BOOST_TEST(news.empty());
}

BOOST_AUTO_TEST_CASE(WhatWasSentLeastGoesFirst) {
  Dissemination news;
  for (Slot slot = 1; slot <= 4; ++slot) news.add_liveness(slot, MemberStatus::alive);
  BOOST_TEST((message(news, 10, 2) == std::vector<Slot>{1, 2}));
  BOOST_TEST((message(news, 10, 2) == std::vector<Slot>{3, 4}));
  news.add_liveness(5, MemberStatus::alive);
  BOOST_TEST((message(news, 10, 2) == std::vector<Slot>{5, 1}));
}

BOOST_AUTO_TEST_CASE(NewerNewsReplacesOlderAndBeginsAnew) {
  Dissemination news;
  news.add_liveness(1, MemberStatus::suspect);
  message(news, 3, 1);
  message(news, 3, 1);
  news.add_liveness(1, MemberStatus::dead);
  BOOST_TEST(news.size() == 1U);
  for (int i = 0; i < 3; ++i) BOOST_TEST(message(news, 3, 1).size() == 1U);
  BOOST_TEST(news.empty());
}

BOOST_AUTO_TEST_CASE(PeekNamesWhatWillBeOfferedNext) {
  Dissemination news;
  for (Slot slot = 1; slot <= 5; ++slot) news.add_liveness(slot, MemberStatus::alive);
  message(news, 10, 2);
  news.add_liveness(6, MemberStatus::dead);
  std::vector<Slot> peeked;
  news.peek(4, [&](Slot slot) { peeked.push_back(slot); });
  BOOST_TEST((peeked == std::vector<Slot>{6, 3, 4, 5}));
  BOOST_TEST((message(news, 10, 4) == peeked));
}

BOOST_AUTO_TEST_CASE(ForgottenNewsIsNotSent) {
  Dissemination news;
  news.add_liveness(1, MemberStatus::dead);
  news.add_tags(1);
  news.add_liveness(2, MemberStatus::alive);
  news.forget(1);
  BOOST_TEST((message(news, 3, 9) == std::vector<Slot>{2}));
}

BOOST_AUTO_TEST_SUITE_END()
