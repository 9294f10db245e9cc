// Compressed messages: whatever the bytes, no more than the limit comes out; and what we pack
// ourselves comes back as it was.
#include "io/core/compression.h"
#include "tests/fuzz/input.h"

using namespace rpcnet;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input({data, size});
  const std::size_t max = std::size_t{1} + input.u16() * 16;
  const BytesView rest = input.rest();
  const Bytes bytes(rest.begin(), rest.end());
  const auto unpacked = core::unpack(bytes, max, "it", StatusCode::internal);
  FUZZ_ASSERT(!unpacked.ok() || unpacked->size() <= max);
  const auto same = core::unpack(core::pack(bytes, 0), size + 1, "it", StatusCode::internal);
  FUZZ_ASSERT(same.ok() && *same == bytes);
  return 0;
}
