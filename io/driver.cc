// The passes.
#include "io/driver.h"

#include <asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>
#include <variant>
#include <vector>

#include "io/core/io_threads.h"
#include "io/quic/steering.h"

namespace rpcnet {
namespace {

// Coroutines that answer each other inside one process could keep a pass busy for ever: after so
// many rounds the socket and the timer get their turn.
constexpr int kRounds = 16;

// After so many coroutines of a pass what they have sent leaves, if more of them wait; after twice
// as many the next time, and so on. Fewer would cost more system calls than the peer gains by
// beginning earlier, and of a long pass it is only the beginning that counts. And whenever there
// is so much to send that to wait for more saves nothing.
constexpr std::size_t kEarlyTasks = 16;
constexpr std::size_t kEarlyBytes = 32 * 1024;

// What has been received is worked on after so many bytes, or as soon as so much has come of it,
// even if there is more: for the same reason.
constexpr std::size_t kBiteBytes = 64 * 1024;
constexpr std::size_t kBiteOutputs = 32;

}  // namespace

Driver::Driver(asio::io_context& context, std::unique_ptr<UdpSocket> socket, NodeConfig node,
               const quic::EndpointConfig& endpoint, std::shared_ptr<const quic::TlsContext> tls,
               const RecordingOptions& recording, Duration spin, EventSink& sink,
               core::IoThreads* threads)
    : context_(context),
      runner_(core::Runner::of(context)),
      sink_(sink),
      socket_(std::move(socket)),
      node_(std::move(node)),
      recorder_(core::FlightRecorder::start(node_, now(), recording, recorded_)),
      endpoint_(endpoint, std::move(tls), entropy_, *this),
      timer_(context),
      spin_(spin),
      threads_(threads),
      index_(endpoint.owner) {}

void Driver::start(std::weak_ptr<void> owner) {
  owner_ = std::move(owner);
  watch_socket();
  schedule();
}

void Driver::stop(CloseCode code) {
  if (stopped_) return;
  stopped_ = true;
  const Instant time = tick();
  for (const LinkId link : links_.open()) {
    endpoint_.perform(time, CloseLink{link, code, "the process ends"});
  }
  endpoint_.flush(time, *socket_);
  if (recorder_) recorder_->close();
  recorder_.reset();
  timer_.cancel();
  socket_->close();
}

Outcome Driver::command(Command&& command) {
  const Instant time = tick();
  active_ = time;
  const Outcome outcome = feed([&](auto& node) { return node.handle(time, std::move(command)); });
  if (in_task_) perform_first();
  schedule();
  return outcome;
}

void Driver::schedule() {
  if (in_pass_ || scheduled_ || stopped_) return;
  scheduled_ = true;
  asio::post(context_, [this, owner = owner_] {
    const auto alive = owner.lock();
    if (!alive) return;
    scheduled_ = false;
    // Who spins looks at the socket each time.
    spin_ > Duration::zero() ? full_pass() : short_pass();
  });
}

// ------------------------------------------------------------------------------------------ pass

// Marks that a pass is under way. If user code throws through it, another one arms what this one
// did not come to arm.
class Driver::Mark {
 public:
  explicit Mark(Driver& driver) : driver_(driver) { driver_.in_pass_ = true; }
  Mark(const Mark&) = delete;
  Mark& operator=(const Mark&) = delete;
  ~Mark() {
    driver_.in_pass_ = false;
    if (std::uncaught_exceptions() > exceptions_) driver_.schedule();
  }

