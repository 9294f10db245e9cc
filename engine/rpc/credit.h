// How much the peer may send on one stream: the consumer decides (DESIGN section 3).
//
// Withheld is only what the application has been given and has not taken: from the start of the
// first such message on, everything. While it has taken all, bytes are credited as they arrive, so
// a message larger than the window can complete. The first message needs no taking, so a unary
// call costs the application nothing.
//
//   stream   | head | message 1 | message 2 | message 3 | part of 4
//                               ^ floor: 2 and 3 delivered, neither taken
//
// Heads of messages are withheld with them: a flood of empty messages is stopped by the window
// too. Never more is credited than was received.
#pragma once

#include <cstdint>

namespace rpcnet::rpc {

class Credit {
 public:
  // Bytes came, of whatever kind.
  void arrived(std::uint64_t bytes) { received_ += bytes; }

  // A message is complete and goes to the application: it begins at `start` of the stream and has
  // `content` bytes after its head.
  void delivered(std::uint64_t start, std::uint64_t content);

  // The application took `messages` messages with `content` bytes in all.
  void consumed(std::uint64_t content, std::uint64_t messages);

  // What to credit now; the next call tells only what came since.
  std::uint64_t take();

  std::uint64_t received() const { return received_; }

 private:
  bool first_ = true;           // no message was delivered yet
  std::uint64_t received_ = 0;  // in all, from the stream's beginning
  std::uint64_t credited_ = 0;  // of that
  std::uint64_t floor_ = 0;     // withheld from here on, while untaken_ is not 0
  std::uint64_t untaken_ = 0;   // messages that were delivered and not taken
  std::uint64_t untaken_content_ = 0;
  std::uint64_t untaken_empty_ = 0;  // how many of them have no content, at most
};

}  // namespace rpcnet::rpc
