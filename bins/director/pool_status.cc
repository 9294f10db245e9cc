#include "bins/director/pool_status.h"

#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <utility>

#include "bins/membership.h"

namespace rpcnet::bins {
namespace {

// Looked at rather than subscribed to: a worker that is silent for too long is avoided before any
// event of the membership says so.
constexpr auto kLook = std::chrono::milliseconds(200);
constexpr int kLooksUntilToldAgain = 25;

std::string name_of(const Member& member) {
  return label_of(member) + " at " + to_text(member.address);
}

}  // namespace

PoolStatus::PoolStatus(WorkerRegistry registry, Console console)
    : registry_(std::move(registry)), console_(console) {}

std::vector<std::string> PoolStatus::available() const {
  std::vector<std::string> names;
  for (const WorkerView& worker : registry_.workers()) {
    if (!worker.avoid) names.push_back(name_of(worker.member));
  }
  return names;
}

void PoolStatus::tell() {
  told_ = available();
  console_.info("📊", "Worker pool status: {} workers available", told_.size());
  for (const WorkerView& worker : registry_.workers()) {
    console_.info({}, "   - {} ({} connections{})", name_of(worker.member), worker.load(),
                  worker.avoid ? ", not answering" : "");
  }
}

asio::awaitable<void> PoolStatus::watch() {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (int looks = 1;; ++looks) {
    timer.expires_after(kLook);
    co_await timer.async_wait(asio::use_awaitable);
    if (looks < kLooksUntilToldAgain && available() == told_) continue;
    tell();
    looks = 0;
  }
}

}  // namespace rpcnet::bins
