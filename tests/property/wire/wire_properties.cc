// Whatever is written reads back, and whatever comes is read within its bounds.
#include <rapidcheck.h>

#include <boost/test/unit_test.hpp>

#include "engine/wire/reader.h"
#include "engine/wire/varint.h"
#include "engine/wire/writer.h"

using namespace rpcnet;
using namespace rpcnet::wire;

BOOST_AUTO_TEST_SUITE(wire_properties)

BOOST_AUTO_TEST_CASE(WhatIsWrittenReadsBack) {
  BOOST_TEST(rc::check([](std::uint8_t byte, std::uint16_t two, std::uint64_t any,
                          const std::string& text, const Bytes& bytes) {
    // All sizes of numbers equally often.
    const std::uint64_t number = (any & kVarintMax) >> *rc::gen::inRange(0, 62);
    Bytes out;
    Writer writer(out);
    writer.u8(byte);
    writer.u16(two);
    writer.varint(number);
    writer.text(text);
    writer.sized(bytes);
    RC_ASSERT(out.size() == 3 + varint_size(number) + varint_size(text.size()) + text.size() +
                                varint_size(bytes.size()) + bytes.size());
    Reader reader(out);
    RC_ASSERT(reader.u8() == byte);
    RC_ASSERT(reader.u16() == two);
    RC_ASSERT(reader.varint() == number);
    RC_ASSERT(reader.text(text.size()) == text);
    const auto view = reader.sized(bytes.size());
    RC_ASSERT(view.has_value());
    RC_ASSERT(Bytes(view->begin(), view->end()) == bytes);
    RC_ASSERT(reader.complete());
  }));
}

BOOST_AUTO_TEST_CASE(ArbitraryReadsOfArbitraryBytesStayInside) {
  BOOST_TEST(rc::check([](const Bytes& bytes, const std::vector<std::uint8_t>& reads) {
    Reader reader(bytes);
    bool failed = false;
    for (const std::uint8_t read : reads) {
      const std::size_t before = reader.left();
      bool value = false;
      switch (read % 5) {
        case 0: value = reader.u8().has_value(); break;
        case 1: value = reader.u16().has_value(); break;
        case 2: value = reader.varint().has_value(); break;
        case 3: value = reader.bytes(read).has_value(); break;
        default: value = reader.sized(read).has_value(); break;
      }
      RC_ASSERT(reader.left() <= before);
      failed = failed || !value;
      RC_ASSERT(reader.failed() == failed);
      RC_ASSERT(!(failed && value));
    }
  }));
}

BOOST_AUTO_TEST_SUITE_END()
