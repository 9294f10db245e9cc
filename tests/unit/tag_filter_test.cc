// Which members a filter means.
#include "engine/tag_filter.h"

#include <boost/test/unit_test.hpp>

using namespace rpcnet;

BOOST_AUTO_TEST_SUITE(tag_filter)

BOOST_AUTO_TEST_CASE(AllConditionsMustHold) {
  const auto filter = parse_tag_filter("role=worker,zone=eu-1");
  BOOST_REQUIRE(filter.has_value());
  BOOST_TEST(filter->matches({{"role", "worker"}, {"zone", "eu-1"}, {"gpu", "true"}}));
  BOOST_TEST(!filter->matches({{"role", "worker"}}));
  BOOST_TEST(!filter->matches({{"role", "worker"}, {"zone", "eu-2"}}));
  BOOST_TEST(!filter->matches({}));
}

BOOST_AUTO_TEST_CASE(AnEmptyFilterMeansEverybody) {
  BOOST_REQUIRE(parse_tag_filter("").has_value());
  BOOST_TEST(parse_tag_filter("")->matches({}));
  BOOST_TEST(parse_tag_filter("")->matches({{"role", "worker"}}));
}

BOOST_AUTO_TEST_CASE(AValueMayBeEmptyAndHoldEqualsSigns) {
  BOOST_TEST(parse_tag_filter("a=")->matches({{"a", ""}}));
  BOOST_TEST(!parse_tag_filter("a=")->matches({}));
  BOOST_TEST(parse_tag_filter("a=b=c")->matches({{"a", "b=c"}}));
}

BOOST_AUTO_TEST_CASE(MalformedFiltersAreRefused) {
  for (const char* text : {"role", "=worker", "role=worker,", ",role=worker", "a=b,,c=d", ","}) {
    BOOST_TEST(!parse_tag_filter(text).has_value(), text);
  }
}

BOOST_AUTO_TEST_SUITE_END()
