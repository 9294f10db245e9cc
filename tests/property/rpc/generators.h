// Random metadata, statuses and streams of frames.
#pragma once

#include <rapidcheck.h>

#include <string>
#include <vector>

#include "engine/rpc/frame.h"

namespace rpcnet::test {

inline rc::Gen<std::string> key_gen() {
  return rc::gen::nonEmpty(rc::gen::container<std::string>(
      rc::gen::elementOf(std::string("abcdefghijklmnopqrstuvwxyz0123456789._-"))));
}

inline rc::Gen<Metadata> metadata_gen() {
  return rc::gen::container<Metadata>(rc::gen::pair(key_gen(), rc::gen::arbitrary<std::string>()));
}

inline rc::Gen<Status> status_gen() {
  return rc::gen::map(rc::gen::tuple(rc::gen::inRange(0, 17), rc::gen::arbitrary<std::string>(),
                                     rc::gen::arbitrary<Bytes>()),
                      [](const auto& parts) {
                        return Status{static_cast<StatusCode>(std::get<0>(parts)),
                                      std::get<1>(parts), std::get<2>(parts)};
                      });
}

// Whole frames in any order, and at times one that is cut short or changed in one byte.
inline rc::Gen<Bytes> stream_gen() {
  return rc::gen::exec([] {
    Bytes stream;
    const int frames = *rc::gen::inRange(0, 8);
    for (int i = 0; i < frames; ++i) {
      switch (*rc::gen::weightedElement<int>({{2, 0}, {5, 1}, {1, 2}, {1, 3}})) {
        case 0: {
          const int left = *rc::gen::inRange(0, 3);
          rpc::append_request_header(
              stream,
              left == 0 ? std::nullopt : std::optional<Duration>(std::chrono::seconds(left)),
              *key_gen(), *metadata_gen());
          break;
        }
        case 1: {
          const Bytes message = *rc::gen::arbitrary<Bytes>();
          rpc::append_message_head(stream, message.size());
          stream.insert(stream.end(), message.begin(), message.end());
          break;
        }
        case 2: rpc::append_response_header(stream, *metadata_gen()); break;
        default: rpc::append_trailer(stream, *status_gen(), *metadata_gen());
      }
    }
    if (!stream.empty() && *rc::gen::weightedElement<bool>({{3, false}, {1, true}})) {
      const auto at = *rc::gen::inRange<std::size_t>(0, stream.size());
      if (*rc::gen::arbitrary<bool>()) {
        stream.resize(at);
      } else {
        stream[at] = *rc::gen::arbitrary<std::uint8_t>();
      }
    }
    return stream;
  });
}

}  // namespace rpcnet::test
