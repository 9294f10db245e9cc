// Who watches a run: oracles and statistics see every command, event and change of life, and
// change nothing.
#pragma once

#include "engine/command.h"
#include "engine/output.h"
#include "engine/transport.h"
#include "sim/fault.h"
#include "sim/moment.h"

namespace rpcnet::sim {

class Tap {
 public:
  virtual ~Tap() = default;
  virtual void on_started(HostIndex) {}
  virtual void on_stopping(HostIndex) {}  // its node is still there
  virtual void on_command(HostIndex, const Command&) {}
  virtual void on_outcome(HostIndex, Outcome) {}  // of the latest command of that host
  virtual void on_event(HostIndex, const Event&) {}
  // Only for those that World::watch_wire knows: a fact before the node hears it, an order before
  // the network does it.
  virtual void on_fact(HostIndex, const Fact&) {}
  virtual void on_order(HostIndex, const Order&) {}
  virtual void on_fault(const Fault&, bool begins) { static_cast<void>(begins); }
  virtual void on_tick() {}  // every World::kTick
  virtual void on_calm() {}  // everything is healed and nothing new begins
  virtual void on_end() {}
};

}  // namespace rpcnet::sim
