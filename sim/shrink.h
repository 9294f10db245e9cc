// Makes a failing plan as small as it can be and still fail: what is left is what it takes.
//
// A search that only ever goes from a failing plan to a smaller failing one: fewer faults (in
// chunks, as delta debugging does), fewer hosts, a shorter run, earlier and shorter faults, fewer
// and rounder numbers, at last single packets. It goes round until nothing can be taken away, so
// its result is a fixed point. It knows nothing of processes or time: who runs the candidates is
// the caller's affair.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "sim/plan.h"

namespace rpcnet::sim {

struct ShrinkTools {
  // The place of the first candidate that fails as the given plan does; nullopt: none does. May
  // run several at once, but the answer must not depend on it. One that gives up says nullopt.
  std::function<std::optional<std::size_t>(const std::vector<Plan>&)> first_failing;
  // The packets that this fault of this plan loses, as `drop` names them. Empty: unknown.
  std::function<std::vector<PacketName>(const Plan&, std::size_t fault)> losses;
  // Told each time that a smaller one is found.
  std::function<void(const Plan&)> found;
};

// `plan` fails; so does the result, and no part of its size (plan_edits.h) is larger.
Plan shrink(const Plan& plan, const ShrinkTools& tools);

}  // namespace rpcnet::sim
