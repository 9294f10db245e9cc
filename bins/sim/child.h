// Simulations in processes of their own: a crash is then a result, and two runs share no state.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace rpcnet::bins {

struct Child {
  pid_t pid = -1;
  int output = -1;  // what it writes to standard output, or to the descriptor it is given
  std::string text;
};

// Runs `work` in a fork; what it writes to the descriptor it is given arrives in `output`. Its
// result is the exit status.
Child fork_child(const std::function<int(int descriptor)>& work);

// Runs a program; standard output arrives in `output`. `fixed_addresses` switches address
// randomisation off; `environment` is added to ours.
Child exec_child(const std::string& program, const std::vector<std::string>& arguments,
                 bool fixed_addresses, const std::vector<std::string>& environment);

// Reads all it says and waits for its end. The raw wait status.
int finish(Child& child);

// Waits until one of them has ended and read all it said; gives its place, and its wait status.
std::size_t wait_any(std::vector<Child>& children, int& status);

// "signal 6 (Aborted)", "simulated time stood still" (hang.h) or "exit status 3".
std::string describe(int status);

}  // namespace rpcnet::bins
