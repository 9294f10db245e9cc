// zlib, with bounds.
#include "io/core/compression.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace rpcnet::core {
namespace {

enum Form : std::uint8_t { kPlain = 0, kDeflated = 1 };

constexpr int kRawDeflate = -15;  // the largest window, without zlib's header and checksum
constexpr int kMemory = 8;        // zlib's default: 256 KiB in all
constexpr std::size_t kFits = std::numeric_limits<uInt>::max();

// One of each for a thread: to make one costs more than to deflate a short message.
struct Deflater {
  z_stream stream{};
  bool good = deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kRawDeflate, kMemory,
                           Z_DEFAULT_STRATEGY) == Z_OK;
  Deflater() = default;
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  ~Deflater() { deflateEnd(&stream); }
};

struct Inflater {
  z_stream stream{};
  bool good = inflateInit2(&stream, kRawDeflate) == Z_OK;
  Inflater() = default;
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream); }
};

// zlib does not write to its input, but its types do not say so in all versions.
Bytef* input(BytesView bytes) { return const_cast<Bytef*>(bytes.data()); }

// nullopt: this is not deflate, or ends too early. More than `max` bytes: there are more.
std::optional<Bytes> inflate_up_to(BytesView deflated, std::size_t max) {
  thread_local Inflater inflater;
  z_stream& stream = inflater.stream;
  if (!inflater.good || deflated.size() > kFits || inflateReset(&stream) != Z_OK) {
    return std::nullopt;
  }
  stream.next_in = input(deflated);
  stream.avail_in = static_cast<uInt>(deflated.size());
  Bytes bytes;
  std::size_t done = 0;
  while (done <= max) {
    bytes.resize(std::min(max + 1, std::max<std::size_t>(2 * done, 4 * deflated.size() + 64)));
    stream.next_out = bytes.data() + done;
    stream.avail_out = static_cast<uInt>(std::min(bytes.size() - done, kFits));
    const uInt room = stream.avail_out;
    const int result = inflate(&stream, Z_NO_FLUSH);
    done += room - stream.avail_out;
    if (result == Z_STREAM_END) {
      if (stream.avail_in > 0) return std::nullopt;
      break;
    }
    if (result != Z_OK || stream.avail_out > 0) return std::nullopt;
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace

bool accepts_deflate(std::string_view list) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view one = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (one == kDeflate) return true;
  }
  return false;
}

std::optional<Bytes> pack_if_smaller(BytesView message) {
  thread_local Deflater deflater;
  z_stream& stream = deflater.stream;
  if (!deflater.good || message.size() < 2 || message.size() > kFits ||
      deflateReset(&stream) != Z_OK) {
    return std::nullopt;
  }
  Bytes packed(message.size());
  packed[0] = kDeflated;
  stream.next_in = input(message);
  stream.avail_in = static_cast<uInt>(message.size());
  stream.next_out = packed.data() + 1;
  stream.avail_out = static_cast<uInt>(packed.size() - 1);
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) return std::nullopt;
  packed.resize(packed.size() - stream.avail_out);
  return packed;
}

Bytes pack(Bytes message, std::size_t min_bytes) {
  if (message.size() >= min_bytes) {
    if (auto packed = pack_if_smaller(message)) return std::move(*packed);
  }
  message.insert(message.begin(), kPlain);
  return message;
}

Result<Bytes> unpack(Bytes packed, std::size_t max, std::string_view what, StatusCode malformed) {
  if (packed.empty() || packed[0] > kDeflated) {
    return error(malformed, std::string(what) + " does not say how it is compressed");
  }
  const std::size_t size = packed.size();
  std::optional<Bytes> bytes;
  if (packed[0] == kPlain) {
    packed.erase(packed.begin());
    bytes = std::move(packed);
  } else {
    bytes = inflate_up_to(BytesView(packed).subspan(1), max);
  }
  if (!bytes) return error(malformed, std::string(what) + " is not deflated as it says");
  if (bytes->size() <= max) return std::move(*bytes);
  return error(StatusCode::resource_exhausted, std::string(what) + " of " + std::to_string(size) +
                                                   " bytes is over message_max of " +
                                                   std::to_string(max) + " once decompressed");
}

}  // namespace rpcnet::core
