// A stream of many messages whose reader is slower than its writer: what it holds of memory, and
// how soon all of it is given back when the reader goes in the midst.
//
//   RPCNET_MESSAGES=1000000 build/tests/test_io --run_test=LongStreams -l message
#include <malloc.h>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "io/system.h"
#include "tests/io/support/rig.h"

using namespace rpcnet;
using namespace rpcnet::test;

namespace {

constexpr std::size_t kSize = 100;  // of a message, bytes

std::uint64_t messages() {
  const char* wished = std::getenv("RPCNET_MESSAGES");
  return wished != nullptr ? std::strtoull(wished, nullptr, 10) : 100'000;
}

// What the process has taken from the allocator and not given back: both sides together.
std::size_t in_use() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

struct Feed {
  asio::io_context context;
  Host server = start(context);
  Host client = start(context);
  std::uint64_t written = 0;

  Feed() {
    server.serve_stream("Feed.all", [this](ServerCall& call) -> asio::awaitable<Status> {
      while (true) {
        Bytes message = pattern(kSize, static_cast<std::uint32_t>(written));
        const bool room = co_await call.write(std::move(message));
        if (!room) co_return error(StatusCode::cancelled, "the caller has gone");
        ++written;
      }
    });
  }

  // Nothing of the stream is left, on either side.
  bool is_quiet() const {
    const auto there = server.counters().quic;
    const auto here = client.counters().quic;
    return server.serving() == 0 && there.streams == 0 && there.send_buffer_bytes == 0 &&
           here.streams == 0;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(LongStreams)

BOOST_AUTO_TEST_CASE(HoldWhatTheWindowsHoldAndGiveItBackAtOnce) {
  Feed feed;
  const std::uint64_t count = messages();
  std::size_t least = SIZE_MAX;
  std::size_t most = 0;
  run(
      feed.context,
      [&]() -> asio::awaitable<void> {
        const std::size_t before = in_use();
        ClientCall call =
            feed.client.open(peer_of(feed.server), "Feed.all", {.timeout = no_deadline});
        for (std::uint64_t i = 0; i < count; ++i) {
          const std::optional<Bytes> message = co_await call.read();
          BOOST_REQUIRE(message.has_value());
          if (i % 1000 == 0) {
            BOOST_REQUIRE(*message == pattern(kSize, static_cast<std::uint32_t>(i)));
            // Slow: the writer has filled all windows whenever it goes on.
            co_await pause(1ms);
          }
          if (i >= count / 10 && i % 100 == 0) {
            least = std::min(least, in_use());
            most = std::max(most, in_use());
          }
        }
        const Instant gone = system_now();
        call.cancel();
        BOOST_TEST(co_await eventually([&] { return feed.is_quiet(); }));
        const auto freed =
            std::chrono::duration_cast<std::chrono::microseconds>(system_now() - gone);
        const std::size_t after = in_use();
        BOOST_TEST_MESSAGE("long stream: messages="
                           << count << " held_kb_min=" << (least - std::min(least, before)) / 1024
                           << " held_kb_max=" << (most - before) / 1024 << " left_kb="
                           << (after - before) / 1024 << " freed_after_us=" << freed.count());
        // All that was written and not read yet is in the windows of one stream.
        const std::size_t ahead = (feed.written - count) * kSize;
        BOOST_TEST(ahead <= (std::size_t{4} << 20));
      },
      600s);
  // The same at the end as after the first tenth, however long it was.
  BOOST_TEST(most - least <= (std::size_t{8} << 20));
}

BOOST_AUTO_TEST_SUITE_END()
