// System calls that fail as a test says: the linker prefers our definitions to the C library's.
#pragma once

#include <sys/socket.h>

#include <functional>

namespace rpcnet::test {

// While one lives, its hooks are asked before each call of the name. 0: let the call happen; else
// it fails with this errno. One at a time, on the test's own thread.
class SystemCalls {
 public:
  SystemCalls();
  SystemCalls(const SystemCalls&) = delete;
  SystemCalls& operator=(const SystemCalls&) = delete;
  ~SystemCalls();

  std::function<int(int family)> socket;
  std::function<int(const msghdr& message)> sendmsg;
};

}  // namespace rpcnet::test
