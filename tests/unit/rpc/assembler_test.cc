// Frames out of pieces: no byte is looked at more often than it must be.
#include "engine/rpc/assembler.h"

#include <boost/test/unit_test.hpp>

using namespace rpcnet;
using namespace rpcnet::rpc;

namespace {

using Step = Assembler::Step;

Bytes message(std::size_t size) {
  Bytes frame;
  append_message_head(frame, size);
  frame.resize(frame.size() + size, 0x5a);
  return frame;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rpc_assembler)

BOOST_AUTO_TEST_CASE(AMessageInOnePieceIsBorrowedAndCopiedOnce) {
  const Bytes stream = message(100);
  Assembler assembler;
  BytesView rest = stream;
  BOOST_TEST((assembler.next(rest, {}) == Step::frame));
  BOOST_TEST(assembler.payload().data() == stream.data() + assembler.head_size());
  BOOST_TEST(assembler.copied() == 0);
  BOOST_TEST(assembler.take().size() == 100);
  BOOST_TEST(assembler.copied() == 100);
}

// Bug A5 of the first RpcNet: each arriving piece made it decode everything from the start.
BOOST_AUTO_TEST_CASE(DecodingIsLinearEvenByteByByte) {
  constexpr std::size_t kSize = 1 << 20;
  const Bytes stream = message(kSize);
  Assembler assembler;
  std::size_t frames = 0;
  for (const std::uint8_t& byte : stream) {
    BytesView rest(&byte, 1);
    if (assembler.next(rest, {}) == Step::frame) ++frames;
  }
  BOOST_TEST(frames == 1);
  BOOST_TEST(assembler.copied() <= 3 * kSize);
  const std::uint64_t before = assembler.copied();
  const Bytes taken = assembler.take();
  BOOST_TEST(taken.size() == kSize);
  BOOST_TEST(taken.capacity() == kSize);
  BOOST_TEST(assembler.copied() == before);  // what was assembled is moved out
}

BOOST_AUTO_TEST_CASE(AClaimedLengthReservesNothing) {
  Bytes head;
  append_message_head(head, std::size_t{64} << 20);
  head.resize(head.size() + 100);
  Assembler assembler;
  BytesView rest = head;
  BOOST_TEST((assembler.next(rest, {}) == Step::need_more));
  BOOST_TEST(assembler.take().capacity() <= 4096);
}

BOOST_AUTO_TEST_CASE(ManyFramesInOnePieceComeOneByOne) {
  Bytes stream = message(3);
  for (const std::size_t size : {0U, 70U, 0U}) {
    const Bytes next = message(size);
    stream.insert(stream.end(), next.begin(), next.end());
  }
  Assembler assembler;
  BytesView rest = stream;
  for (const std::size_t size : {3U, 0U, 70U, 0U}) {
    BOOST_TEST((assembler.next(rest, {}) == Step::frame));
    BOOST_TEST(assembler.length() == size);
    BOOST_TEST(assembler.take().size() == size);
    BOOST_TEST(assembler.between_frames());
  }
  BOOST_TEST((assembler.next(rest, {}) == Step::need_more));
  BOOST_TEST(assembler.between_frames());
}

BOOST_AUTO_TEST_CASE(AnUnknownTypeIsSeenAtItsFirstByte) {
  for (const std::uint8_t type : Bytes{0x00, 0x05, 0x80, 0xff}) {
    Assembler assembler;
    BytesView rest(&type, 1);
    BOOST_TEST((assembler.next(rest, {}) == Step::unknown_type));
  }
}

BOOST_AUTO_TEST_CASE(LimitsApplyToTheClaimedLength) {
  const RpcConfig config{.message_max = 100, .metadata_max = 10};
  const auto step = [&](FrameType type, std::size_t size) {
    Bytes head;
    append_message_head(head, size);
    head[0] = static_cast<std::uint8_t>(type);
    Assembler assembler;
    BytesView rest = head;
    const Step result = assembler.next(rest, config);
    BOOST_TEST(assembler.length() == size);
    return result;
  };
  BOOST_TEST((step(FrameType::message, 100) == Step::need_more));
  BOOST_TEST((step(FrameType::message, 101) == Step::too_large));
  BOOST_TEST((step(FrameType::trailer, 10 + kHeaderSlack) == Step::need_more));
  BOOST_TEST((step(FrameType::trailer, 11 + kHeaderSlack) == Step::too_large));
  BOOST_TEST((step(FrameType::request_header, std::size_t{1} << 60) == Step::too_large));
}

BOOST_AUTO_TEST_SUITE_END()
