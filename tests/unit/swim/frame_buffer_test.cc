// Frames out of pieces.
#include "engine/swim/frame_buffer.h"

#include <boost/test/unit_test.hpp>

#include "engine/wire/writer.h"

using namespace rpcnet;
using namespace rpcnet::swim;

BOOST_AUTO_TEST_SUITE(swim_frame_buffer)

// rpcnet 5.1 no. 21: an answer was read as one chunk, and one over a packet decoded badly.
BOOST_AUTO_TEST_CASE(FramesArriveWholeHoweverTheyAreCut) {
  Bytes stream;
  wire::Writer out(stream);
  for (const std::size_t size : {0U, 1U, 63U, 64U, 20'000U, 5U}) out.sized(Bytes(size, 0x61));
  for (const std::size_t piece : {1U, 2U, 7U, 1200U, 100'000U}) {
    FrameBuffer buffer;
    std::vector<std::size_t> sizes;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      buffer.append(BytesView(stream).subspan(at, std::min(piece, stream.size() - at)));
      while (const auto frame = buffer.next()) sizes.push_back(frame->size());
    }
    BOOST_TEST((sizes == std::vector<std::size_t>{0, 1, 63, 64, 20'000, 5}));
    BOOST_TEST(buffer.empty());
    BOOST_TEST(!buffer.broken());
  }
}

BOOST_AUTO_TEST_CASE(AnAnnouncedLengthOverTheMaximumBreaksAtOnce) {
  FrameBuffer buffer;
  Bytes head;
  wire::Writer(head).varint(kFrameMax + 1);
  buffer.append(head);
  BOOST_TEST(!buffer.next().has_value());
  BOOST_TEST(buffer.broken());
}

BOOST_AUTO_TEST_SUITE_END()
