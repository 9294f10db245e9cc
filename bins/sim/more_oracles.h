// Oracles that a program adds to those of every run.
//
// The simulator adds none; the program of tests/sim/planted brings oracles that fail on purpose, so
// that shrinking and every exit status can be seen at work. The linker takes its definition first.
#pragma once

#include <vector>

#include "sim/simulation.h"

namespace rpcnet::bins {

std::vector<sim::OracleMaker> more_oracles();

}  // namespace rpcnet::bins
