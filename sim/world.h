// The simulated world: hosts with nodes and programs on them, a network, and one true time.
//
// It turns happenings into calls of Node::handle, and outputs into orders for the network and
// events for the programs; everybody who watches is told. It knows neither what a fault is for nor
// what is right: faults.h drives it, oracles watch it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/name_index.h"
#include "sim/event_queue.h"
#include "sim/host.h"
#include "sim/keyed.h"
#include "sim/network.h"
#include "sim/paths.h"
#include "sim/tap.h"
#include "sim/trace.h"

namespace rpcnet::sim {

// The first thing that was wrong; the run ends with it.
struct Violation {
  std::string oracle;
  std::string what;
  Moment at;
  std::optional<HostIndex> host;
};

class World final : public NetworkEnvironment {
 public:
  static constexpr Duration kTick = std::chrono::milliseconds(500);

  World(std::uint64_t seed, std::vector<HostSetup> setups, Latency latency, std::uint32_t loss_ppm);
  ~World() override;

  // Set once, before the first start.
  void use(std::unique_ptr<Network> network);
  void watch(Tap& tap) { taps_.push_back(&tap); }
  // Of the hosts below `hosts`.
  void watch_wire(Tap& tap, HostIndex hosts) { wire_taps_.emplace_back(&tap, hosts); }
  // Who handles happenings of Party::fault.
  void on_fault(std::function<void(const Happening&)> handler) {
    fault_handler_ = std::move(handler);
  }

  // -- hosts
  void start(HostIndex host);
  void stop(HostIndex host, HostState after);  // idle or off
  // The next process on this host, which does not run, has a name that none had before.
  void rename(HostIndex host);
  void pause(HostIndex host);
  void resume(HostIndex host);
  // Keep what goes into its node, in each life from the next one on (engine/recorder.h).
  void keep_recordings(HostIndex host) { hosts_[host].recorded = true; }
  // One for each life that was recorded; ends that of a running one.
  std::vector<Bytes> recordings(HostIndex host);
  void set_input_cost(HostIndex host, Duration cost) { hosts_[host].input_cost = cost; }
  HostClock& clock(HostIndex host) { return hosts_[host].clock; }
  void clock_changed(HostIndex host);  // re-arms what was computed with the old rate
  // From a program inside an event; from outside, submit() also does what follows from it.
  Outcome command(HostIndex host, Command&& command);
  Outcome submit(HostIndex host, Command&& command);

  // -- running
  // Until `end`, or the first violation, or `events_max` happenings in all.
  void run_until(Moment end, std::uint64_t events_max);
  void calm();
  bool is_calm() const { return calm_; }
  void fail(std::string oracle, std::string what, std::optional<HostIndex> host = std::nullopt);

  // -- what is true
  std::size_t size() const { return hosts_.size(); }
  const Host& host(HostIndex index) const { return hosts_[index]; }
  // Earlier names of a host name it, too.
  std::optional<HostIndex> index_of(const NodeId& id) const;
  // All names that hosts ever had are numbered from 0.
  std::optional<std::uint32_t> number_of(const NodeId& id) const;
  const NodeId& name(std::uint32_t number) const { return names_[number].first; }
  std::uint64_t events() const { return events_; }
  std::uint64_t inputs() const { return inputs_; }
  std::uint64_t deferred(HostIndex host) const { return deferred_[host]; }
  const std::optional<Violation>& violation() const { return violation_; }
  const Keyed& keyed() const { return keyed_; }
  Paths& paths() { return paths_; }
  const Paths& paths() const { return paths_; }
  Network& network() { return *network_; }
  const Network& network() const { return *network_; }
  Trace& trace() { return trace_; }
  const Trace& trace() const { return trace_; }
  std::size_t pending() const { return queue_.size(); }
  const std::vector<Tap*>& taps() const { return taps_; }

  // -- NetworkEnvironment
  Moment now() const override { return now_; }
  Instant local_now(HostIndex host) const override { return hosts_[host].clock.local(now_); }
  Moment moment_of(HostIndex host, Instant instant) const override {
    return hosts_[host].clock.when(instant);
  }
  HostState state(HostIndex host) const override { return hosts_[host].state; }
  std::uint32_t life(HostIndex host) const override { return hosts_[host].life; }
  std::optional<HostIndex> host_of(const Address& address) const override;
  Address address_of(HostIndex host) const override { return address(host); }
  void schedule(Moment at, HostIndex source, Happening&& happening) override;
  void deliver(HostIndex host, const Fact& fact) override;
  void unreachable(HostIndex host, const Address& address) override;
  void record_datagram(HostIndex from, HostIndex to, BytesView bytes, const Fate& fate) override;
  void violation(HostIndex host, const std::string& what) override;

  // 10.a.b.c:4000 with the host's number in a.b.c.
  static Address address(HostIndex host);

 private:
  class Context;

  void look_ahead();
  void dispatch(Happening&& happening);
  void execute(Happening&& happening);
  void note_name(const NodeId& id, HostIndex host);
  void run_backlog(HostIndex host);
  void pump(HostIndex host);
  void arm(HostIndex host);
  void record(HostIndex host, TraceKind kind, std::size_t detail, std::uint64_t payload,
              std::uint64_t outcome = 0);

  Keyed keyed_;
  Paths paths_;
  EventQueue queue_;
  Trace trace_;
  std::vector<Host> hosts_;
  std::vector<std::uint64_t> deferred_;  // happenings that a pause or slowness delayed, by host
  std::vector<std::pair<NodeId, HostIndex>> names_;  // all that hosts ever had
  NameIndex by_name_;
  std::unique_ptr<Network> network_;
  std::vector<Tap*> taps_;
  std::vector<std::pair<Tap*, HostIndex>> wire_taps_;
  std::function<void(const Happening&)> fault_handler_;
  Moment now_{};
  bool calm_ = false;
  std::uint64_t events_ = 0;
  std::uint64_t inputs_ = 0;
  std::optional<Violation> violation_;
};

}  // namespace rpcnet::sim
