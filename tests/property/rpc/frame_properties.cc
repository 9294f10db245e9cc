// What holds for every frame and every sequence of bytes.
#include <rapidcheck.h>

#include <boost/test/unit_test.hpp>

#include "engine/rpc/assembler.h"
#include "engine/rpc/frame.h"
#include "tests/property/rpc/generators.h"

using namespace rpcnet;
using namespace rpcnet::rpc;
using namespace rpcnet::test;

namespace {

struct Cut {
  FrameType type{};
  Bytes payload;
  friend bool operator==(const Cut&, const Cut&) = default;
};

struct Result {
  std::vector<Cut> frames;
  bool bad = false;
  bool between = false;
  friend bool operator==(const Result&, const Result&) = default;
};

// Reads pieces of the given sizes, the last of which takes the rest.
Result assemble(const Bytes& stream, const std::vector<std::size_t>& sizes,
                const RpcConfig& config) {
  Assembler assembler;
  Result result;
  std::size_t at = 0;
  for (std::size_t i = 0; i <= sizes.size(); ++i) {
    const std::size_t left = stream.size() - at;
    const std::size_t size = i < sizes.size() ? std::min(sizes[i], left) : left;
    // A piece of its own, so that reading beyond it is seen by the address sanitizer.
    const Bytes piece(stream.begin() + static_cast<std::ptrdiff_t>(at),
                      stream.begin() + static_cast<std::ptrdiff_t>(at + size));
    at += size;
    BytesView rest = piece;
    Assembler::Step step{};
    while ((step = assembler.next(rest, config)) == Assembler::Step::frame) {
      const BytesView seen = assembler.payload();
      const Bytes copy(seen.begin(), seen.end());
      RC_ASSERT(copy.size() == assembler.length());
      result.frames.push_back({assembler.type(), assembler.take()});
      RC_ASSERT(result.frames.back().payload == copy);
    }
    if (step != Assembler::Step::need_more) {
      result.bad = true;
      return result;
    }
    RC_ASSERT(rest.empty());
  }
  result.between = assembler.between_frames();
  return result;
}

BytesView payload_of(const Bytes& frame, FrameType type) {
  static Bytes kept;
  Assembler assembler;
  BytesView rest = frame;
  RC_ASSERT(assembler.next(rest, RpcConfig{.metadata_max = 1 << 20}) == Assembler::Step::frame);
  RC_ASSERT(assembler.type() == type);
  RC_ASSERT(rest.empty());
  kept = assembler.take();
  return kept;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rpc_frame_properties)

BOOST_AUTO_TEST_CASE(ARequestHeaderReadsBackAsItWasWritten) {
  BOOST_TEST(rc::check([] {
    const auto micros = *rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 50);
    const std::optional<Duration> left =
        micros == 0 ? std::nullopt : std::optional<Duration>(std::chrono::microseconds(micros));
    const auto method = *rc::gen::suchThat(rc::gen::arbitrary<std::string>(), [](const auto& m) {
      return !m.empty() && m.size() <= kMethodMax;
    });
    const Metadata metadata = *metadata_gen();
    Bytes frame;
    append_request_header(frame, left, method, metadata);
    RC_ASSERT(frame.size() == request_header_size(left, method, metadata));
    const auto header = parse_request_header(payload_of(frame, FrameType::request_header));
    RC_ASSERT(header.has_value());
    RC_ASSERT(header->left == left);
    RC_ASSERT(header->method == method);
    RC_ASSERT(header->metadata == metadata);
  }));
}

BOOST_AUTO_TEST_CASE(AResponseHeaderReadsBackAsItWasWritten) {
  BOOST_TEST(rc::check([] {
    const Metadata metadata = *metadata_gen();
    Bytes frame;
    append_response_header(frame, metadata);
    RC_ASSERT(frame.size() == response_header_size(metadata));
    RC_ASSERT(parse_response_header(payload_of(frame, FrameType::response_header)) == metadata);
  }));
}

BOOST_AUTO_TEST_CASE(ATrailerReadsBackAsItWasWritten) {
  BOOST_TEST(rc::check([] {
    const Status status = *status_gen();
    const Metadata metadata = *metadata_gen();
    Bytes frame;
    append_trailer(frame, status, metadata);
    RC_ASSERT(frame.size() == trailer_size(status, metadata));
    const auto trailer = parse_trailer(payload_of(frame, FrameType::trailer));
    RC_ASSERT(trailer.has_value());
    RC_ASSERT(trailer->status == status);
    RC_ASSERT(trailer->metadata == metadata);
  }));
}

BOOST_AUTO_TEST_CASE(ArbitraryPayloadsAreParsedOrRefused) {
  BOOST_TEST(rc::check([](const Bytes& bytes) {
    // What is accepted can be written again and means the same.
    if (const auto header = parse_request_header(bytes)) {
      Bytes frame;
      append_request_header(frame, header->left, header->method, header->metadata);
      const auto again = parse_request_header(payload_of(frame, FrameType::request_header));
      RC_ASSERT(again.has_value());
      RC_ASSERT(again->metadata == header->metadata);
    }
    if (const auto trailer = parse_trailer(bytes)) {
      Bytes frame;
      append_trailer(frame, trailer->status, trailer->metadata);
      const auto again = parse_trailer(payload_of(frame, FrameType::trailer));
      RC_ASSERT(again.has_value());
      RC_ASSERT(again->status == trailer->status);
    }
    parse_response_header(bytes);
  }));
}

BOOST_AUTO_TEST_CASE(HowAStreamIsCutIntoPiecesDoesNotMatter) {
  BOOST_TEST(rc::check([] {
    const Bytes stream = *stream_gen();
    const auto sizes = *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange(0, 40));
    const RpcConfig config{.message_max = 300, .metadata_max = 100};
    RC_ASSERT(assemble(stream, sizes, config) == assemble(stream, {}, config));
  }));
}

BOOST_AUTO_TEST_CASE(ArbitraryBytesAreCutTheSameWayInAnyPieces) {
  BOOST_TEST(rc::check([](const Bytes& stream, const std::vector<std::uint8_t>& cuts) {
    const std::vector<std::size_t> sizes(cuts.begin(), cuts.end());
    const RpcConfig config{.message_max = 300, .metadata_max = 100};
    RC_ASSERT(assemble(stream, sizes, config) == assemble(stream, {}, config));
  }));
}

BOOST_AUTO_TEST_SUITE_END()
