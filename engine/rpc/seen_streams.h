// Which of the peer's streams on one link have begun.
//
// Facts of a stream may still come after its call was ended here, because facts and orders cross:
// without this memory they would look like a new call. Streams begin almost in the order of their
// numbers, so one number and the few gaps below it tell all. A gap closes when its streams begin;
// how many are open at once is bounded by the streams that the transport allows the peer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace rpcnet::rpc {

class SeenStreams {
 public:
  // A peer that leaves more gaps than this loses the oldest: streams in it count as begun.
  static constexpr std::size_t kGapsMax = 4096;

  // True the first time that this number comes.
  bool begin(std::uint64_t number);

  std::size_t gaps() const { return gaps_.size(); }

 private:
  std::uint64_t next_ = 0;                       // everything from here on has not begun
  std::map<std::uint64_t, std::uint64_t> gaps_;  // below next_: first to one past the last
};

}  // namespace rpcnet::rpc
