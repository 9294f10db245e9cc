// Records: a size, a body, a check.
#include "engine/recording.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "engine/assert.h"
#include "engine/digest.h"
#include "engine/hash.h"
#include "engine/recording/codec.h"

namespace rpcnet::recording {
namespace {

enum class Type : std::uint8_t {
  header = 1,
  fact = 2,
  command = 3,
  deadline = 4,
  unreachable = 5,
  result = 6,
  checkpoint = 7,
  end = 8,
};

constexpr std::size_t kCheckSize = 4;

// No record is larger: an input's bytes, with room for the rest of it.
constexpr std::size_t kRecordMax = kBytesMax + (std::size_t{1} << 20);

void put_tally(Encoder& encoder, const Tally& tally) {
  encoder.number(tally.inputs);
  encoder.number(tally.outputs);
  encoder.eight(tally.hash.high);
  encoder.eight(tally.hash.low);
}

Tally get_tally(Decoder& decoder) {
  Tally tally;
  tally.inputs = decoder.number();
  tally.outputs = decoder.number();
  tally.hash.high = decoder.eight();
  tally.hash.low = decoder.eight();
  return tally;
}

void put_content(wire::Writer& writer, std::uint32_t content) {
  writer.u16(static_cast<std::uint16_t>(content >> 16));
  writer.u16(static_cast<std::uint16_t>(content & 0xffff));
}

// A body that begins as all do.
Bytes begin_body(Type type) { return Bytes{static_cast<std::uint8_t>(type)}; }

std::uint64_t since(Instant last, Instant at) {
  ENGINE_ASSERT(at >= last);
  return static_cast<std::uint64_t>((at - last).count());
}

}  // namespace

void OutputHash::add(const ResultRecord& result) {
  const auto one = [this](std::uint64_t what) {
    high = fold(high ^ what, 0x9e3779b97f4a7c15) + std::rotl(low, 23);
    low = fold(low ^ what, 0xa0761d6478bd642f) + high;
  };
  one(static_cast<std::uint64_t>(result.outcome));
  for (const Fingerprint& output : result.outputs) {
    one(std::uint64_t{output.kind} << 32 | output.content);
  }
}

std::string to_text(const OutputHash& hash) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint64_t half : {hash.high, hash.low}) {
    for (int shift = 60; shift >= 0; shift -= 4) text += kDigits[(half >> shift) & 0xf];
  }
  return text;
}

Fingerprint fingerprint(const Output& output) {
  if (const auto* order = std::get_if<Order>(&output)) {
    return {static_cast<std::uint8_t>(order->index()), static_cast<std::uint32_t>(digest(*order))};
  }
  const auto& event = std::get<Event>(output);
  return {static_cast<std::uint8_t>(Fingerprint::kEvent | event.index()),
          static_cast<std::uint32_t>(digest(event))};
}

const char* to_text(Ending ending) {
  switch (ending) {
    case Ending::closed: return "closed";
    case Ending::full: return "full";
    case Ending::too_large: return "input too large";
  }
  return "?";
}

// ---------------------------------------------------------------------------------------- writing

void Writer::seal(const Bytes& body) {
  wire::Writer writer(out_);
  writer.sized(body);
  chain_ = hash_bytes(body, chain_);
  put_content(writer, static_cast<std::uint32_t>(chain_));
}

template <typename T>
bool Writer::timed(Bytes& body, Instant at, const T& input) {
  Encoder encoder(body);
  encoder.number(since(last_, at));
  encoder.put(input);
  if (encoder.expanded() > kBytesMax) return false;
  last_ = at;
  seal(body);
  return true;
}

void Writer::begin(const Header& header) {
  wire::Writer writer(out_);
  writer.bytes(as_bytes(kMagic));
  writer.u8(kVersion);
  last_ = header.begin;
  Bytes body = begin_body(Type::header);
  Encoder encoder(body);
  encoder.put(header.engine);
  encoder.put(header.began_unix_ns);
  encoder.put(header.payloads);
  encoder.put(header.begin);
  encoder.put(header.config);
  seal(body);
}

bool Writer::input(Instant at, const Fact& fact) {
  Bytes body = begin_body(Type::fact);
  return timed(body, at, fact);
}

bool Writer::input(Instant at, const Command& command) {
  Bytes body = begin_body(Type::command);
  return timed(body, at, command);
}

void Writer::deadline(Instant at) {
  Bytes body = begin_body(Type::deadline);
  Encoder(body).number(since(std::exchange(last_, at), at));
  seal(body);
}

void Writer::unreachable(Instant at, const Address& address) {
  Bytes body = begin_body(Type::unreachable);
  timed(body, at, address);
}

void Writer::result(const ResultRecord& result) {
  Bytes body = begin_body(Type::result);
  wire::Writer writer(body);
  writer.u8(static_cast<std::uint8_t>(result.outcome));
  for (const Fingerprint& output : result.outputs) {
    writer.u8(output.kind);
    put_content(writer, output.content);
  }
  seal(body);
}

void Writer::checkpoint(const Tally& tally) {
  Bytes body = begin_body(Type::checkpoint);
  Encoder encoder(body);
  put_tally(encoder, tally);
  seal(body);
}

void Writer::end(Ending ending, const Tally& tally) {
  Bytes body = begin_body(Type::end);
  Encoder encoder(body);
  encoder.put(ending);
  put_tally(encoder, tally);
  seal(body);
}

void Writer::back_to(const Place& place) {
  out_.resize(place.size);
  last_ = place.last;
  chain_ = place.chain;
}

