// The pool of workers on the terminal: at each change of who is available, and every 5 seconds.
#pragma once

#include <asio/awaitable.hpp>
#include <string>
#include <vector>

#include "bins/console.h"
#include "io/cluster.h"

namespace rpcnet::bins {

class PoolStatus {
 public:
  PoolStatus(WorkerRegistry registry, Console console);

  // Now.
  void tell();
  // From now on, for ever.
  asio::awaitable<void> watch();

 private:
  // Who is available and how it reads, without the loads: those change all the time.
  std::vector<std::string> available() const;

  WorkerRegistry registry_;
  Console console_;
  std::vector<std::string> told_;
};

}  // namespace rpcnet::bins
