// Numbers and bytes on the wire.
#include <boost/test/unit_test.hpp>
#include <string>
#include <utility>
#include <vector>

#include "engine/wire/reader.h"
#include "engine/wire/varint.h"
#include "engine/wire/writer.h"

using namespace rpcnet;
using namespace rpcnet::wire;

namespace {

Bytes varint(std::uint64_t value) {
  Bytes bytes;
  Writer(bytes).varint(value);
  return bytes;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(wire_numbers)

// RFC 9000 A.1 has these samples.
BOOST_AUTO_TEST_CASE(VarintsAreThoseOfTheStandard) {
  const std::vector<std::pair<Bytes, std::uint64_t>> samples{
      {{0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c}, 151'288'809'941'952'652},
      {{0x9d, 0x7f, 0x3e, 0x7d}, 494'878'333},
      {{0x7b, 0xbd}, 15'293},
      {{0x25}, 37},
  };
  for (const auto& [bytes, value] : samples) {
    Reader reader(bytes);
    BOOST_TEST(reader.varint().value() == value);
    BOOST_TEST(reader.complete());
    BOOST_TEST(varint(value) == bytes, boost::test_tools::per_element());
  }
  const Bytes longer{0x40, 0x25};  // 37 in two bytes: allowed
  BOOST_TEST(Reader(longer).varint().value() == 37);
}

BOOST_AUTO_TEST_CASE(VarintsTakeTheShortestFormAtEachBoundary) {
  const std::vector<std::pair<std::uint64_t, std::size_t>> samples{
      {0, 1},
      {63, 1},
      {64, 2},
      {16'383, 2},
      {16'384, 4},
      {1'073'741'823, 4},
      {1'073'741'824, 8},
      {kVarintMax, 8},
  };
  for (const auto& [value, size] : samples) {
    BOOST_TEST(varint_size(value) == size);
    const Bytes bytes = varint(value);
    BOOST_TEST(bytes.size() == size);
    BOOST_TEST(Reader(bytes).varint().value() == value);
  }
}

BOOST_AUTO_TEST_CASE(ATruncatedVarintFailsAtEveryLength) {
  for (const std::uint64_t value : {std::uint64_t{64}, std::uint64_t{1} << 20, kVarintMax}) {
    const Bytes bytes = varint(value);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      Reader reader(BytesView(bytes).first(size));
      BOOST_TEST(!reader.varint().has_value());
      BOOST_TEST(reader.failed());
    }
  }
}

BOOST_AUTO_TEST_CASE(TheFirstFailurePoisonsAllThatFollows) {
  const Bytes bytes{0x01, 0x02, 0x03};
  Reader reader(bytes);
  BOOST_TEST(reader.u8().value() == 1);
  BOOST_TEST(!reader.bytes(3).has_value());
  BOOST_TEST(!reader.u8().has_value());
  BOOST_TEST(!reader.bytes(0).has_value());
  BOOST_TEST(!reader.complete());
  BOOST_TEST(reader.left() == 0);
}

BOOST_AUTO_TEST_CASE(CompleteDemandsThatEverythingWasRead) {
  const Bytes bytes{0x01, 0x02};
  Reader reader(bytes);
  BOOST_TEST(!reader.complete());
  BOOST_TEST(reader.u16().value() == 0x0102);
  BOOST_TEST(reader.complete());
}

BOOST_AUTO_TEST_CASE(ASizeOverItsMaximumFailsBeforeTheBytesAreLookedAt) {
  Bytes bytes;
  Writer(bytes).text("hello");
  BOOST_TEST(Reader(bytes).text(5).value() == "hello");
  BOOST_TEST(!Reader(bytes).text(4).has_value());
  const Bytes huge = varint(kVarintMax);
  BOOST_TEST(!Reader(huge).sized(kVarintMax).has_value());
}

BOOST_AUTO_TEST_CASE(TheWriterAppends) {
  Bytes bytes{0xff};
  Writer writer(bytes);
  writer.u8(1);
  writer.u16(0x0203);
  writer.bytes(as_bytes("ab"));
  writer.sized(as_bytes(""));
  writer.text("c");
  BOOST_TEST(bytes == (Bytes{0xff, 1, 2, 3, 'a', 'b', 0, 1, 'c'}),
             boost::test_tools::per_element());
  BOOST_TEST(writer.size() == bytes.size());
}

BOOST_AUTO_TEST_SUITE_END()
