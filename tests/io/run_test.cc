// rpcnet::run, with what a process that has one Host may meet.
#include "io/run.h"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <memory>
#include <stdexcept>

#include "tests/io/support/rig.h"

namespace rpcnet::test {
namespace {

BOOST_AUTO_TEST_SUITE(Run)

BOOST_AUTO_TEST_CASE(IsOneWhenTheHostCannotStart) {
  BOOST_TEST(rpcnet::run({.bind = "nowhere"}, [](Host&) { BOOST_FAIL("it has not started"); }) ==
             1);
}

BOOST_AUTO_TEST_CASE(IsOneWhenTheCoroutineThrows) {
  const auto work = [](Host&) -> asio::awaitable<void> {
    throw std::runtime_error("no");
    co_return;
  };
  BOOST_TEST(rpcnet::run(options(), work) == 1);
}

BOOST_AUTO_TEST_CASE(EndsWithTheCoroutine) {
  bool worked = false;
  const auto work = [&worked](Host& host) -> asio::awaitable<void> {
    worked = host.address().port != 0;
    co_return;
  };
  BOOST_TEST(rpcnet::run(options(), work) == 0);
  BOOST_TEST(worked);
}

BOOST_AUTO_TEST_CASE(ServesUntilItIsToldToEnd) {
  bool serves = false;
  const int status = rpcnet::run(options(), [&serves](Host& host) {
    serves = true;
    std::raise(SIGTERM);  // before anybody waits for it
    host.serve("Echo.echo", [](ServerCall&, Bytes request) -> asio::awaitable<Result<Bytes>> {
      co_return request;
    });
  });
  BOOST_TEST(status == 0);
  BOOST_TEST(serves);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rpcnet::test
