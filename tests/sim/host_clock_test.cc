// A host's clock: drifts, jumps, never runs backwards, and can be asked when it will show a time.
#include "sim/host_clock.h"

#include <boost/test/unit_test.hpp>

namespace rpcnet::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Moment after(Duration duration) { return Moment(duration); }
Instant shows(Duration duration) { return Instant(duration); }

}  // namespace

BOOST_AUTO_TEST_SUITE(HostClockModel)

BOOST_AUTO_TEST_CASE(BeginsAtItsOffsetAndGainsItsDrift) {
  const HostClock clock(seconds(7), 1000);  // a millisecond a second
  BOOST_TEST((clock.local(after(Duration::zero())) == shows(seconds(7))));
  BOOST_TEST((clock.local(after(seconds(10))) == shows(seconds(17) + milliseconds(10))));
}

BOOST_AUTO_TEST_CASE(WhenIsTheFirstMomentThatShowsTheTime) {
  for (const std::int64_t ppm : {-200'000, -37, 0, 1, 999, 200'000}) {
    HostClock clock(milliseconds(1234), ppm);
    clock.jump(after(milliseconds(77)), milliseconds(5));
    for (std::int64_t i = 0; i < 200; ++i) {
      const Instant wanted = clock.local(after(seconds(1))) + Duration(i * 7919);
      const Moment moment = clock.when(wanted);
      BOOST_TEST_REQUIRE((clock.local(moment) >= wanted));
      BOOST_TEST_REQUIRE((clock.local(moment - Duration(1)) < wanted));
    }
  }
}

BOOST_AUTO_TEST_CASE(JumpsAheadAndChangesItsRateWithoutRunningBackwards) {
  HostClock clock(Duration::zero(), 300);
  Instant last = clock.local(after(Duration::zero()));
  for (int i = 1; i < 1000; ++i) {
    const Moment now = after(milliseconds(i));
    if (i % 100 == 0) clock.drift(now, i % 200 == 0 ? -100'000 : 100'000);
    if (i % 250 == 0) clock.jump(now, seconds(3));
    const Instant shown = clock.local(now);
    BOOST_TEST_REQUIRE((shown > last));
    last = shown;
  }
  BOOST_TEST((last >= shows(seconds(9))));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rpcnet::sim
