// One line on a terminal that shows how far it is; nothing when the output is no terminal.
#pragma once

#include <cstdint>
#include <string>

namespace rpcnet::bins {

class Progress {
 public:
  Progress();
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `done` of `total`; `words` follow the bar. Total 0: nobody knows it, there is no bar.
  void show(std::uint64_t done, std::uint64_t total, const std::string& words);
  void clear();

 private:
  bool terminal_;
  bool shown_ = false;
  double last_ = 0;  // when it was last drawn: ten times a second is enough
};

// Seconds of a steady clock.
double wall_seconds();

}  // namespace rpcnet::bins
