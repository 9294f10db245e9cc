// Recordings: what went into one node, with the time of each input, and fingerprints of what came
// out, as bytes (docs/recording.md has the grammar).
//
// Writing and reading are functions of bytes; who has the file does the rest. What a recording
// holds is not trusted: the reader stays inside its bounds and says where and what it expected.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/address.h"
#include "engine/bytes.h"
#include "engine/command.h"
#include "engine/config.h"
#include "engine/instant.h"
#include "engine/output.h"
#include "engine/transport.h"

namespace rpcnet::recording {

// The first bytes of every recording, and the version of what follows.
inline constexpr std::string_view kMagic = "rpcnet-recording";
inline constexpr std::uint8_t kVersion = 2;

// No input holds more bytes: a message and its metadata, a piece of a stream. One that does ends
// the recording.
inline constexpr std::size_t kBytesMax = std::size_t{256} << 20;

struct Header {
  std::string engine;              // engine_build() of the program that recorded
  std::int64_t began_unix_ns = 0;  // for people: the day and the hour, as its clock had it
  bool payloads = false;           // recorded as they were; else zeros stand for them
  Instant begin;                   // the node's time when the recording began
  NodeConfig config;
};

// Membership was told that nobody listens there (Node::handle_unreachable).
struct Unreachable {
  Address address;
};
struct DeadlineReached {};

using Input = std::variant<Fact, Command, DeadlineReached, Unreachable>;

struct InputRecord {
  Instant at;
  Input input;
  Bytes bytes;  // what a fact in `input` borrows
};

// One thing that came out: what it was, and a hash of its content.
struct Fingerprint {
  static constexpr std::uint8_t kEvent = 0x80;

  std::uint8_t kind = 0;  // place in Order; in Event, with kEvent added
  std::uint32_t content = 0;
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

// What came of the input before it. Left out where that was no command and nothing came out.
struct ResultRecord {
  Outcome outcome{};
  std::vector<Fingerprint> outputs;
  friend bool operator==(const ResultRecord&, const ResultRecord&) = default;
};

// Everything that came out so far.
struct OutputHash {
  std::uint64_t high = 0x243f6a8885a308d3;
  std::uint64_t low = 0x13198a2e03707344;

  void add(const ResultRecord& result);
  friend bool operator==(const OutputHash&, const OutputHash&) = default;
};

std::string to_text(const OutputHash& hash);  // 32 hexadecimal digits

// Says after every kCheckpointEvery inputs what the hash is.
inline constexpr std::uint64_t kCheckpointEvery = 1024;

struct Tally {
  std::uint64_t inputs = 0;
  std::uint64_t outputs = 0;
  OutputHash hash;
  friend bool operator==(const Tally&, const Tally&) = default;
};

struct CheckpointRecord {
  Tally tally;
};

enum class Ending : std::uint8_t {
  closed,     // the process ended in good order
  full,       // the size that was allowed is used up
  too_large,  // an input over kBytesMax
};

struct EndRecord {
  Ending ending{};
  Tally tally;
};

using Record = std::variant<InputRecord, ResultRecord, CheckpointRecord, EndRecord>;

// ---------------------------------------------------------------------------------------- writing

// Appends records to bytes, each with a check that depends on all before it.
class Writer {
 public:
  explicit Writer(Bytes& out) : out_(out) {}

  void begin(const Header& header);  // once, first
  // The time never runs backwards. False: over kBytesMax, nothing was written.
  bool input(Instant at, const Fact& fact);
  bool input(Instant at, const Command& command);
  void deadline(Instant at);
  void unreachable(Instant at, const Address& address);
  void result(const ResultRecord& result);
  void checkpoint(const Tally& tally);
  void end(Ending ending, const Tally& tally);

  // Takes back what was written since, if the bytes are still there.
  struct Place {
    std::size_t size = 0;
    Instant last{};
    std::uint64_t chain = 0;
  };
  Place place() const { return {out_.size(), last_, chain_}; }
  void back_to(const Place& place);

 private:
  template <typename T>
  bool timed(Bytes& body, Instant at, const T& input);
  void seal(const Bytes& body);

  Bytes& out_;
  Instant last_{};
  std::uint64_t chain_ = 0;
};

// ---------------------------------------------------------------------------------------- reading

// Where reading ended, and why.
struct Fault {
  enum class Kind : std::uint8_t {
    end,  // every byte was read
    cut,  // the bytes end inside a record, as those of a process that was killed do
    bad,  // not a recording, of another version, or damaged
  };
  Kind kind{};
  std::uint64_t offset = 0;  // of the record at which it happened
  std::string expected;      // of a bad one: what should stand there
};

class Reader {
 public:
  explicit Reader(BytesView bytes) : bytes_(bytes) {}

  // Once, first. nullopt: fault() says why.
  std::optional<Header> header();
  // nullopt: fault() says why; that is the end.
  std::optional<Record> next();

  const Fault& fault() const { return fault_; }
  std::uint64_t offset() const { return at_; }  // of the next record

 private:
  std::optional<BytesView> body();
  std::nullopt_t bad(std::string expected);

  BytesView bytes_;
  std::uint64_t at_ = 0;
  Instant last_{};
  std::uint64_t chain_ = 0;
  Fault fault_;
};

const char* to_text(Ending ending);

// Says which engine this is: a hash of its sources. Another one may do something else with the same
// inputs.
std::string_view engine_build();

Fingerprint fingerprint(const Output& output);

}  // namespace rpcnet::recording
