// A program's settings: each is an option and, where it has one, an environment variable of the
// same meaning. The option wins; an empty variable counts as unset.
//
//   Options options("worker", "Serves token streams.");
//   options.add({"--addr", {"WORKER_ADDR"}, "HOST:PORT", "where to listen"}, address(addr));
//   options.parse(argc, argv);   // fills `addr`, or throws Exit
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/instant.h"
#include "engine/member.h"
#include "io/log.h"

namespace rpcnet::bins {

inline constexpr int kUsage = 64;  // EX_USAGE of sysexits.h

// The program is to end now: `text` goes to standard output if the status is 0, else, as one line,
// to standard error.
struct Exit {
  int status = 0;
  std::string text;
};

struct Setting {
  std::string option;                  // "--addr"; without dashes: by its place on the line
  std::vector<std::string> variables;  // {"DIRECTOR_ADDR"}; the first that is set counts
  std::string value;                   // what stands for the value in --help; empty: a switch
  std::string help;
  bool required = false;
};

// How a text becomes a value: `take` gives false for a text that is none, `expected` says what is.
struct Value {
  std::function<bool(const std::string& text)> take;
  std::string expected;
  std::string initial;    // the default, for --help
  bool repeated = false;  // may be given several times
};

class Options {
 public:
  // `notes` are printed below the options.
  Options(std::string program, const std::string& purpose, const std::string& notes = {});

  void add(Setting setting, Value value);
  void parse(int argc, const char* const* argv);

  const std::string& program() const { return program_; }

 private:
  struct Entry {
    Setting setting;
    Value value;
    CLI::Option* option = nullptr;
    std::vector<std::string> given;
  };
  void take(const Entry& entry, const std::string& source, const std::string& text) const;

  std::string program_;
  CLI::App app_;
  std::deque<Entry> entries_;  // CLI11 keeps references into them
};

// The kinds of values. What they fill must outlive the Options; what it holds is the default.
Value text(std::string& target);
Value address(std::string& target);                 // HOST:PORT
Value addresses(std::vector<std::string>& target);  // HOST:PORT[,HOST:PORT]...
Value host(std::string& target);                    // HOST or HOST:PORT
Value node_name(std::string& target);
Value tag(Tags& target);  // KEY=VALUE, repeated
Value tag_filter(std::string& target);
Value on_off(bool& target);
Value count(std::uint64_t& target, std::uint64_t least, std::uint64_t most);
Value duration_ms(Duration& target, Duration least, Duration most);
Value log_level(LogLevel& target);

// One of a few words.
template <typename T>
Value choice(T& target, const std::vector<std::pair<std::string, T>>& words) {
  Value value;
  for (const auto& [word, meaning] : words) {
    value.expected += (value.expected.empty() ? "" : ", ") + word;
    if (meaning == target && value.initial.empty()) value.initial = word;
  }
  value.expected = "one of " + value.expected;
  value.take = [&target, words](const std::string& text) {
    for (const auto& [word, meaning] : words) {
      if (text != word) continue;
      target = meaning;
      return true;
    }
    return false;
  };
  return value;
}

}  // namespace rpcnet::bins
