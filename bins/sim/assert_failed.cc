// The simulator's own end of a failed ENGINE_ASSERT: it says which one.
//
// engine/assert.cc writes nothing, because the engine has no log. A program may bring its own
// definition, which the linker takes before it looks into the engine's archive.
#include "engine/assert.h"

#include <cstdio>
#include <cstdlib>

namespace rpcnet {

void assert_failed(const AssertFailure& failure) {
  std::fprintf(stderr, "\nsim: assertion failed: %s (%s:%d)\n", failure.condition, failure.file,
               failure.line);
  std::abort();
}

}  // namespace rpcnet
