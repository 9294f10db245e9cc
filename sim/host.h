// One machine with at most one process on it: what is true of it, as the world keeps it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/config.h"
#include "engine/node.h"
#include "engine/recorder.h"
#include "sim/host_clock.h"
#include "sim/network.h"
#include "sim/program.h"

namespace rpcnet::sim {

// What is the same in every life of the process.
struct HostSetup {
  NodeConfig config;  // the seed is replaced for each life
  Credentials credentials;
  std::vector<Address> seeds;  // Join at the start, if it is a member
  std::function<std::unique_ptr<Program>()> program;
  HostClock clock;
  std::shared_ptr<const std::vector<Member>> remembered;  // by its first life; may be absent
};

// What each happening looks at comes first, in two cache lines.
struct alignas(64) Host {
  explicit Host(HostSetup&& what) : clock(what.clock), setup(std::move(what)) {}

  std::unique_ptr<Node> node;
  std::unique_ptr<Recorder> recorder;  // of this life
  HostClock clock;
  HostState state = HostState::idle;
  bool recorded = false;      // its lives, from the next one on
  bool wake_at_free = false;  // a happening for busy_until is scheduled
  std::uint32_t life = 0;
  int paused = 0;  // how many faults hold it

  Duration input_cost{};  // of each input, while slow
  Moment busy_until{};
  std::optional<Moment> armed;  // the earliest scheduled wake-up for the node's deadline
  Instant armed_for{};          // that deadline
  // World::events when it was last looked at, and when its memory was last fetched ahead.
  std::uint64_t touched = 0;
  std::uint64_t fetched = 0;

  std::vector<Happening> backlog;  // what waits for the process, in order of arrival
  std::unique_ptr<Program> program;
  std::vector<Bytes> recordings;  // of the earlier lives
  Moment started{};
  HostSetup setup;

  bool running() const { return state == HostState::running; }

  // What this life knows from the beginning, itself among them; no event tells of it.
  std::span<const Member> remembered() const {
    const bool remembers = setup.remembered && life == 1;
    return remembers ? std::span(*setup.remembered) : std::span<const Member>();
  }

  // Every input goes through here: `give` gets the node, or the recorder in front of it.
  template <typename Give>
  decltype(auto) feed(const Give& give) {
    return recorder ? give(*recorder) : give(*node);
  }
};

}  // namespace rpcnet::sim
