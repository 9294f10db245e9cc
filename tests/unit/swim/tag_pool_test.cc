// One set for all who say the same.
#include "engine/swim/tag_pool.h"

#include <boost/test/unit_test.hpp>

#include "engine/swim/message.h"

using namespace rpcnet;
using namespace rpcnet::swim;

BOOST_AUTO_TEST_SUITE(swim_tag_pool)

BOOST_AUTO_TEST_CASE(EqualTagsAreOneSetHoweverTheyCame) {
  TagPool pool;
  const Tags tags{{"role", "worker"}, {"zone", "a"}};
  const TagPool::Set* by_tags = pool.hold(tags);
  BOOST_TEST(pool.hold(serialize(tags)) == by_tags);
  BOOST_TEST((by_tags->tags == tags));
  BOOST_TEST(pool.hold(Tags{{"role", "director"}}) != by_tags);
  BOOST_TEST(pool.size() == 2U);
}

// A stranger may write a length in more bytes than it needs.
BOOST_AUTO_TEST_CASE(LengthsWrittenLongAreTheSameTags) {
  TagPool pool;
  const Bytes long_form{0x40, 0x01, 0x40, 0x01, 'k', 0x40, 0x01, 'v'};
  const TagPool::Set* set = pool.hold(BytesView(long_form));
  BOOST_TEST((set->tags == Tags{{"k", "v"}}));
  BOOST_TEST(pool.hold(Tags{{"k", "v"}}) == set);
}

BOOST_AUTO_TEST_CASE(ASetEndsWithItsLastUse) {
  TagPool pool;
  const Tags tags{{"role", "worker"}};
  const TagPool::Set* set = pool.hold(tags);
  pool.hold(tags);
  pool.release(set);
  BOOST_TEST(pool.size() == 1U);
  pool.release(set);
  BOOST_TEST(pool.size() == 0U);
  BOOST_TEST((pool.hold(tags)->tags == tags));
  BOOST_TEST(pool.size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
