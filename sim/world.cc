// The loop of the world, and the lives of processes in it.
#include "sim/world.h"

#include <algorithm>
#include <utility>

#include "engine/assert.h"
#include "engine/digest.h"
#include "engine/hash.h"

namespace rpcnet::sim {
namespace {

enum class WorldKind : std::uint8_t {
  node_deadline,
  program_timer,  // b: token
  host_free,      // a slow host is done with its input
  tick,
};

constexpr std::uint16_t kPort = 4000;

// Fewer fit the caches.
constexpr std::size_t kManyHosts = 64;
// So many happenings at other hosts, and a host is no longer in the nearer ones.
constexpr std::uint64_t kForgotten = 64;

}  // namespace

// What one program sees of the world.
class World::Context final : public ProgramContext {
 public:
  Context(World& world, HostIndex host) : world_(world), host_(host) {}

  Instant now() const override { return world_.local_now(host_); }
  Outcome command(Command&& command) override { return world_.command(host_, std::move(command)); }
  void wake(Duration delay, std::uint64_t token) override {
    Happening timer;
    timer.party = Party::world;
    timer.kind = static_cast<std::uint8_t>(WorldKind::program_timer);
    timer.timer = true;
    timer.process = true;
    timer.host = host_;
    timer.life = world_.life(host_);
    timer.b = token;
    const Moment at = world_.hosts_[host_].clock.when(now() + delay);
    world_.schedule(at, host_, std::move(timer));
  }
  std::uint64_t draw(std::uint64_t purpose, std::uint64_t counter,
                     std::uint64_t bound) const override {
    const std::uint64_t entity = combine(host_, world_.life(host_));
    return world_.keyed_.below({Domain::workload, entity, purpose, counter}, bound);
  }
  bool active() const override { return !world_.calm_; }
  bool writable(CallId call) const override { return world_.hosts_[host_].node->is_writable(call); }

