// Protobuf messages in calls, and in the details of a status. Only who includes this needs
// libprotobuf.
//
//   co_return rpcnet::error(rpcnet::StatusCode::out_of_range, "division by zero", problem);
//   ...
//   if (auto problem = rpcnet::detail<calculator::Problem>(reply.status())) ...
#pragma once

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message_lite.h>
#include <google/protobuf/wire_format_lite.h>
#if __has_include(<google/protobuf/stubs/logging.h>)
#include <google/protobuf/stubs/logging.h>
#endif

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/bytes.h"
#include "engine/status.h"
#include "io/codec.h"
#include "io/result.h"

namespace rpcnet {

template <typename T>
concept ProtobufMessage = std::derived_from<T, google::protobuf::MessageLite>;

namespace core {

// libprotobuf tells standard error of each string that is no UTF-8. Who sent it is told by the
// status of the call, and may be anybody; its other complaints go where they went before. A program
// that sets a handler of its own in main() has the last word.
#if __has_include(<google/protobuf/stubs/logging.h>)  // later ones log through Abseil
inline google::protobuf::LogHandler* protobuf_log = nullptr;
inline const bool protobuf_log_is_filtered = [] {
  using google::protobuf::LogLevel;
  protobuf_log = google::protobuf::SetLogHandler(
      [](LogLevel level, const char* file, int line, const std::string& words) {
        if (words.find("invalid UTF-8") != std::string::npos || protobuf_log == nullptr) return;
        protobuf_log(level, file, line, words);
      });
  return true;
}();
#endif

}  // namespace core

template <ProtobufMessage T>
struct Codec<T> {
  static Bytes encode(const T& message) {
    Bytes bytes(message.ByteSizeLong());
    message.SerializeWithCachedSizesToArray(bytes.data());
    return bytes;
  }
  static std::optional<T> decode(BytesView bytes) {
    if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
      return std::nullopt;
    }
    std::optional<T> message(std::in_place);
    if (!message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) message.reset();
    return message;
  }
  static std::string name() { return T().GetTypeName(); }
};

// --------------------------------------------------------------------------------- typed details

// Status::details as gRPC users know them: field 3 of google.rpc.Status, a google.protobuf.Any for
// each. Written by hand, so that lite messages will do.
namespace core {

inline constexpr std::uint32_t kDetailTag = (3u << 3) | 2;  // repeated Any details = 3
inline constexpr std::uint32_t kTypeUrlTag = (1u << 3) | 2;
inline constexpr std::uint32_t kValueTag = (2u << 3) | 2;
inline constexpr const char* kTypePrefix = "type.googleapis.com/";

struct AnyDetail {
  std::string type;  // "package.Message"
  std::string value;
};

// The details in order; what does not parse ends the list.
inline std::vector<AnyDetail> parse_details(const Bytes& details) {
  namespace io = google::protobuf::io;
  using google::protobuf::internal::WireFormatLite;
  std::vector<AnyDetail> found;
  io::CodedInputStream in(details.data(), static_cast<int>(details.size()));
  while (const std::uint32_t tag = in.ReadTag()) {
    if (tag != kDetailTag) {
      if (!WireFormatLite::SkipField(&in, tag)) break;
      continue;
    }
    std::uint32_t size = 0;
    if (!in.ReadVarint32(&size) || size > details.size()) break;
    const auto limit = in.PushLimit(static_cast<int>(size));
    AnyDetail detail;
    bool whole = true;
    while (const std::uint32_t field = whole ? in.ReadTag() : 0) {
      std::string* target = field == kTypeUrlTag ? &detail.type
                            : field == kValueTag ? &detail.value
                                                 : nullptr;
      whole = target != nullptr ? WireFormatLite::ReadBytes(&in, target)
                                : WireFormatLite::SkipField(&in, field);
    }
    // Where the bytes end before their size says, nothing is left to read and something is missing.
    if (!whole || in.BytesUntilLimit() != 0) break;
    in.PopLimit(limit);
    detail.type.erase(0, detail.type.rfind('/') + 1);
    found.push_back(std::move(detail));
  }
  return found;
}

}  // namespace core

// Adds a message to the details of a status.
template <ProtobufMessage Detail>
void add_detail(Status& status, const Detail& detail) {
  namespace io = google::protobuf::io;
  const std::string type = core::kTypePrefix + detail.GetTypeName();
  const std::string value = detail.SerializeAsString();
  std::string any;
  {
    io::StringOutputStream stream(&any);
    io::CodedOutputStream out(&stream);
    out.WriteTag(core::kTypeUrlTag);
    out.WriteVarint32(static_cast<std::uint32_t>(type.size()));
    out.WriteString(type);
    out.WriteTag(core::kValueTag);
    out.WriteVarint32(static_cast<std::uint32_t>(value.size()));
    out.WriteString(value);
  }
  std::string entry;
  {
    io::StringOutputStream stream(&entry);
    io::CodedOutputStream out(&stream);
    out.WriteTag(core::kDetailTag);
    out.WriteVarint32(static_cast<std::uint32_t>(any.size()));
    out.WriteString(any);
  }
  status.details.insert(status.details.end(), entry.begin(), entry.end());
}

// A status with a message for programs beside the words for people.
template <ProtobufMessage Detail>
Status error(StatusCode code, std::string words, const Detail& detail) {
  Status status = error(code, std::move(words));
  add_detail(status, detail);
  return status;
}

// The first message of this type in the details of a status; absent if there is none that parses.
template <ProtobufMessage Detail>
std::optional<Detail> detail(const Status& status) {
  const std::string wanted = Codec<Detail>::name();
  for (const core::AnyDetail& found : core::parse_details(status.details)) {
    if (found.type == wanted) return Codec<Detail>::decode(as_bytes(found.value));
  }
  return std::nullopt;
}

}  // namespace rpcnet
