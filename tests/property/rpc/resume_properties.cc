// A reader against servers that answer as they like: late, early, wrongly, or not to the end.
//
// Model: a stream of so many items. A server may begin at any item, send any number of the items
// that follow, and end in any way. Whatever they do, the reader delivers 1, 2, 3, ... and one end;
// and it ends well only when it has delivered all that the last server says there is.
#include <rapidcheck.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <vector>

#include "engine/rpc/resume.h"
#include "engine/rpc/retry.h"

using namespace rpcnet;
using namespace rpcnet::rpc;
using namespace std::chrono_literals;

namespace {

constexpr StatusCode kEnds[] = {StatusCode::ok,          StatusCode::unavailable,
                                StatusCode::unavailable, StatusCode::unavailable,
                                StatusCode::internal,    StatusCode::resource_exhausted};

NodeId worker(std::uint32_t number) {
  return *NodeId::parse("worker-" + std::to_string(number % 5));
}

// One attempt: where it begins relative to what is asked for, how many items come, how it ends.
struct Attempt {
  std::uint32_t begin;
  std::uint32_t items;
  std::uint32_t end;
};

Metadata says(std::uint64_t first) { return {{std::string(kResumeFrom), std::to_string(first)}}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(resume_properties)

BOOST_AUTO_TEST_CASE(EveryItemOnceAndOneEnd) {
  const auto holds =
      [](const std::vector<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>>& attempts,
         std::uint64_t seed, std::uint8_t size_in) {
        const std::uint64_t size = size_in % 40;
        ResumeConfig config;
        Resume reader(config, 1);
        Rng rng(seed);
        Instant now{};
        std::vector<std::uint64_t> delivered;
        std::uint32_t fruitless = 0;
        for (const auto& [begin, items, ending] : attempts) {
          if (reader.end()) break;
          RC_ASSERT(reader.begin_at() >= now || delivered.empty() || fruitless <= 1);
          now = std::max(now, reader.begin_at());
          const std::uint64_t asked = reader.next();
          RC_ASSERT(asked == delivered.size() + 1);
          reader.on_begun();
          RC_ASSERT(!reader.opened());
          Status end{kEnds[ending % std::size(kEnds)], "", {}};
          const std::size_t had = delivered.size();
          if (begin % 7 == 6) {
            // Silent about its first item, or it never answers.
            if (begin % 2 == 0) end = reader.on_opened({}).value_or(Status{});
            RC_ASSERT(begin % 2 == 1 || !end.ok());
          } else {
            const std::uint64_t first = begin % 7 == 5
                                            ? asked + 1 + begin % 3
                                            : asked - std::min<std::uint64_t>(begin % 7, asked - 1);
            const auto useless = reader.on_opened(says(first));
            RC_ASSERT(useless.has_value() == (first > asked));
            if (useless) {
              end = *useless;
            } else {
              const std::uint64_t last = std::min<std::uint64_t>(size, first + items % 12 - 1);
              for (std::uint64_t item = first; item <= last; ++item) {
                if (reader.on_item()) delivered.push_back(item);
              }
              if (end.ok() && last < size) end.code = StatusCode::unavailable;
            }
          }
          fruitless = delivered.size() > had ? 1 : fruitless + 1;
          const bool over = reader.on_ended(now, end, {}, worker(items), rng);
          RC_ASSERT(over == reader.end().has_value());
          if (reader.end() && reader.end()->ok()) RC_ASSERT(delivered.size() == size);
          RC_ASSERT(over || fruitless < config.attempts_max);
          const auto lost = reader.lost(now);
          if (!over) RC_ASSERT(lost.back() == worker(items));
          RC_ASSERT(reader.lost(now + config.lost_for).empty());
          now += 1ms;
        }
        for (std::size_t i = 0; i < delivered.size(); ++i) RC_ASSERT(delivered[i] == i + 1);
      };
  BOOST_TEST(rc::check("every item once and one end", holds));
}

BOOST_AUTO_TEST_SUITE_END()