 private:
  Driver& driver_;
  const int exceptions_ = std::uncaught_exceptions();
};

void Driver::short_pass() {
  const auto due = deadline();
  if (due && *due <= now()) return full_pass();
  if (stopped_ || in_pass_) return;
  const core::Runner::Hold hold(runner_);
  {
    const Mark mark(*this);
    report_unreachable();
    work();
  }
  finish_pass();
}

void Driver::full_pass() {
  if (stopped_ || in_pass_) return;
  const core::Runner::Hold hold(runner_);
  {
    const Mark mark(*this);
    read();
    report_unreachable();
    fire_deadlines();
    work();
  }
  finish_pass();
}

void Driver::read() {
  // At most what the kernel can have held when the pass began; so a flood cannot keep deadlines
  // from being judged, and nothing that came before the pass is left unread by then.
  const std::size_t limit = std::max<std::uint64_t>(socket_->counters().receive_buffer_bytes, 1);
  for (std::size_t bytes = 0, bite = 0; bytes < limit;) {
    const auto batch = socket_->receive();
    if (batch.empty()) return;
    active_ = tick();
    for (const Datagram& datagram : batch) {
      bytes += datagram.bytes.size();
      bite += datagram.bytes.size();
      if (bite > kBiteBytes || node_.pending() >= kBiteOutputs) {
        bite = datagram.bytes.size();
        work();
        if (stopped_) return;
      }
      if (threads_ != nullptr && !is_mine(datagram)) continue;
      endpoint_.receive(latest_, datagram.local, datagram.remote, datagram.ecn, datagram.bytes);
    }
    bite = 0;
    work();
    if (stopped_) return;
  }
}

// What is not goes to the thread that it is for.
bool Driver::is_mine(const Datagram& datagram) {
  const auto owner = quic::owner_of(datagram.bytes, threads_->count());
  if (!owner || *owner == index_) return true;
  core::HandedOver handed{core::HandedOver::What::datagram, datagram.local, datagram.remote,
                          datagram.ecn, Bytes(datagram.bytes.begin(), datagram.bytes.end())};
  socket_->count_handed_over(threads_->hand_over(*owner, std::move(handed)));
  return false;
}

void Driver::take(std::vector<core::HandedOver> handed) {
  if (stopped_) return;
  const core::Runner::Hold hold(runner_);
  {
    const Mark mark(*this);
    for (const core::HandedOver& one : handed) {
      const Instant time = tick();
      active_ = time;
      switch (one.what) {
        case core::HandedOver::What::datagram:
          endpoint_.receive(time, one.local, one.remote, one.ecn, one.bytes);
          break;
        case core::HandedOver::What::stray:
          endpoint_.receive_stray(time, one.local, one.remote, one.bytes);
          break;
        case core::HandedOver::What::unreachable: report_unreachable(one.remote); break;
      }
    }
    work();
  }
  finish_pass();
}

void Driver::report_unreachable() {
  if (stopped_ || !socket_->has_unreachable()) return;
  for (const Address& remote : socket_->take_unreachable()) {
    report_unreachable(remote);
    // The kernel tells one of the sockets, whoever sent to there.
    if (threads_ != nullptr) {
      threads_->hand_to_others(index_, {core::HandedOver::What::unreachable, {}, remote, 0, {}});
    }
  }
}

void Driver::report_unreachable(const Address& remote) {
  const Instant time = tick();
  endpoint_.unreachable(time, remote);
  feed([&](auto& node) { node.handle_unreachable(time, remote); });
}

void Driver::fire_deadlines() {
  if (stopped_) return;
  const Instant time = tick();
  if (const auto due = endpoint_.deadline(); due && *due <= time) endpoint_.handle_timeout(time);
  if (const auto due = node_.deadline(); due && *due <= time) {
    sink_.on_due();
    const Instant later = tick();  // than the commands that this brought
    feed([&](auto& node) { node.handle_deadline(later); });
  }
}

// Orders, events, coroutines and packets, until nothing new comes of it.
void Driver::work() {
  for (int round = 0; round < kRounds && !stopped_; ++round) {
    std::size_t done = settle();
    done += run_tasks();
    // Coroutines answer coroutines: one flush for all of it.
    for (int inner = 0; inner < kRounds && done > 0; ++inner) {
      done = settle();
      done += run_tasks();
    }
    if (stopped_ || socket_->blocked()) return;
    flush();
    // Flushing can tell facts too, such as a link that ended for a limit.
    if (settle() == 0 && done == 0) return;
  }
  unfinished_ = true;
}

namespace {

// Sets a flag for its time.
class During {
 public:
  During(bool& flag, bool value) : flag_(flag), before_(std::exchange(flag, value)) {}
  During(const During&) = delete;
  During& operator=(const During&) = delete;
  ~During() { flag_ = before_; }