 private:
  World& world_;
  HostIndex host_;
};

World::World(std::uint64_t seed, std::vector<HostSetup> setups, Latency latency,
             std::uint32_t loss_ppm)
    : keyed_(seed),
      paths_(keyed_, setups.size(), latency, loss_ppm),
      // Which of two hosts is first at one instant is drawn once for a run: other seeds try others.
      queue_(
          [keyed = keyed_](std::uint64_t pair) { return keyed.draw({Domain::tie, pair, 0, 0}); }),
      deferred_(setups.size()) {
  hosts_.reserve(setups.size());
  for (HostIndex i = 0; i < setups.size(); ++i) {
    note_name(setups[i].config.id, i);
    hosts_.emplace_back(std::move(setups[i]));
  }
  Happening tick;
  tick.party = Party::world;
  tick.kind = static_cast<std::uint8_t>(WorldKind::tick);
  schedule(Moment{} + kTick, 0, std::move(tick));
}

World::~World() = default;

void World::use(std::unique_ptr<Network> network) { network_ = std::move(network); }

Address World::address(HostIndex host) {
  const auto byte = [&](int shift) { return static_cast<std::uint8_t>(host >> shift); };
  return Address::v4(10, byte(16), byte(8), byte(0), kPort);
}

std::optional<HostIndex> World::host_of(const Address& address) const {
  const auto& ip = address.ip;
  const HostIndex host =
      (static_cast<HostIndex>(ip[13]) << 16) | (static_cast<HostIndex>(ip[14]) << 8) | ip[15];
  if (host >= hosts_.size() || World::address(host) != address) return std::nullopt;
  return host;
}

std::optional<HostIndex> World::index_of(const NodeId& id) const {
  const auto number = number_of(id);
  if (!number) return std::nullopt;
  return names_[*number].second;
}

std::optional<std::uint32_t> World::number_of(const NodeId& id) const {
  const std::uint32_t at = by_name_.find(
      hash_name(id.text()), [&](std::uint32_t candidate) { return names_[candidate].first == id; });
  return at == NameIndex::kNone ? std::nullopt : std::optional(at);
}

void World::note_name(const NodeId& id, HostIndex host) {
  by_name_.add(hash_name(id.text()), static_cast<std::uint32_t>(names_.size()));
  names_.emplace_back(id, host);
}

// ------------------------------------------------------------------------------ lives of processes

void World::start(HostIndex index) {
  Host& host = hosts_[index];
  if (host.running()) return;
  ++host.life;
  host.state = HostState::running;
  host.started = now_;
  host.armed.reset();
  host.busy_until = now_;
  NodeConfig config = host.setup.config;
  config.seed = keyed_.draw({Domain::node, index, 0, host.life});
  host.node = std::make_unique<Node>(std::move(config), host.remembered());
  if (host.recorded) {
    host.recorder = std::make_unique<Recorder>(*host.node, local_now(index), RecorderOptions{});
  }
  host.program = host.setup.program ? host.setup.program() : nullptr;
  network_->start(index, host.setup.credentials);
  record(index, TraceKind::started, 0, host.life);
  for (Tap* tap : taps_) tap->on_started(index);
  if (host.setup.config.member) command(index, Join{host.setup.seeds});
  if (host.program) {
    Context context(*this, index);
    host.program->start(context);
  }
  pump(index);
}

void World::stop(HostIndex index, HostState after) {
  Host& host = hosts_[index];
  if (host.running()) {
    for (Tap* tap : taps_) tap->on_stopping(index);
    network_->stop(index);
    if (host.recorder) host.recordings.push_back(host.recorder->pending());
    host.recorder.reset();
    host.node.reset();
    host.program.reset();
    record(index, TraceKind::stopped, static_cast<std::size_t>(after), host.life);
  }
  host.state = after;
  // What waited in its socket meets a dead process: its senders hear that, as from the network.
  run_backlog(index);
}

void World::rename(HostIndex index) {
  Host& host = hosts_[index];
  if (host.running()) return;
  const std::string name = host.setup.config.id.text() + '.' + std::to_string(host.life + 1);
  host.setup.config.id = *NodeId::parse(name);
  if (host.setup.credentials.identity) host.setup.credentials.identity->node = name;
  note_name(host.setup.config.id, index);
}

std::vector<Bytes> World::recordings(HostIndex index) {
  Host& host = hosts_[index];
  std::vector<Bytes> recordings = host.recordings;
  if (host.recorder) {
    host.recorder->close();
    recordings.push_back(host.recorder->pending());
  }
  return recordings;
}

void World::pause(HostIndex index) { ++hosts_[index].paused; }

void World::resume(HostIndex index) {
  Host& host = hosts_[index];
  if (host.paused > 0) --host.paused;
  if (host.paused > 0) return;
  // io/quic/endpoint.h: what the socket holds is received before a timeout is judged.
  std::stable_partition(host.backlog.begin(), host.backlog.end(),
                        [](const Happening& one) { return !one.timer; });
  run_backlog(index);
}

void World::clock_changed(HostIndex index) {
  hosts_[index].armed.reset();
  if (hosts_[index].running()) arm(index);
  network_->clock_changed(index);
}

Outcome World::command(HostIndex index, Command&& command) {
  Host& host = hosts_[index];
  ENGINE_ASSERT(host.running());
  const std::size_t detail = command.index();
  const std::uint64_t payload = digest(command);
  for (Tap* tap : taps_) tap->on_command(index, command);
  ++inputs_;
  const Instant local = local_now(index);
  const Outcome outcome =
      host.feed([&](auto& node) { return node.handle(local, std::move(command)); });
  record(index, TraceKind::command, detail, payload, static_cast<std::uint64_t>(outcome));
  for (Tap* tap : taps_) tap->on_outcome(index, outcome);
  return outcome;
}

Outcome World::submit(HostIndex index, Command&& what) {
  const Outcome outcome = command(index, std::move(what));
  pump(index);
  return outcome;
}

// ---------------------------------------------------------------------------------------- the loop

void World::schedule(Moment at, HostIndex source, Happening&& happening) {
  const std::uint64_t pair = (static_cast<std::uint64_t>(happening.host) << 32) | source;
  queue_.push(at, pair, std::move(happening));
}

void World::run_until(Moment end, std::uint64_t events_max) {
  while (!violation_ && events_ < events_max) {
    auto due = queue_.pop(end);
    if (!due) {
      now_ = std::max(now_, end);
      return;
    }
    now_ = due->at;
    ++events_;
    if (hosts_.size() >= kManyHosts) look_ahead();
    dispatch(std::move(due->happening));
  }
}

// The nodes of a large cluster are in no cache, and each happening begins at another: what the next
// ones will need is fetched while this one is done, one step of the way with each.
void World::look_ahead() {
  queue_.fetch(4);
  if (const Happening* coming = queue_.upcoming(3)) {
    const Host& host = hosts_[coming->host];
    __builtin_prefetch(&host.node);
    __builtin_prefetch(&host.armed);
    if (coming->party == Party::network) network_->expect(*coming);
  }
  if (const Happening* coming = queue_.upcoming(2)) {
    __builtin_prefetch(hosts_[coming->host].node.get());
  }
  for (const bool next : {false, true}) {
    const Happening* coming = queue_.upcoming(next ? 0 : 1);
    if (coming == nullptr) continue;
    Host& host = hosts_[coming->host];
    if (host.node == nullptr) continue;
    // What was touched a moment ago is there: a node's happenings come in groups.
    if (next ? host.fetched == events_ - 1 : events_ - host.touched > kForgotten) {
      host.fetched = events_;
      host.node->expect(next);
    }
    if (next) host.touched = events_;
  }
}

void World::dispatch(Happening&& happening) {
  Host& host = hosts_[happening.host];
  const bool waits = happening.process && host.running() &&
                     (host.paused > 0 || now_ < host.busy_until || !host.backlog.empty());
  if (!waits) {
    const HostIndex index = happening.host;
    const bool process = happening.process;
    execute(std::move(happening));
    if (process) hosts_[index].busy_until = now_ + hosts_[index].input_cost;
    return;
  }
  const HostIndex index = happening.host;
  ++deferred_[index];
  host.backlog.push_back(std::move(happening));
  run_backlog(index);
}

// Does what it can of what waits; the rest when the host is free again.
void World::run_backlog(HostIndex index) {
  Host& host = hosts_[index];
  std::size_t next = 0;
  while (next < host.backlog.size() && host.paused == 0 &&
         (!host.running() || now_ >= host.busy_until)) {
    Happening happening = std::move(host.backlog[next++]);
    execute(std::move(happening));
    host.busy_until = now_ + host.input_cost;
  }
  if (!host.running()) {
    // A dead process has no backlog, paused or not.
    while (next < host.backlog.size()) {
      Happening happening = std::move(host.backlog[next++]);
      execute(std::move(happening));
    }
  }
  host.backlog.erase(host.backlog.begin(),
                     host.backlog.begin() + static_cast<std::ptrdiff_t>(next));
  if (host.backlog.empty() || host.paused > 0 || host.wake_at_free) return;
  host.wake_at_free = true;
  Happening free;
  free.party = Party::world;
  free.kind = static_cast<std::uint8_t>(WorldKind::host_free);
  free.host = index;
  schedule(host.busy_until, index, std::move(free));
}

void World::execute(Happening&& happening) {
  switch (happening.party) {
    case Party::network: network_->handle(std::move(happening)); return;
    case Party::fault:
      if (fault_handler_) fault_handler_(happening);
      return;
    case Party::workload:
    case Party::oracle: return;
    case Party::world: break;
  }
  const HostIndex index = happening.host;
  Host& host = hosts_[index];
  switch (static_cast<WorldKind>(happening.kind)) {
    case WorldKind::node_deadline: {
      if (!host.running() || host.life != happening.life) return;
      if (host.armed && *host.armed <= now_) host.armed.reset();
      const auto deadline = host.node->deadline();
      if (deadline && *deadline <= local_now(index)) {
        ++inputs_;
        record(index, TraceKind::deadline, 0, 0);
        host.feed([&](auto& node) { node.handle_deadline(local_now(index)); });
        pump(index);
      } else {
        arm(index);
      }
      return;
    }
    case WorldKind::program_timer: {
      if (!host.running() || host.life != happening.life || !host.program) return;
      Context context(*this, index);
      host.program->on_timer(context, happening.b);
      pump(index);
      return;
    }
    case WorldKind::host_free:
      host.wake_at_free = false;
      run_backlog(index);
      return;
    case WorldKind::tick: {
      for (Tap* tap : taps_) tap->on_tick();
      Happening again = std::move(happening);
      schedule(now_ + kTick, 0, std::move(again));
      return;
    }
  }
}

void World::deliver(HostIndex index, const Fact& fact) {
  Host& host = hosts_[index];
  if (!host.running()) return;
  ++inputs_;
  record(index, TraceKind::fact, fact.index(), digest(fact));
  for (const auto& [tap, hosts] : wire_taps_) {
    if (index < hosts) tap->on_fact(index, fact);
  }
  host.feed([&](auto& node) { node.handle(local_now(index), fact); });
  pump(index);
}

void World::unreachable(HostIndex index, const Address& address) {
  Host& host = hosts_[index];
  if (!host.running()) return;
  ++inputs_;
  record(index, TraceKind::unreachable, 0, address.port);
  host.feed([&](auto& node) { node.handle_unreachable(local_now(index), address); });
  pump(index);
}

void World::pump(HostIndex index) {
  Host& host = hosts_[index];
  Context context(*this, index);
  while (auto output = host.node->poll()) {
    if (auto* order = std::get_if<Order>(&*output)) {
      record(index, TraceKind::order, order->index(), digest(*order));
      for (const auto& [tap, hosts] : wire_taps_) {
        if (index < hosts) tap->on_order(index, *order);
      }
      network_->perform(index, std::move(*order));
      continue;
    }
    const Event& event = std::get<Event>(*output);
    record(index, TraceKind::event, event.index(), digest(event));
    for (Tap* tap : taps_) tap->on_event(index, event);
    if (host.program) host.program->on_event(context, event);
  }
  network_->settle(index);
  arm(index);
}

void World::arm(HostIndex index) {
  Host& host = hosts_[index];
  const auto deadline = host.node->deadline();
  if (!deadline || (host.armed && deadline == host.armed_for)) return;
  const Moment at = std::max(now_, host.clock.when(*deadline));
  if (host.armed && *host.armed <= at) return;  // that one will look again
  host.armed = at;
  host.armed_for = *deadline;
  Happening wake;
  wake.party = Party::world;
  wake.kind = static_cast<std::uint8_t>(WorldKind::node_deadline);
  wake.timer = true;
  wake.process = true;
  wake.host = index;
  wake.life = host.life;
  schedule(at, index, std::move(wake));
}

void World::record(HostIndex host, TraceKind kind, std::size_t detail, std::uint64_t payload,
                   std::uint64_t outcome) {
  trace_.add({now_, host, kind, static_cast<std::uint8_t>(detail), payload, outcome});
}

void World::calm() {
  calm_ = true;
  for (Tap* tap : taps_) tap->on_calm();
}

void World::fail(std::string oracle, std::string what, std::optional<HostIndex> host) {
  if (!violation_) violation_ = Violation{std::move(oracle), std::move(what), now_, host};
}

void World::record_datagram(HostIndex from, HostIndex to, BytesView bytes, const Fate& fate) {
  record(from, TraceKind::datagram, fate.lost ? 1 : 0, hash_bytes(bytes), to);
}

void World::violation(HostIndex host, const std::string& what) { fail("transport", what, host); }

}  // namespace rpcnet::sim
