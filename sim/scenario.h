// A scenario: a plan with freedom in it, which a seed takes away.
//
// Numbers may be ranges, hosts may be drawn, and whole faults may be drawn (swarm). Every draw is
// keyed by what it is for, so that a line added to a scenario leaves what the others drew.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/plan.h"

namespace rpcnet::sim {

struct Range {
  std::int64_t low = 0;
  std::int64_t high = 0;  // included
  int line = 0;           // of the file; 0: it came from elsewhere
};

// One fault line of a scenario file, before anything is drawn.
struct FaultTemplate {
  int line = 0;
  // A FaultKind; or what becomes several lines: rolling-restart, flapping, ring, zone-partition.
  std::string kind;
  std::map<std::string, Range> numbers;
  // A name; "worker-?", "director-?", "client-?", "member-?" or "?", drawn, each time another one;
  // "worker-*" and so on: all of them.
  std::vector<std::string> hosts;
  std::vector<std::string> from;
  std::vector<std::string> to;
  std::vector<std::vector<std::string>> groups;
  std::vector<std::string> packets;  // "worker-0 > worker-1: 3 5", as plans print them
  bool both_ways = false;
};

// What one direction between some hosts takes; words as in FaultTemplate.
struct LinkTemplate {
  int line = 0;
  std::vector<std::string> from;
  std::vector<std::string> to;
  std::string shape = "uniform";
  std::map<std::string, Range> numbers;  // base_us, spread_us
};

struct Scenario {
  std::string name;
  std::string about;
  std::optional<std::uint64_t> seed;     // a printed plan carries its own
  std::map<std::string, Range> numbers;  // by "section.key", as in the file
  std::string profile = "lan";           // of engine/profiles.h
  int profile_line = 0;
  std::map<std::string, Range> knobs;
  std::string latency_shape = "uniform";
  int latency_line = 0;
  std::vector<LinkTemplate> links;
  std::vector<FaultTemplate> faults;
  // Swarm: how many faults are drawn, and of which kinds; all kinds if empty.
  std::optional<Range> swarm_faults;
  std::vector<std::string> swarm_kinds;
};

// What is wrong with a file, and what was expected instead.
struct Problem {
  int line = 0;  // 0: no line says it
  std::string what;
};

// The file's own seed goes before `seed`. nullopt: see `problem`.
std::optional<Plan> expand(const Scenario& scenario, std::uint64_t seed, Problem& problem);

// What of it the seed would decide; a plan has nothing of that.
std::optional<Problem> find_freedom(const Scenario& scenario);

}  // namespace rpcnet::sim
