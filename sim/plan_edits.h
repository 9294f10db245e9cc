// Ways to make a plan smaller that leave a valid plan: what its printed text would expand to.
#pragma once

#include <cstddef>

#include "sim/plan.h"

namespace rpcnet::sim {

// How large a plan is; no part of it may grow when it is shrunk.
struct PlanSize {
  std::size_t faults = 0;
  std::size_t hosts = 0;
  Duration active{};
};
PlanSize size_of(const Plan& plan);

// Gives every fault an id, so that taking one out leaves the draws of the others.
void give_ids(Plan& plan);
// Takes those ids away that say nothing: the place in the plan says the same.
void drop_ids(Plan& plan);

// Faults that a smaller plan has lost the hosts of are taken out; the rest is put in order of time
// and within the active phase.
void mend(Plan& plan);

// Without the hosts [first, last). The others keep their roles and get new numbers.
Plan without_hosts(const Plan& plan, std::size_t first, std::size_t last);

}  // namespace rpcnet::sim
