// The arithmetic of receive credit.
#include "engine/rpc/credit.h"

#include <algorithm>
#include <utility>

namespace rpcnet::rpc {
namespace {

// A message's head is a type byte and a length of one byte or more (docs/wire.md).
constexpr std::uint64_t kHeadMin = 2;

}  // namespace

void Credit::delivered(std::uint64_t start, std::uint64_t content) {
  if (std::exchange(first_, false)) return;
  if (untaken_ == 0) {
    floor_ = start;
    untaken_empty_ = 0;
  }
  ++untaken_;
  untaken_content_ += content;
  if (content == 0) ++untaken_empty_;
}

void Credit::consumed(std::uint64_t content, std::uint64_t messages) {
  content = std::min(content, untaken_content_);
  messages = std::min(messages, untaken_);
  untaken_content_ -= content;
  untaken_ -= messages;
  // An application that tells bytes in bulk and forgets to count the messages has still taken
  // every message that has content.
  if (untaken_content_ == 0) untaken_ = std::min(untaken_, untaken_empty_);
  // The exact heads are not remembered one by one; the difference is made good when all is taken.
  floor_ += content + messages * kHeadMin;
}

std::uint64_t Credit::take() {
  const std::uint64_t goal = untaken_ == 0 ? received_ : std::min(floor_, received_);
  if (goal <= credited_) return 0;
  return goal - std::exchange(credited_, goal);
}

}  // namespace rpcnet::rpc