// ---------------------------------------------------------------------------------------- reading

std::nullopt_t Reader::bad(std::string expected) {
  fault_ = {Fault::Kind::bad, at_, std::move(expected)};
  return std::nullopt;
}

// The body of the next record, if it is all there and as it was written.
std::optional<BytesView> Reader::body() {
  const BytesView rest = bytes_.subspan(static_cast<std::size_t>(at_));
  wire::Reader reader(rest);
  const auto cut = [this] {
    fault_ = {Fault::Kind::cut, at_, {}};
    return std::nullopt;
  };
  if (rest.empty()) {
    fault_ = {Fault::Kind::end, at_, {}};
    return std::nullopt;
  }
  const auto size = reader.varint();
  if (!size) return cut();
  if (*size == 0 || *size > kRecordMax) {
    return bad("the size of a record, 1 to " + std::to_string(kRecordMax));
  }
  const auto body = reader.bytes(*size);
  const auto check = body ? reader.bytes(kCheckSize) : std::nullopt;
  if (!check) return cut();
  const std::uint64_t chain = hash_bytes(*body, chain_);
  std::uint32_t found = 0;
  for (const std::uint8_t byte : *check) found = found << 8 | byte;
  if (found != static_cast<std::uint32_t>(chain)) return bad("a record whose check holds");
  chain_ = chain;
  at_ += rest.size() - reader.left();
  return body;
}

std::optional<Header> Reader::header() {
  const std::size_t common = std::min(bytes_.size(), kMagic.size());
  if (as_text(bytes_.first(common)) != kMagic.substr(0, common)) {
    return bad("\"" + std::string(kMagic) + "\"");
  }
  if (bytes_.size() <= kMagic.size()) {
    fault_ = {Fault::Kind::cut, 0, {}};
    return std::nullopt;
  }
  at_ = kMagic.size();
  if (bytes_[kMagic.size()] != kVersion) {
    return bad("version " + std::to_string(kVersion) + ", not " +
               std::to_string(bytes_[kMagic.size()]));
  }
  ++at_;
  const std::uint64_t begin = at_;
  const auto found = body();
  if (!found) {
    // Without a header it is no whole recording, however well the cut fits.
    if (fault_.kind == Fault::Kind::end) fault_.kind = Fault::Kind::cut;
    return std::nullopt;
  }
  Bytes storage;
  Decoder decoder(*found, storage);
  const auto type = decoder.u8();
  std::string engine;
  std::int64_t began = 0;
  bool payloads = false;
  Instant start{};
  decoder.get(engine);
  decoder.get(began);
  decoder.get(payloads);
  decoder.get(start);
  auto id = decoder.node_id();
  std::optional<Header> header;
  if (id) {
    header = Header{std::move(engine), began, payloads, start, NodeConfig{.id = std::move(*id)}};
    std::apply([&decoder](NodeId&, auto&... fields) { (decoder.get(fields), ...); },
               fields_of(header->config));
  }
  const bool whole = decoder.complete() && header && start >= Instant{};
  if (type != static_cast<std::uint8_t>(Type::header) || !whole) {
    at_ = begin;
    return bad("a header: who recorded, and the node's configuration");
  }
  last_ = start;
  return header;
}

namespace {

std::optional<Record> parse(BytesView body, Instant& last) {
  InputRecord input;
  Decoder decoder(body, input.bytes);
  const auto type = decoder.u8();
  if (!type) return std::nullopt;
  const auto take_time = [&] {
    const std::uint64_t gap = decoder.number();
    const auto room = static_cast<std::uint64_t>((Instant::max() - last).count());
    if (gap > room) return false;
    input.at = last + Duration(static_cast<std::int64_t>(gap));
    last = input.at;
    return true;
  };
  const auto whole = [&](Record&& record) -> std::optional<Record> {
    if (!decoder.complete()) return std::nullopt;
    return std::move(record);
  };
  switch (static_cast<Type>(*type)) {
    case Type::header: return std::nullopt;
    case Type::fact:
      if (!take_time()) return std::nullopt;
      decoder.get(input.input.emplace<Fact>());
      return whole(std::move(input));
    case Type::command:
      if (!take_time()) return std::nullopt;
      decoder.get(input.input.emplace<Command>());
      return whole(std::move(input));
    case Type::deadline:
      if (!take_time()) return std::nullopt;
      input.input = DeadlineReached{};
      return whole(std::move(input));
    case Type::unreachable:
      if (!take_time()) return std::nullopt;
      decoder.get(input.input.emplace<Unreachable>().address);
      return whole(std::move(input));
    case Type::result: {
      ResultRecord result;
      decoder.get(result.outcome);
      while (decoder.left() > 0 && !decoder.failed()) {
        Fingerprint& output = result.outputs.emplace_back();
        output.kind = decoder.u8().value_or(0);
        for (std::size_t i = 0; i < kCheckSize; ++i) {
          output.content = output.content << 8 | decoder.u8().value_or(0);
        }
      }
      return whole(std::move(result));
    }
    case Type::checkpoint: return whole(CheckpointRecord{get_tally(decoder)});
    case Type::end: {
      EndRecord end;
      decoder.get(end.ending);
      end.tally = get_tally(decoder);
      return whole(end);
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Record> Reader::next() {
  const std::uint64_t begin = at_;
  const auto found = body();
  if (!found) return std::nullopt;
  auto record = parse(*found, last_);
  if (!record) {
    at_ = begin;
    return bad("an input, a result, a checkpoint or an end");
  }
  return record;
}

}  // namespace rpcnet::recording
