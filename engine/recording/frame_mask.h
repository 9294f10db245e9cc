// Takes what an application wrote out of the bytes of one direction of a call's stream, as they
// come: zeros take the place of message contents, metadata values, status words and details. What
// the engine reads (docs/wire.md) stays: types, lengths, deadline, method, keys, status code, and
// the values of the library's own keys.
//
// Masking what is masked changes nothing. Bytes that depart from the grammar become zeros from
// there on: the engine reads no further either.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "engine/bytes.h"

namespace rpcnet::recording {

class FrameMask {
 public:
  // The next bytes of the direction, masked.
  Bytes pass(BytesView bytes);

 private:
  // What the next byte belongs to.
  enum class Stage : std::uint8_t {
    type,
    length,   // of the frame
    number,   // deadline or status code
    size,     // of the text that follows
    text,     // kept or not, as `kind_` says
    content,  // of a message
    lost,     // nothing can be made of it any more
  };
  // Which text.
  enum class Kind : std::uint8_t { method, words, details, key, value };

  std::uint8_t step(std::uint8_t byte);
  bool varint(std::uint8_t byte);
  void begin_frame();
  void begin_text(Kind kind);
  void end_text();

  Stage stage_ = Stage::type;
  Kind kind_{};
  std::uint8_t type_ = 0;
  std::uint64_t number_ = 0;      // of a varint, so far
  std::uint8_t number_left_ = 0;  // its bytes to come
  bool in_number_ = false;
  std::uint64_t frame_left_ = 0;  // of the payload
  std::uint64_t text_left_ = 0;
  std::string key_;  // as far as it can be one of the library's
};

}  // namespace rpcnet::recording
