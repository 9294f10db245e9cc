// An application on a simulated host: what a program would be that links the library.
//
// It sees what an application sees, events and its own timers, and acts through commands. The
// workload of a run is made of these (workload/).
#pragma once

#include <cstdint>
#include <optional>

#include "engine/command.h"
#include "engine/output.h"
#include "sim/keyed.h"
#include "sim/moment.h"

namespace rpcnet::sim {

class ProgramContext {
 public:
  virtual ~ProgramContext() = default;

  virtual Instant now() const = 0;  // the host's clock
  virtual Outcome command(Command&& command) = 0;

  // on_timer(token) after `delay` on the host's clock. Timers cannot be taken back: a program
  // looks whether it still cares.
  virtual void wake(Duration delay, std::uint64_t token) = 0;

  // A number in [0, bound), the same for the same (host, life, purpose, counter).
  virtual std::uint64_t draw(std::uint64_t purpose, std::uint64_t counter,
                             std::uint64_t bound) const = 0;

  // False once the plan's active phase is over: nothing new is to be begun.
  virtual bool active() const = 0;

  virtual bool writable(CallId call) const = 0;
};

class Program {
 public:
  virtual ~Program() = default;
  virtual void start(ProgramContext& context) = 0;
  virtual void on_event(ProgramContext& context, const Event& event) = 0;
  virtual void on_timer(ProgramContext& context, std::uint64_t token) = 0;
};

}  // namespace rpcnet::sim
