// Input: a fuzzer's bytes as numbers and pieces. When they run out everything is zero and empty, so
// every input is one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "engine/bytes.h"

namespace rpcnet::fuzz {

class Input {
 public:
  explicit Input(BytesView bytes) : left_(bytes) {}

  bool empty() const { return left_.empty(); }

  std::uint8_t u8() {
    if (left_.empty()) return 0;
    const std::uint8_t byte = left_.front();
    left_ = left_.subspan(1);
    return byte;
  }
  std::uint32_t u16() {
    const std::uint32_t high = u8();
    return high << 8 | u8();
  }
  // At most so many bytes, of which the input says how many.
  BytesView piece(std::size_t most) { return take(std::min<std::size_t>(u16(), most)); }
  BytesView rest() { return take(left_.size()); }

 private:
  BytesView take(std::size_t size) {
    const BytesView taken = left_.first(std::min(size, left_.size()));
    left_ = left_.subspan(taken.size());
    return taken;
  }

  BytesView left_;
};

}  // namespace rpcnet::fuzz

// What a target does with one input; 0 always. A crash, a sanitizer's word or a failed assertion is
// what a fuzzer looks for.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

#define FUZZ_ASSERT(condition)          \
  do {                                  \
    if (!(condition)) __builtin_trap(); \
  } while (false)
