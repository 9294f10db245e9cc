// What a run looked like, for people: who lived when, what each node thought of each other one, and
// which packets the failure can have come from.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "sim/paths.h"
#include "sim/plan.h"
#include "sim/tap.h"
#include "sim/world.h"

namespace rpcnet::sim {

enum class HostActivity : std::uint8_t { down, up, paused, slow };

struct ActivityChange {
  Moment at;
  HostIndex host = 0;
  HostActivity activity{};
};

enum class Opinion : std::uint8_t { unknown, alive, suspect, dead, left };

struct OpinionChange {
  Moment at;
  HostIndex observer = 0;
  HostIndex subject = 0;
  Opinion opinion{};
};

// A packet on a way that ends at the failure: what its receiver got could matter to it.
struct CausalPacket {
  Moment sent;
  Moment arrives;
  HostIndex from = 0;
  HostIndex to = 0;
  std::uint64_t size = 0;
  bool lost = false;       // it would have been one
  std::uint32_t hops = 1;  // from the failing host: the packets on the shortest such way
};

struct Timeline {
  std::vector<ActivityChange> activity;  // each list in order of time
  std::vector<OpinionChange> opinions;   // suspicions are seen at ticks, verdicts when they fall
  std::vector<CausalPacket> causes;      // of a failure; the latest kCausesMax of them
};

// Watches a world and changes nothing.
class TimelineRecorder final : public Tap {
 public:
  static constexpr std::size_t kPacketsKept = 200'000;  // the latest ones
  static constexpr std::size_t kCausesMax = 6'000;

  // `world` and `plan` outlive it.
  TimelineRecorder(World& world, const Plan& plan);

  void on_started(HostIndex host) override;
  void on_stopping(HostIndex host) override;
  void on_event(HostIndex host, const Event& event) override;
  void on_fault(const Fault& fault, bool begins) override;
  void on_tick() override;

  // After the run.
  Timeline take();

 private:
  struct Sent {
    Moment at;
    Moment arrives;
    HostIndex from = 0;
    HostIndex to = 0;
    std::uint64_t size = 0;
    bool lost = false;
  };

  void note(HostIndex host, HostActivity activity);
  void note(HostIndex observer, HostIndex subject, Opinion opinion);
  void look(HostIndex observer);
  void find_causes(const Violation& violation);

  World& world_;
  const Plan& plan_;
  Timeline timeline_;
  std::vector<Opinion> latest_;  // by observer and subject
  std::deque<Sent> packets_;
  std::vector<std::pair<Moment, HostIndex>> starts_;
};

}  // namespace rpcnet::sim
