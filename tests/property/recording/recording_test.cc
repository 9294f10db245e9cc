// Recordings: whatever is written reads back; whatever comes is read within its bounds, and damage
// is told where it is.
#include "engine/recording.h"

#include <rapidcheck.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "engine/digest.h"
#include "engine/hash.h"
#include "tests/property/recording/arbitrary.h"

namespace rpcnet::recording {
namespace {

using test::Arbitrary;

// A recording, and what each of its records says, as one number.
struct Sample {
  Bytes bytes;
  std::uint64_t header = 0;
  std::vector<std::uint64_t> records;
  std::vector<std::size_t> ends;  // where each one ends, the header's first
};

std::uint64_t sum_of(const Tally& tally) {
  return combine(combine(tally.inputs, tally.outputs), combine(tally.hash.high, tally.hash.low));
}

std::uint64_t sum_of(Instant at, std::uint64_t kind, std::uint64_t content) {
  const auto time = static_cast<std::uint64_t>(at.time_since_epoch().count());
  return combine(combine(time, kind), content);
}

std::uint64_t sum_of(const ResultRecord& result) {
  OutputHash hash;
  hash.add(result);
  return combine(hash.high, result.outputs.size());
}

std::uint64_t sum_of(const Record& record) {
  if (const auto* input = std::get_if<InputRecord>(&record)) {
    if (const auto* fact = std::get_if<Fact>(&input->input)) {
      return sum_of(input->at, 1, combine(fact->index(), digest(*fact)));
    }
    if (const auto* command = std::get_if<Command>(&input->input)) {
      return sum_of(input->at, 2, combine(command->index(), digest(*command)));
    }
    if (const auto* gone = std::get_if<Unreachable>(&input->input)) {
      return sum_of(input->at, 3, hash_bytes(gone->address.ip, gone->address.port));
    }
    return sum_of(input->at, 4, 0);
  }
  if (const auto* result = std::get_if<ResultRecord>(&record)) return sum_of(*result);
  if (const auto* checkpoint = std::get_if<CheckpointRecord>(&record)) {
    return sum_of(checkpoint->tally);
  }
  const auto& end = std::get<EndRecord>(record);
  return combine(sum_of(end.tally), static_cast<std::uint64_t>(end.ending));
}

// The configuration has no digest of its own: what is written of it stands for it.
std::uint64_t sum_of(const Header& header) {
  Bytes bytes;
  Writer(bytes).begin(header);
  return hash_bytes(bytes);
}

Sample sample(std::uint64_t seed) {
  Arbitrary any(seed);
  Sample sample;
  Writer writer(sample.bytes);
  Header header{.engine = any.text(), .config = {.id = any.node_id()}};
  any.fill(header.began_unix_ns);
  any.fill(header.payloads);
  header.begin = Instant(Duration(static_cast<std::int64_t>(any.number() >> 2)));
  any.fill(header.config);
  writer.begin(header);
  sample.header = sum_of(header);
  sample.ends.push_back(sample.bytes.size());
  Instant at = header.begin;
  for (std::uint64_t left = any.below(12); left > 0; --left) {
    at += Duration(static_cast<std::int64_t>(any.number() >> 8));
    switch (any.below(7)) {
      case 0:
      case 1: {
        Fact fact;
        any.fill(fact);
        RC_ASSERT(writer.input(at, fact));
        sample.records.push_back(sum_of(at, 1, combine(fact.index(), digest(fact))));
        break;
      }
      case 2:
      case 3: {
        Command command;
        any.fill(command);
        RC_ASSERT(writer.input(at, command));
        sample.records.push_back(sum_of(at, 2, combine(command.index(), digest(command))));
        break;
      }
      case 4: {
        Address address;
        any.fill(address);
        writer.unreachable(at, address);
        sample.records.push_back(sum_of(at, 3, hash_bytes(address.ip, address.port)));
        break;
      }
      case 5:
        writer.deadline(at);
        sample.records.push_back(sum_of(at, 4, 0));
        break;
      default: {
        ResultRecord result{static_cast<Outcome>(any.below(15)), {}};
        for (std::uint64_t i = any.below(4); i > 0; --i) {
          result.outputs.push_back({static_cast<std::uint8_t>(any.below(256)),
                                    static_cast<std::uint32_t>(any.number())});
        }
        writer.result(result);
        sample.records.push_back(sum_of(result));
      }
    }
    sample.ends.push_back(sample.bytes.size());
  }
  const Tally tally{any.number(), any.number(), {any.number(), any.number()}};
  if (any.below(2) == 0) {
    writer.checkpoint(tally);
    sample.records.push_back(sum_of(tally));
    sample.ends.push_back(sample.bytes.size());
  }
  const auto ending = static_cast<Ending>(any.below(3));
  writer.end(ending, tally);
  sample.records.push_back(combine(sum_of(tally), static_cast<std::uint64_t>(ending)));
  sample.ends.push_back(sample.bytes.size());
  return sample;
}

struct Read {
  std::optional<std::uint64_t> header;
  std::vector<std::uint64_t> records;
  Fault fault;
};

Read read(BytesView bytes) {
  Read read;
  Reader reader(bytes);
  if (const auto header = reader.header()) {
    read.header = sum_of(*header);
    while (const auto record = reader.next()) read.records.push_back(sum_of(*record));
  }
  read.fault = reader.fault();
  RC_ASSERT(read.fault.offset <= bytes.size());
  RC_ASSERT((read.fault.kind == Fault::Kind::bad) == !read.fault.expected.empty());
  return read;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(recording_properties)

BOOST_AUTO_TEST_CASE(WhatIsWrittenReadsBack) {
  BOOST_TEST(rc::check([](std::uint64_t seed) {
    const Sample written = sample(seed);
    const Read got = read(written.bytes);
    RC_ASSERT(got.header == written.header);
    RC_ASSERT(got.records == written.records);
    RC_ASSERT(got.fault.kind == Fault::Kind::end);
    RC_ASSERT(got.fault.offset == written.bytes.size());
  }));
}

BOOST_AUTO_TEST_CASE(WhatIsCutOffReadsBackUpToItsLastWholeRecord) {
  BOOST_TEST(rc::check([](std::uint64_t seed) {
    const Sample written = sample(seed);
    // Half of them in the head, where the edges are.
    const auto below = *rc::gen::element<std::size_t>(24, written.bytes.size());
    const auto size = *rc::gen::inRange<std::size_t>(0, below);
    const Read got = read(BytesView(written.bytes).first(size));
    const auto whole =
        std::upper_bound(written.ends.begin(), written.ends.end(), size) - written.ends.begin();
    RC_ASSERT(got.header.has_value() == (whole > 0));
    const auto records = static_cast<std::size_t>(std::max<std::ptrdiff_t>(whole - 1, 0));
    RC_ASSERT(got.records.size() == records);
    RC_ASSERT(std::equal(got.records.begin(), got.records.end(), written.records.begin()));
    const bool between = whole > 0 && written.ends[static_cast<std::size_t>(whole - 1)] == size;
    RC_ASSERT(got.fault.kind == (between ? Fault::Kind::end : Fault::Kind::cut));
    if (whole > 0) RC_ASSERT(got.fault.offset == written.ends[static_cast<std::size_t>(whole - 1)]);
  }));
}

// A changed byte is found in the record where it is, unless it is in a size and cuts the rest off.
BOOST_AUTO_TEST_CASE(AChangedByteIsFoundInItsRecord) {
  BOOST_TEST(rc::check([](std::uint64_t seed, std::uint8_t change) {
    RC_PRE(change != 0);
    Sample written = sample(seed);
    const auto at = *rc::gen::inRange<std::size_t>(0, written.bytes.size());
    written.bytes[at] = static_cast<std::uint8_t>(written.bytes[at] ^ change);
    const Read got = read(written.bytes);
    const auto before =
        std::upper_bound(written.ends.begin(), written.ends.end(), at) - written.ends.begin();
    const auto records = static_cast<std::size_t>(std::max<std::ptrdiff_t>(before - 1, 0));
    RC_ASSERT(got.fault.kind != Fault::Kind::end);
    RC_ASSERT(got.header.has_value() == (before > 0));
    RC_ASSERT(got.records.size() == records);
    RC_ASSERT(std::equal(got.records.begin(), got.records.end(), written.records.begin()));
  }));
}

// Bytes that pass the check and say nonsense: whoever writes a file can do that.
BOOST_AUTO_TEST_CASE(HostileBytesStayInside) {
  BOOST_TEST(rc::check([](std::uint64_t seed) {
    Arbitrary any(seed);
    Bytes bytes(kMagic.begin(), kMagic.end());
    bytes.push_back(kVersion);
    Bytes whole;
    Writer(whole).begin({.config = {.id = any.node_id()}});
    const bool with_header = any.below(4) != 0;
    if (with_header) bytes = whole;
    std::uint64_t chain = 0;
    if (with_header) {
      // The chain after the header, as the writer has it.
      const std::size_t head = kMagic.size() + 1;
      const std::size_t size_of_size = whole[head] < 0x40 ? 1 : 2;
      const std::size_t begin = head + size_of_size;
      chain = hash_bytes(BytesView(whole).subspan(begin, whole.size() - begin - 4), 0);
    }
    for (std::uint64_t left = 1 + any.below(4); left > 0; --left) {
      Bytes body = any.bytes();
      body.insert(body.begin(), static_cast<std::uint8_t>(any.below(10)));
      for (auto& byte : body) {
        if (any.below(4) == 0) byte = static_cast<std::uint8_t>(any.below(256));
      }
      chain = hash_bytes(body, chain);
      bytes.push_back(static_cast<std::uint8_t>(0x40 | body.size() >> 8));
      bytes.push_back(static_cast<std::uint8_t>(body.size() & 0xff));
      bytes.insert(bytes.end(), body.begin(), body.end());
      for (int shift = 24; shift >= 0; shift -= 8) {
        bytes.push_back(static_cast<std::uint8_t>(chain >> shift));
      }
    }
    const Read got = read(bytes);
    RC_ASSERT(got.header.has_value() == with_header);
    RC_CLASSIFY(!got.records.empty(), "some records were read");
  }));
}

BOOST_AUTO_TEST_CASE(OtherFilesAreRefusedWithWhatWasExpected) {
  const auto fault = [](std::string_view text) { return read(as_bytes(text)).fault; };
  BOOST_TEST((fault("").kind == Fault::Kind::cut));
  BOOST_TEST((fault("rpcnet").kind == Fault::Kind::cut));
  BOOST_TEST(fault("#!/bin/sh\n").expected == "\"rpcnet-recording\"");
  BOOST_TEST(fault(std::string(kMagic) + '\x09').expected == "version 2, not 9");
  BOOST_TEST(fault(std::string(kMagic) + '\x09').offset == kMagic.size());
}

// A few bytes may claim a lot of zeros, once.
BOOST_AUTO_TEST_CASE(ARecordThatClaimsTooManyZerosIsRefused) {
  const auto written = [](std::size_t zeros) {
    Bytes bytes;
    Writer writer(bytes);
    writer.begin({.config = {.id = *NodeId::parse("a")}});
    const bool fits = writer.input(Instant{}, Command(SendMessage{CallId{1}, Bytes(zeros)}));
    return std::pair(fits, bytes.size());
  };
  BOOST_TEST(written(kBytesMax).first);
  BOOST_TEST(written(kBytesMax).second < 1000);
  BOOST_TEST(!written(kBytesMax + 1).first);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rpcnet::recording
