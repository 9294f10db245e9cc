// ENGINE_ASSERT: the assertion for our own bugs. It stays on in release builds.
//
// Never use it on anything that a peer or a user can cause: bytes from the network are parsed into
// optionals, expected local failures return a Result.
#pragma once

#include <cstdlib>

namespace rpcnet {

// Ends the process at the failed condition. A debugger or the core file shows where; the engine
// itself writes nothing (it has no log), so the record stays in the frame of
// assert_failed, where both find it.
struct AssertFailure {
  const char* condition;
  const char* file;
  int line;
};

[[noreturn]] void assert_failed(const AssertFailure& failure);

}  // namespace rpcnet

#define ENGINE_ASSERT(condition)                                 \
  do {                                                           \
    if (!(condition)) [[unlikely]] {                             \
      ::rpcnet::assert_failed({#condition, __FILE__, __LINE__}); \
    }                                                            \
  } while (false)
