// Posting between the threads, and their beginning and end.
#include "io/core/io_threads.h"

#include <signal.h>

#include <algorithm>
#include <array>
#include <bit>
#include <exception>
#include <functional>
#include <type_traits>

#include "engine/assert.h"
#include "io/core/core.h"

namespace rpcnet::core {
namespace {

// Which thread of which host this is.
thread_local const IoThreads* of_host = nullptr;
thread_local std::size_t index_here = 0;

// Handlers that were cancelled at the end get so many rounds to clean up.
constexpr int kLastRounds = 1000;

// Structs of nothing but counts.
template <typename Counts>
void add(Counts& to, const Counts& from) {
  static_assert(std::is_trivially_copyable_v<Counts> && sizeof(Counts) % 8 == 0);
  using Raw = std::array<std::uint64_t, sizeof(Counts) / 8>;
  auto sum = std::bit_cast<Raw>(to);
  const auto more = std::bit_cast<Raw>(from);
  std::transform(sum.begin(), sum.end(), more.begin(), sum.begin(), std::plus<>());
  to = std::bit_cast<Counts>(sum);
}

void add(UdpCounters& to, const UdpCounters& from) {
  to.reads += from.reads;
  to.datagrams_in += from.datagrams_in;
  to.sends += from.sends;
  to.datagrams_out += from.datagrams_out;
  to.kernel_dropped += from.kernel_dropped;
  to.truncated += from.truncated;
  to.too_large += from.too_large;
  to.send_blocked += from.send_blocked;
  to.send_failed += from.send_failed;
  to.unreachable += from.unreachable;
  to.handed_over += from.handed_over;
  to.handed_over_dropped += from.handed_over_dropped;
  to.segmentation = to.segmentation && from.segmentation;
  to.coalescing = to.coalescing && from.coalescing;
  to.receive_buffer_bytes += from.receive_buffer_bytes;
  to.send_buffer_bytes += from.send_buffer_bytes;
}

}  // namespace

IoThreads::IoThreads(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    threads_.push_back(std::make_unique<Thread>());
    if (i == 0) continue;
    threads_[i]->own = std::make_unique<asio::io_context>(1);
    threads_[i]->context = threads_[i]->own.get();
  }
}

IoThreads::~IoThreads() { stop(); }

void IoThreads::set_first(Core& core, asio::io_context& context) {
  first_ = &core;
  threads_[0]->context = &context;
}

void IoThreads::set(std::size_t index, std::shared_ptr<Core> core) {
  threads_[index]->core = std::move(core);
}

Core* IoThreads::core_of(std::size_t index) const {
  return index == 0 ? first_ : threads_[index]->core.get();
}

const std::shared_ptr<Core>* IoThreads::here() const {
  return of_host == this ? &threads_[index_here]->core : nullptr;
}

// ------------------------------------------------------------------------------ beginning and end

void IoThreads::launch() {
  if (launched_ || stopped_) return;
  launched_ = true;
  for (std::size_t i = 1; i < threads_.size(); ++i) threads_[i]->core->start();
  // Signals are for the application's own threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (std::size_t i = 1; i < threads_.size(); ++i) {
    threads_[i]->thread = std::thread([this, i] { run(i); });
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void IoThreads::run(std::size_t index) {
  of_host = this;
  index_here = index;
  Thread& self = *threads_[index];
  const auto work = asio::make_work_guard(*self.context);
  while (!self.context->stopped()) {
    try {
      self.context->run();
    } catch (...) {
      // As with one thread: it leaves the application's io_context::run.
      on_first([thrown = std::current_exception()](Core&) { std::rethrow_exception(thrown); });
    }
  }
  self.context->restart();
  for (int round = 0; round < kLastRounds && self.context->poll() > 0; ++round) {
  }
}

void IoThreads::stop() {
  if (stopped_) return;
  ENGINE_ASSERT(of_host != this);  // a thread cannot wait for itself: see Host
  stopped_ = true;
  for (std::size_t i = 1; i < threads_.size(); ++i) {
    Thread& one = *threads_[i];
    if (!one.core) continue;
    if (!launched_) {
      one.core->stop();
      continue;
    }
    asio::post(*one.context, [&one] {
      one.core->stop();
      one.context->stop();
    });
  }
  for (const auto& one : threads_) {
    if (one->thread.joinable()) one->thread.join();
  }
  // Frames of coroutines go with their context, before what they may still refer to.
  for (std::size_t i = threads_.size(); i-- > 1;) threads_[i]->core.reset();
}

// --------------------------------------------------------------------------------------- posting

void IoThreads::on_others(const std::function<void(Core&)>& f) {
  const std::size_t self = of_host == this ? index_here : 0;
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    if (i == self) continue;
    if (!launched_) {
      f(*core_of(i));
    } else if (i == 0) {
      on_first(f);
    } else {
      asio::post(*threads_[i]->context, [core = threads_[i]->core.get(), f] { f(*core); });
    }
  }
}

void IoThreads::on_first(std::function<void(Core&)> f) {
  asio::post(*threads_[0]->context, [weak = first_->weak_from_this(), f = std::move(f)] {
    if (const auto core = weak.lock()) f(*core);
  });
}

bool IoThreads::hand_over(std::size_t to, HandedOver&& what) {
  Thread& one = *threads_[to];
  {
    const std::lock_guard lock(one.mailbox);
    if (one.waiting_bytes + what.bytes.size() > kWaitingMax) return false;
    one.waiting_bytes += what.bytes.size();
    one.waiting.push_back(std::move(what));
    if (!std::exchange(one.fetched, false)) return true;
  }
  if (to == 0) {
    on_first([this](Core&) { fetch(0); });
  } else {
    asio::post(*one.context, [this, to] { fetch(to); });
  }
  return true;
}

void IoThreads::hand_to_others(std::size_t from, const HandedOver& what) {
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    if (i != from) hand_over(i, HandedOver(what));
  }
}

void IoThreads::fetch(std::size_t index) {
  Thread& self = *threads_[index];
  std::vector<HandedOver> fetched;
  {
    const std::lock_guard lock(self.mailbox);
    fetched.swap(self.waiting);
    self.waiting_bytes = 0;
    self.fetched = true;
  }
  core_of(index)->take(std::move(fetched));
}

// ---------------------------------------------------------------------------------------- numbers

void IoThreads::tell(std::size_t index, std::size_t serving, const HostCounters& counters) {
  Thread& self = *threads_[index];
  const std::lock_guard lock(self.told);
  self.serving = serving;
  self.counters = counters;
}

std::size_t IoThreads::serving_but(std::size_t index) const {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    if (i == index) continue;
    const std::lock_guard lock(threads_[i]->told);
    sum += threads_[i]->serving;
  }
  return sum;
}

void IoThreads::add_others(std::size_t index, HostCounters& counters) const {
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    if (i == index) continue;
    const std::lock_guard lock(threads_[i]->told);
    const HostCounters& other = threads_[i]->counters;
    add(counters.udp, other.udp);
    add(counters.quic, other.quic);
    add(counters.rpc, other.rpc);
    if (i == 0) {
      counters.swim = other.swim;
      counters.recording = other.recording;
    }
    counters.handlers_failed += other.handlers_failed;
    counters.unknown_methods += other.unknown_methods;
    counters.calls_denied += other.calls_denied;
    counters.events_coalesced += other.events_coalesced;
    counters.calls_turned_away += other.calls_turned_away;
  }
}

}  // namespace rpcnet::core