 private:
  bool& flag_;
  const bool before_;
};

}  // namespace

// Those that are ready now.
std::size_t Driver::run_tasks() {
  const std::size_t count = runner_.ready_count();
  std::size_t enough = kEarlyTasks;
  for (std::size_t left = count, since = 1; left > 0; --left, ++since) {
    {
      const During task(in_task_, true);
      if (!runner_.run_one()) break;
    }
    settle();
    if (left == 1 || stopped_ || socket_->blocked()) continue;
    if (since < enough && unsent_ < kEarlyBytes) continue;
    if (since >= enough) enough *= 2;
    since = 0;
    flush();
  }
  return count;
}

void Driver::flush() {
  unsent_ = 0;
  endpoint_.flush(tick(), *socket_);
}

// The clock, as it was for what the machines were told last, is right for what came of it.
Instant Driver::tick() { return latest_ = now(); }

// The orders that user code has just given cause to, while what they are about is in the cache.
// Events wait: they are for when it has finished.
void Driver::perform_first() {
  while (!stopped_ && node_.pending() > 0 && std::holds_alternative<Order>(node_.pending(0))) {
    perform(std::move(*std::get_if<Order>(node_.poll())));
  }
  if (node_.pending() == 0) node_.poll();  // the next ones use the same memory
}

void Driver::perform(Order&& order) {
  if (const auto* write = std::get_if<WriteStream>(&order)) unsent_ += write->bytes.size();
  links_.on_order(order);
  endpoint_.perform(latest_, std::move(order));
}

std::size_t Driver::settle() {
  const During events(in_task_, false);
  std::size_t count = 0;
  while (!stopped_) {
    auto output = node_.poll();
    if (!output) break;
    ++count;
    if (auto* order = std::get_if<Order>(&*output)) {
      perform(std::move(*order));
    } else {
      sink_.on_event(std::move(*std::get_if<Event>(&*output)));
    }
  }
  return count;
}

void Driver::finish_pass() {
  if (stopped_) return;
  sink_.on_pass();
  if (recorder_ && !recorder_->flush()) recorder_.reset();
  arm_timer();
  if (spins()) return schedule();
  watch_socket();
  if (std::exchange(unfinished_, false) || socket_->has_unreachable()) schedule();
}

bool Driver::spins() const {
  return spin_ > Duration::zero() && now() - active_ < spin_ && !socket_->blocked();
}

// --------------------------------------------------------------------------------------- waiting

void Driver::watch_socket() {
  if (stopped_) return;
  if (!read_awaited_) {
    read_awaited_ = true;
    socket_->wait_readable([this, owner = owner_](std::error_code failed) {
      const auto alive = owner.lock();
      if (!alive || failed) return;
      read_awaited_ = false;
      full_pass();
    });
  }
  if (socket_->blocked() && !write_awaited_) {
    write_awaited_ = true;
    socket_->wait_writable([this, owner = owner_](std::error_code failed) {
      const auto alive = owner.lock();
      if (!alive || failed) return;
      write_awaited_ = false;
      socket_->resume();
      short_pass();
    });
  }
}

std::optional<Instant> Driver::deadline() const {
  const auto of_links = endpoint_.deadline();
  const auto of_node = node_.deadline();
  if (!of_links) return of_node;
  if (!of_node) return of_links;
  return std::min(*of_links, *of_node);
}

void Driver::arm_timer() {
  const auto due = deadline();
  // A timer that is armed for earlier stays: waking up early costs less than setting it anew each
  // time that a packet moves a deadline back.
  if (!due || (armed_ && *armed_ <= *due)) return;
  armed_ = due;
  timer_.expires_at(asio::steady_timer::time_point(due->time_since_epoch()));
  timer_.async_wait([this, owner = owner_, time = *due](std::error_code failed) {
    const auto alive = owner.lock();
    if (!alive || failed) return;
    if (armed_ == time) armed_.reset();
    full_pass();
  });
}

// ----------------------------------------------------------------------------------------- facts

void Driver::on_fact(Instant time, const Fact& fact) {
  feed([&](auto& node) { node.handle(time, fact); });
  if (const auto* up = std::get_if<LinkUp>(&fact)) {
    links_.on_up(*up);
  } else if (const auto* down = std::get_if<LinkDown>(&fact)) {
    const auto remote = links_.on_down(time, *down);
    if (remote && hints_at_trouble(down->end)) {
      feed([&](auto& node) { node.handle_unreachable(time, *remote); });
    }
  }
}

void Driver::on_stray(const Address& local, const Address& remote, BytesView datagram) {
  if (threads_ == nullptr) return;
  threads_->hand_to_others(index_, {core::HandedOver::What::stray, local, remote, 0,
                                    Bytes(datagram.begin(), datagram.end())});
}

void Driver::on_refusal(Instant time, const quic::Refusal& refusal) {
  links_.on_refusal(time, refusal);
}

}  // namespace rpcnet
