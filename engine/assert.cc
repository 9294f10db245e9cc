// Where a failed assertion ends.
#include "engine/assert.h"

#include <exception>

namespace rpcnet {

void assert_failed(const AssertFailure& failure) {
  // Volatile keeps the record in the frame, where a debugger and a core file show it.
  [[maybe_unused]] volatile const AssertFailure* record = &failure;
  std::terminate();
}

}  // namespace rpcnet
