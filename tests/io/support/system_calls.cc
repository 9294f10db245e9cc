// The hooks, and the calls that ask them.
#include "tests/io/support/system_calls.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace rpcnet::test {
namespace {

SystemCalls* active = nullptr;

}  // namespace

SystemCalls::SystemCalls() { active = this; }
SystemCalls::~SystemCalls() { active = nullptr; }

}  // namespace rpcnet::test

extern "C" {

int socket(int family, int type, int protocol) noexcept {
  const auto* hooks = rpcnet::test::active;
  if (hooks != nullptr && hooks->socket) {
    if (const int number = hooks->socket(family); number != 0) {
      errno = number;
      return -1;
    }
  }
  return static_cast<int>(::syscall(SYS_socket, family, type, protocol));
}

ssize_t sendmsg(int descriptor, const msghdr* message, int flags) {
  const auto* hooks = rpcnet::test::active;
  if (hooks != nullptr && hooks->sendmsg) {
    if (const int number = hooks->sendmsg(*message); number != 0) {
      errno = number;
      return -1;
    }
  }
  return ::syscall(SYS_sendmsg, descriptor, message, flags);
}

}  // extern "C"
