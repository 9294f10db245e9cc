// What is redacted holds no secret, keeps everything that the engine reads, and is the same however
// the bytes were cut.
#include "engine/recording/redactor.h"

#include <rapidcheck.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "engine/recording.h"
#include "engine/rpc/frame.h"
#include "tests/property/recording/arbitrary.h"

namespace rpcnet::recording {
namespace {

using test::Arbitrary;

constexpr char kSecret = 'S';

// What an application may write, all of the one letter.
struct Writing {
  Arbitrary& any;
  char letter;
  std::string operator()() const { return std::string(any.below(40), letter); }
};

Metadata metadata(Arbitrary& any, const Writing& secret) {
  Metadata metadata;
  for (std::uint64_t left = any.below(4); left > 0; --left) {
    if (any.below(4) == 0) {
      metadata.emplace_back("rpcnet-" + std::string(any.below(9), 'k'), "ours");
    } else {
      metadata.emplace_back(std::string(1 + any.below(12), 'r'), secret());
    }
  }
  return metadata;
}

void append_message(Bytes& out, const Writing& secret) {
  const std::string content = secret();
  rpc::append_message_head(out, content.size());
  out.insert(out.end(), content.begin(), content.end());
}

Bytes stream(Arbitrary& any, char letter) {
  const Writing secret{any, letter};
  Bytes bytes;
  for (std::uint64_t left = 1 + any.below(5); left > 0; --left) {
    switch (any.below(4)) {
      case 0:
        rpc::append_request_header(bytes, Duration(1 + any.below(1'000'000'000)), "a.method",
                                   metadata(any, secret));
        break;
      case 1: append_message(bytes, secret); break;
      case 2: rpc::append_response_header(bytes, metadata(any, secret)); break;
      default: {
        const std::string words = secret();
        const std::string details = secret();
        rpc::append_trailer(bytes, {StatusCode::internal, words, to_bytes(details)},
                            metadata(any, secret));
      }
    }
  }
  return bytes;
}

Bytes masked(BytesView bytes, Arbitrary& any) {
  FrameMask mask;
  Bytes all;
  while (!bytes.empty()) {
    const std::size_t size = 1 + any.below(std::min<std::size_t>(bytes.size(), 30));
    const Bytes piece = mask.pass(bytes.first(size));
    all.insert(all.end(), piece.begin(), piece.end());
    bytes = bytes.subspan(size);
  }
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(redactor_properties)

BOOST_AUTO_TEST_CASE(TheFramesStayAndTheSecretsGo) {
  BOOST_TEST(rc::check([](std::uint64_t seed) {
    Arbitrary any(seed);
    Arbitrary again(seed);
    const Bytes bytes = stream(any, kSecret);
    const Bytes expected = stream(again, '\0');
    RC_ASSERT(FrameMask().pass(bytes) == expected);
    RC_ASSERT(masked(bytes, any) == expected);
    RC_ASSERT(masked(expected, any) == expected);
  }));
}

// Whatever a peer sends: as long, the same however it is cut, and the same when it is done twice.
BOOST_AUTO_TEST_CASE(AnyBytesAreMaskedOnceAndForAll) {
  BOOST_TEST(rc::check([](std::uint64_t seed) {
    Arbitrary any(seed);
    Bytes bytes = stream(any, kSecret);
    for (std::uint64_t left = any.below(4); left > 0; --left) {
      bytes[any.below(bytes.size())] = static_cast<std::uint8_t>(any.below(256));
    }
    const Bytes once = masked(bytes, any);
    RC_ASSERT(once.size() == bytes.size());
    RC_ASSERT(FrameMask().pass(bytes) == once);
    RC_ASSERT(masked(once, any) == once);
  }));
}

BOOST_AUTO_TEST_CASE(CommandsLoseWhatTheApplicationWrote) {
  const std::string secret(20, kSecret);
  const auto has_secret = [&](const Command& command) {
    Bytes bytes;
    recording::Writer writer(bytes);
    writer.begin({.config = {.id = *NodeId::parse("a")}});
    writer.input(Instant{}, command);
    return std::search(bytes.begin(), bytes.end(), secret.begin(), secret.begin() + 4) !=
           bytes.end();
  };
  const Metadata metadata{{"authorization", secret}};
  StartCall start{.call = CallId{1}, .method = "a.method"};
  start.metadata = metadata;
  start.message = to_bytes(secret);
  const FinishCall finish{
      CallId{2}, to_bytes(secret), {StatusCode::internal, secret, to_bytes(secret)}, metadata};
  for (const Command& command : {Command(start), Command(SendMessage{CallId{1}, to_bytes(secret)}),
                                 Command(SendHeaders{CallId{2}, metadata}), Command(finish)}) {
    BOOST_TEST(has_secret(command));
    BOOST_TEST(!has_secret(redacted(command)));
  }
}

// Late bytes of a stream that is over would look like the beginning of another one.
BOOST_AUTO_TEST_CASE(LateAndUnknownBytesBecomeZeros) {
  const auto bytes_of = [](Redactor& redactor, LinkId link, StreamId stream, BytesView bytes,
                           bool fin = false) {
    Bytes storage;
    const Fact fact = redactor.redacted(StreamData{link, stream, bytes, fin}, storage);
    return std::string(as_text(std::get<StreamData>(fact).bytes));
  };
  const std::string request("\x01\x04\x00\x02g.", 6);  // a header: no deadline, method "g."
  const std::string zeros(request.size(), '\0');
  Redactor redactor;
  Bytes storage;
  const LinkId link{1};
  BOOST_TEST(bytes_of(redactor, link, StreamId{0}, as_bytes(request)) == zeros);
  redactor.redacted(LinkUp{.link = link, .protocol = Protocol::rpc}, storage);
  BOOST_TEST(bytes_of(redactor, link, StreamId{0}, as_bytes(request)) == request);
  redactor.redacted(Output(Order(StopStream{link, StreamId{0}, StreamCode::cancelled})));
  BOOST_TEST(bytes_of(redactor, link, StreamId{0}, as_bytes(request)) == zeros);
  redactor.redacted(Output(Order(ResetStream{link, StreamId{0}, StreamCode::cancelled})));
  BOOST_TEST(redactor.streams() == 0U);
  BOOST_TEST(bytes_of(redactor, link, StreamId{0}, as_bytes(request)) == zeros);
  // One of our own that we have not opened.
  BOOST_TEST(bytes_of(redactor, link, StreamId{1}, as_bytes(request)) == zeros);
  BOOST_TEST(bytes_of(redactor, link, StreamId{4}, as_bytes(request), true) == request);
  redactor.redacted(LinkDown{.link = link}, storage);
  BOOST_TEST(redactor.streams() == 0U);
  BOOST_TEST(bytes_of(redactor, link, StreamId{8}, as_bytes(request)) == zeros);
  const Fact datagram = redactor.redacted(DatagramReceived{link, as_bytes(request)}, storage);
  BOOST_TEST(as_text(std::get<DatagramReceived>(datagram).bytes) == zeros);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rpcnet::recording
