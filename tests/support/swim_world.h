// A small world for membership alone: N Swim machines over an in-memory network in virtual time.
//
// Links behave as QUIC connections do: a handshake of one round trip, datagrams that may be lost,
// streams that may not, an idle timeout, a stateless reset from a process that was restarted.
// Processes can crash, restart and be paused (SIGSTOP: what arrives waits for them). Everything is
// drawn from one seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/swim/swim.h"

namespace rpcnet::test {

struct SwimWorldOptions {
  std::uint64_t seed = 1;
  Duration latency = std::chrono::milliseconds(2);  // one way, up to as much again is added
  std::uint32_t loss_permille = 0;
  std::uint32_t datagram_max = 1162;  // as over a path of 1200 bytes
  Duration idle_timeout = std::chrono::seconds(30);
  SwimConfig swim{};
  PhiConfig phi{};
};

class SwimWorld {
 public:
  struct Seen {
    Instant at;
    MemberEvent event;
  };

  struct Host {
    NodeId id;
    Address address;
    std::string cluster = "test";
    std::string certificate;  // the node part of its identity
    Tags tags;
    std::unique_ptr<swim::Swim> swim;
    bool paused = false;
    std::uint64_t life = 0;  // counts starts and crashes
    std::uint64_t next_accepted = 1;
    std::deque<std::function<void()>> inbox;  // while paused
    std::vector<Seen> events;
    std::vector<std::size_t> lives;  // where in them each life begins
    std::vector<Notice> notices;
    std::vector<Address> joined;
    std::vector<bool> left;
    std::vector<MembersCut> cuts;
    std::vector<PartitionDetected> partitions;
    std::vector<PartitionHealed> healed;
    std::uint64_t wake = 0;  // generation of the scheduled deadline
  };

  explicit SwimWorld(SwimWorldOptions options);

  // Adds a host that does not run yet. Returns its number.
  std::size_t add(const std::string& name);
  void start(std::size_t host, const std::vector<std::size_t>& seeds = {});
  void start_at(std::size_t host, const std::vector<Address>& seeds,
                std::optional<Snapshot> former = std::nullopt);
  // Replaces the list of seeds of one that runs.
  void join(std::size_t host, const std::vector<Address>& seeds);
  void crash(std::size_t host);
  void pause(std::size_t host);
  void resume(std::size_t host);
  void leave(std::size_t host);
  void set_tags(std::size_t host, const Tags& tags);
  void watch(std::size_t host, std::size_t other, bool wanted = true);

  // Nothing passes from one to the other.
  void cut(std::size_t from, std::size_t to) { cut_.emplace(from, to); }
  void mend(std::size_t from, std::size_t to) { cut_.erase({from, to}); }
  void cut_both(std::size_t a, std::size_t b);
  // The first `count` hosts from the others.
  void split(std::size_t count);
  void mend_all() { cut_.clear(); }
  // Datagrams alone are lost; streams pass.
  void mute(std::size_t from, std::size_t to) { muted_.emplace(from, to); }
  // Shown whatever is sent, lost or not, by datagram or stream: from, to, bytes, stream.
  using Tap = std::function<void(std::size_t, std::size_t, const Bytes&, bool)>;
  void tap(Tap tap) { tap_ = std::move(tap); }
  // Another address that leads to this host.
  void alias(const Address& address, std::size_t host) { by_address_[address] = host; }
  void set_loss(std::uint32_t permille) { options_.loss_permille = permille; }

  void run_for(Duration duration);
  bool run_until(const std::function<bool()>& done, Duration limit);

  Instant now() const { return now_; }
  Host& operator[](std::size_t host) { return *hosts_[host]; }
  std::size_t size() const { return hosts_.size(); }
  std::uint64_t trace() const { return trace_; }  // hash of all that was delivered

  // All running hosts hold exactly the running hosts for members.
  bool agreed() const;
  bool holds(std::size_t host, std::size_t other, MemberStatus status) const;
  std::size_t count(std::size_t host, MemberEventKind kind) const;
  std::size_t count_all(MemberEventKind kind) const;
  std::string describe() const;

  // Raw bytes from outside: a link with this identity that carries them.
  LinkId intrude(std::size_t host, std::optional<PeerIdentity> identity);
  void inject(std::size_t host, LinkId link, const Bytes& bytes);
  void inject_stream(std::size_t host, LinkId link, StreamId stream, const Bytes& bytes);
  const std::vector<CloseLink>& closed() const { return closed_; }

 private:
  struct Side {
    std::size_t host = 0;
    LinkId link;
    std::uint64_t life = 0;
    bool open = false;
    Instant heard{};
    std::uint64_t streams = 0;
  };
  struct Connection {
    Side sides[2];                                                 // who dialled, who accepted
    std::map<std::pair<int, std::uint64_t>, Instant> stream_free;  // order within a stream
  };
  struct Timed {
    Instant at;
    std::uint64_t sequence;
    std::function<void()> act;
    bool operator<(const Timed& other) const {
      return std::pair(at, sequence) > std::pair(other.at, other.sequence);
    }
  };

  void at(Instant when, std::function<void()> act);
  Duration flight();
  bool lost();
  bool passes(std::size_t from, std::size_t to) const { return !cut_.contains({from, to}); }
  bool runs(std::size_t host, std::uint64_t life) const;

  // Runs `act` on the host's machine now, or when it is resumed.
  void on_host(std::size_t host, std::uint64_t life,
               const std::function<void(swim::Swim&, Outbox&)>& act);
  void perform(std::size_t host);
  void order(std::size_t host, Order&& order);
  void event(std::size_t host, Event&& event);
  void reschedule(std::size_t host);

  void connect(std::size_t host, const Connect& connect);
  void down(std::size_t index, int side, LinkEnd end, CloseCode code = CloseCode::none);
  void arrive(std::size_t index, int to, bool datagram, const std::function<void()>& deliver);
  std::optional<std::pair<std::size_t, int>> find(std::size_t host, LinkId link) const;
  void watch_idle(std::size_t index);
  void note(std::uint64_t value) { trace_ = (trace_ ^ value) * 0x100000001b3; }

  SwimWorldOptions options_;
  Rng rng_;
  Instant now_{};
  std::uint64_t sequence_ = 0;
  std::uint64_t trace_ = 0xcbf29ce484222325;
  std::priority_queue<Timed> queue_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::map<Address, std::size_t> by_address_;
  std::vector<Connection> connections_;
  std::map<std::pair<std::size_t, LinkId>, std::pair<std::size_t, int>> by_link_;
  std::set<std::pair<std::size_t, std::size_t>> cut_;
  std::set<std::pair<std::size_t, std::size_t>> muted_;
  Tap tap_;
  std::vector<CloseLink> closed_;
  std::vector<Outbox> outboxes_;
};

}  // namespace rpcnet::test
