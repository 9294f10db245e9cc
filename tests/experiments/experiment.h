// What an experiment is: its cases, each run in each mode from several seeds.
//
// One trial is one (case, mode, seed): a process of its own, one line of JSON. How trials become
// tables is the affair of scripts/experiments.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "tests/experiments/lab.h"

namespace rpcnet::experiments {

using Json = nlohmann::ordered_json;

struct Case {
  std::string name;     // such as "N=128"
  std::uint64_t seeds;  // 1 to this
  // Seconds of one core that a trial takes, roughly: long ones are begun first.
  double cost = 1;
  std::vector<Mode> modes{kModes.begin(), kModes.end()};
};

struct Trial {
  std::string name;  // of the case
  Mode mode{};
  std::uint64_t seed = 1;
  bool quick = false;
};

struct Experiment {
  const char* name;
  const char* about;
  std::vector<Case> (*cases)(bool quick);
  Json (*run)(const Trial& trial);
};

std::span<const Experiment> all();

// The number after '=' of a part of a case's name: number("N=128 C=4", "C") is 4.
std::int64_t number(const std::string& name, const std::string& part);

double in_seconds(Duration duration);

// The set-up that all begin with.
Setup setup_of(const Trial& trial, std::size_t nodes);

std::vector<Case> e1_cases(bool quick);
Json e1_run(const Trial& trial);
std::vector<Case> e2_cases(bool quick);
Json e2_run(const Trial& trial);
std::vector<Case> e3_cases(bool quick);
Json e3_run(const Trial& trial);
std::vector<Case> e4_cases(bool quick);
Json e4_run(const Trial& trial);
std::vector<Case> e5_cases(bool quick);
Json e5_run(const Trial& trial);
std::vector<Case> e6_cases(bool quick);
Json e6_run(const Trial& trial);
std::vector<Case> e7_cases(bool quick);
Json e7_run(const Trial& trial);
std::vector<Case> e8_cases(bool quick);
Json e8_run(const Trial& trial);
std::vector<Case> e9_cases(bool quick);
Json e9_run(const Trial& trial);
std::vector<Case> e10_cases(bool quick);
Json e10_run(const Trial& trial);
std::vector<Case> e11_cases(bool quick);
Json e11_run(const Trial& trial);
std::vector<Case> e12_cases(bool quick);
Json e12_run(const Trial& trial);
std::vector<Case> e13_cases(bool quick);
Json e13_run(const Trial& trial);
std::vector<Case> e14_cases(bool quick);
Json e14_run(const Trial& trial);

}  // namespace rpcnet::experiments
