// The loop of a host: it feeds the pure machines with what the operating system knows, and does
// what they want done.
//
// One pass: read what the socket holds, tell the machines what is due, carry out their orders, let
// the coroutines run that were woken by it, flush, arm one timer. Many calls made in one pass share
// packets; of a pass with many, the first leave early, so that the peer works while this side does.
// A host that may spin does pass after pass for a while before it waits. Deadlines fall due only
// after the socket has been read: after a stall of this process (SIGSTOP, a debugger)
// nobody is judged by a clock that ran on while his packets waited.
#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "engine/node.h"
#include "io/core/flight_recorder.h"
#include "io/core/link_log.h"
#include "io/core/runner.h"
#include "io/quic/endpoint.h"
#include "io/system.h"
#include "io/udp_socket.h"

namespace rpcnet {

namespace core {
class IoThreads;
struct HandedOver;
}  // namespace core

class EventSink {
 public:
  // Runs between the machines' steps: it may give commands, and must not run user code.
  virtual void on_event(Event&& event) = 0;
  // Comes before a deadline of the node that is due.
  virtual void on_due() = 0;
  // Every pass ends with this, when everything that could be sent has been.
  virtual void on_pass() = 0;

 protected:
  ~EventSink() = default;
};

class Driver final : private quic::FactSink {
 public:
  Driver(asio::io_context& context, std::unique_ptr<UdpSocket> socket, NodeConfig node,
         const quic::EndpointConfig& endpoint, std::shared_ptr<const quic::TlsContext> tls,
         const RecordingOptions& recording, Duration spin, EventSink& sink,
         core::IoThreads* threads);
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;
  ~Driver() = default;

  // Begins to run. The driver's own waiting ends when `owner` is gone.
  void start(std::weak_ptr<void> owner);
  // Closes every link, tells the peers so and why, and closes the socket. For good.
  void stop(CloseCode code);
  bool stopped() const { return stopped_; }

  // Gives a command. Its orders leave with the pass that is under way, or with the next one.
  Outcome command(Command&& command);

  // What other threads had for this one.
  void take(std::vector<core::HandedOver> handed);

  // Takes the outputs that are there: orders are performed, events told. Gives how many.
  std::size_t settle();

  void use_tls(std::shared_ptr<const quic::TlsContext> tls) { endpoint_.use_tls(std::move(tls)); }

  Instant now() const { return system_now(); }
  const Node& node() const { return node_; }
  const quic::Endpoint& endpoint() const { return endpoint_; }
  const UdpSocket& socket() const { return *socket_; }
  const RecordingCounters& recording() const { return recorded_; }
  std::size_t index() const { return index_; }  // among the host's I/O threads

 private:
  class Mark;

  void on_fact(Instant now, const Fact& fact) override;
  void on_refusal(Instant now, const quic::Refusal& refusal) override;
  void on_stray(const Address& local, const Address& remote, BytesView datagram) override;

  // Every input of the node goes through here: `give` gets it, or the recorder in front of it.
  template <typename Give>
  decltype(auto) feed(const Give& give) {
    if (recorder_) [[unlikely]]
      return give(recorder_->recorder());
    return give(node_);
  }

  void schedule();
  void full_pass();
  void short_pass();
  void read();
  bool is_mine(const Datagram& datagram);
  void report_unreachable();
  void report_unreachable(const Address& remote);
  void fire_deadlines();
  void work();
  std::size_t run_tasks();
  void perform(Order&& order);
  void perform_first();
  void flush();
  Instant tick();
  void finish_pass();
  bool spins() const;
  void watch_socket();
  void arm_timer();
  std::optional<Instant> deadline() const;

  asio::io_context& context_;
  core::Runner& runner_;
  EventSink& sink_;
  std::unique_ptr<UdpSocket> socket_;
  SystemEntropy entropy_;
  Node node_;
  RecordingCounters recorded_;
  std::unique_ptr<core::FlightRecorder> recorder_;
  quic::Endpoint endpoint_;
  core::LinkLog links_;
  asio::steady_timer timer_;
  std::weak_ptr<void> owner_;
  const Duration spin_;
  core::IoThreads* const threads_;  // null: this is the only one
  const std::size_t index_;         // among them
  Instant latest_ = now();          // the clock when it was read last
  Instant active_{};  // when something last came in, from the network or the application
  std::optional<Instant> armed_;
  std::size_t unsent_ = 0;  // bytes that streams were given since the last flush
  bool in_pass_ = false;
  bool in_task_ = false;  // user code runs
  bool scheduled_ = false;
  bool read_awaited_ = false;
  bool write_awaited_ = false;
  bool unfinished_ = false;
  bool stopped_ = false;
};

}  // namespace rpcnet
