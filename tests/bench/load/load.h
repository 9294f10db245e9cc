// What a client of the benchmark is asked to do, and the measuring of it: the same for every system
// that is compared. A client runs one Load in one thread and tells what came of it as one line of
// JSON on standard output.
//
// Before the measured time begins it prints "measuring", at its end "measured": whoever started the
// two processes reads the server's processor time at both.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

#include "tests/bench/load/histogram.h"

namespace bench {

using Clock = std::chrono::steady_clock;

enum class Kind : std::uint8_t {
  unary,      // echo of `payload` bytes, `in_flight` at a time on each connection
  tokens,     // server streams of `messages` messages, `in_flight` at a time; operation: a message
  pingpong,   // a message there and one back on a stream that stays open
  handshake,  // connect, one call, close; operation: a connection
  idle,       // open `connections`, one call on each, and wait
};

struct Load {
  Kind kind = Kind::unary;
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::string certs = "certs";
  std::size_t payload = 64;
  std::size_t in_flight = 1;
  std::size_t connections = 1;
  std::size_t messages = 1000;
  // Calls a second at random times (Poisson), whatever the system can do; 0: a closed loop, each
  // call after the answer to another one.
  double rate = 0;
  // Share of the calls that ask the server to sleep kSlow; their durations are not recorded.
  double slow_share = 0;
  Clock::duration warmup = std::chrono::milliseconds(500);
  Clock::duration measured = std::chrono::seconds(2);
  bool spin = false;  // never sleep, where the system can

  std::string address() const { return host + ":" + std::to_string(port); }
};

// A server sleeps this long for a request whose first byte is kSlowMark.
inline constexpr auto kSlow = std::chrono::milliseconds(5);
inline constexpr std::uint8_t kSlowMark = 1;

// Ends the process with a message and status 64 if the arguments make no sense.
Load parse_load(int argc, char** argv);

// For servers: where to listen, and the same of `spin` and `certs`.
Load parse_server(int argc, char** argv);
// Tells that the server is there; `port` is the real one.
void print_listening(std::uint16_t port);

class Meter {
 public:
  explicit Meter(const Load& load);

  // The warm-up begins. Gives the present.
  Clock::time_point begin();

  // An operation is over that should have begun at `start`; gives the present, the start of a next
  // one. `recorded`: false for a call that was meant to be slow.
  Clock::time_point done(Clock::time_point start, bool recorded = true,
                         std::uint64_t operations = 1);

  void failed(const std::string& why);

  // No operation should begin any more. Follows the clock only through done() and check().
  bool over() const { return phase_ == Phase::over; }
  Clock::time_point check();

  // Prints the line. The process's exit status: 0, or 1 if nothing was done.
  int report();

 private:
  enum class Phase : std::uint8_t { before, warmup, measuring, over };

  void advance(Clock::time_point now);

  const Load& load_;
  Phase phase_ = Phase::before;
  Clock::time_point phase_end_{};
  Clock::time_point began_{};
  Clock::time_point ended_{};
  double cpu_began_ = 0;
  double cpu_ended_ = 0;
  std::uint64_t operations_ = 0;
  std::uint64_t failures_ = 0;
  std::string failure_;
  Histogram durations_;
};

// The times at which an open loop's calls begin.
class Arrivals {
 public:
  Arrivals(double rate, Clock::time_point begin);

  Clock::time_point next() const { return next_; }
  // The next call's time, now taken; `slow`: it is one of those.
  Clock::time_point take();
  bool draw_slow(double share);

 private:
  std::mt19937_64 random_{42};
  std::exponential_distribution<double> gap_;
  std::bernoulli_distribution slow_;
  Clock::time_point next_;
};

}  // namespace bench
