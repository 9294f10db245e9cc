#include "bins/rpcnet/lines.h"

#include <unistd.h>

#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <array>
#include <cerrno>
#include <mutex>
#include <thread>
#include <utility>

#include "bins/options.h"

namespace rpcnet::bins {
namespace {

constexpr std::size_t kLineMax = std::size_t{256} << 20;

}  // namespace

struct Lines::State {
  explicit State(asio::io_context& with)
      : context(&with), arrived(std::in_place, with, asio::steady_timer::time_point::max()) {}

  // The reading thread's, while it reads.
  std::string rest;
  bool ended = false;
  bool too_long = false;
  std::optional<std::string> line;

  // The context and what belongs to it, which the thread may outlive.
  std::mutex alive;
  asio::io_context* context;  // null: nobody waits any more
  std::optional<asio::steady_timer> arrived;
  bool ready = false;
};

Lines::Lines(asio::io_context& context) : state_(std::make_shared<State>(context)) {}

Lines::~Lines() {
  const std::scoped_lock lock(state_->alive);
  state_->context = nullptr;
  state_->arrived.reset();
}

void Lines::read(const std::shared_ptr<State>& state) {
  std::size_t searched = 0;
  std::size_t end = std::string::npos;
  while ((end = state->rest.find('\n', searched)) == std::string::npos && !state->ended) {
    searched = state->rest.size();
    if (searched > kLineMax) {
      state->too_long = true;
      break;
    }
    std::array<char, 65536> part;
    const ssize_t got = ::read(STDIN_FILENO, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) state->ended = true;
    if (got > 0) state->rest.append(part.data(), static_cast<std::size_t>(got));
  }
  if (end != std::string::npos) {
    state->line = state->rest.substr(0, end);
    state->rest.erase(0, end + 1);
  } else if (!state->rest.empty()) {
    state->line = std::exchange(state->rest, {});
  }
  const std::scoped_lock lock(state->alive);
  if (state->context == nullptr) return;
  asio::post(*state->context, [state] {
    state->ready = true;
    if (state->arrived) state->arrived->cancel();
  });
}

asio::awaitable<std::optional<std::string>> Lines::next() {
  // Not of this object: who waits may be destroyed with it.
  const auto state = state_;
  state->ready = false;
  state->line.reset();
  std::thread([state] { read(state); }).detach();
  while (!state->ready) {
    asio::error_code woken;
    co_await state->arrived->async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
  ++number_;
  if (state->too_long) {
    throw Exit{kUsage, "line " + std::to_string(number_) + " of the input is over 256 MiB"};
  }
  co_return std::exchange(state->line, std::nullopt);
}

}  // namespace rpcnet::bins
