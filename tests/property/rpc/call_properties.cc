// Two machines over a pipe, driven by arbitrary commands, cuts, deadlines, cancels and losses.
//
// Model: for each call, what was said on either side and whether it is over. Checked while it
// runs: nothing is heard of a call after its end, everything that is heard was said, in order and
// once. Checked at the end: every call has ended exactly once, nothing is left open anywhere.
#include <rapidcheck.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <deque>
#include <map>

#include "tests/support/rpc_calls.h"
#include "tests/support/rpc_pair.h"

using namespace rpcnet;
using namespace rpcnet::test;

namespace {

// One step of a test: what to do, and a number from which its details are drawn.
using Step = std::pair<std::uint8_t, std::uint32_t>;

// A message that tells which call, direction and place it belongs to.
Bytes message(std::uint64_t tag, std::size_t place, std::size_t size) {
  Bytes bytes(size);
  std::uint64_t state = tag * 1'000'003 + place;
  for (auto& byte : bytes) {
    state = state * 6364136223846793005 + 1;
    byte = static_cast<std::uint8_t>(state >> 56);
  }
  return bytes;
}

struct Outgoing {
  std::vector<Bytes> sent;
  std::size_t heard = 0;  // response messages
  bool headers = false;
  bool finished = false;
  std::optional<Instant> deadline;
};

struct Incoming {
  std::uint64_t caller = 0;  // the client's number of the call
  std::vector<Bytes> sent;
  std::size_t heard = 0;  // request messages
  bool half_closed = false;
  bool over = false;  // finished or aborted
};

class Model {
 public:
  explicit Model(PairOptions options) : pair_(options), rng_(options.seed + 99) {}

  void run(const std::vector<Step>& steps) {
    for (const auto& [kind, detail] : steps) {
      step(kind, detail);
      listen();
    }
    finish();
  }

 private:
  void step(std::uint8_t kind, std::uint32_t detail) {
    switch (kind % 16) {
      case 0:
      case 1: start(detail, true); break;
      case 2: start(detail, false); break;
      case 3: client_send(detail); break;
      case 4:
      case 5: server_send(detail); break;
      case 6:
      case 7: server_finish(detail); break;
      case 8:
        if (Outgoing* call = pick(outgoing_, detail)) {
          pair_.give(Side::client, CancelCall{id(*call)});
        }
        break;
      case 9: pair_.advance(std::chrono::milliseconds(detail % 50)); break;
      case 10:
        if (detail % 8 == 0) pair_.lose_links();
        pair_.refuse_dials(detail % 8 < 3);
        break;
      case 11: consume(); break;
      case 12:
        if (Outgoing* call = pick(outgoing_, detail)) {
          pair_.give(Side::client, HalfClose{id(*call)});
        }
        break;
      case 13:
        if (Incoming* call = pick(incoming_, detail)) {
          pair_.give(Side::server, SendHeaders{id(*call), {{"h", "1"}}});
        }
        break;
      default:
        for (std::uint32_t i = 0; i < detail % 8; ++i) {
          pair_.step();
          listen();
        }
    }
  }

  void start(std::uint32_t detail, bool whole) {
    StartCall start = streaming(next_);
    start.method = std::to_string(next_);
    Outgoing& call = outgoing_[next_];
    if (whole || detail % 2 == 0) {
      call.sent.push_back(message(next_, 0, detail % 3000));
      start.message = call.sent.back();
    }
    start.last = whole;
    start.wait_for_ready = detail % 3 == 0;
    if (detail % 5 == 0) {
      call.deadline = start.deadline = pair_.now() + std::chrono::milliseconds(1 + detail % 100);
    }
    const Outcome outcome = pair_.give(Side::client, std::move(start));
    if (outcome != Outcome::done) {
      RC_ASSERT(outcome == Outcome::too_many_calls);
      outgoing_.erase(next_);
    }
    next_ += 2;
  }

  void client_send(std::uint32_t detail) {
    Outgoing* call = pick(outgoing_, detail);
    if (call == nullptr) return;
    Bytes bytes = message(id(*call).value, call->sent.size(), detail % 5000);
    const bool last = detail % 7 == 0;
    if (pair_.give(Side::client, SendMessage{id(*call), bytes, last}) == Outcome::done) {
      RC_ASSERT(!call->finished);
      call->sent.push_back(std::move(bytes));
    }
  }

  void server_send(std::uint32_t detail) {
    Incoming* call = pick(incoming_, detail);
    if (call == nullptr) return;
    Bytes bytes = message(call->caller + 1, call->sent.size(), detail % 5000);
    const Outcome outcome = pair_.give(Side::server, SendMessage{id(*call), bytes, false});
    RC_ASSERT(outcome != Outcome::unknown_call || call->over);
    if (outcome == Outcome::done) call->sent.push_back(std::move(bytes));
  }

  void server_finish(std::uint32_t detail) {
    Incoming* call = pick(incoming_, detail);
    if (call == nullptr) return;
    std::optional<Bytes> last;
    if (detail % 2 == 0) last = message(call->caller + 1, call->sent.size(), detail % 3000);
    const Outcome outcome = pair_.give(Side::server, answer(id(*call), last));
    RC_ASSERT((outcome == Outcome::done) == !call->over);
    if (outcome == Outcome::done && last) call->sent.push_back(std::move(*last));
    call->over = true;
  }

  // Checks everything that was heard against what was said.
  void listen() {
    for (const Event& event : pair_.take_events(Side::server)) at_server(event);
    for (const Event& event : pair_.take_events(Side::client)) at_client(event);
    std::size_t serving = 0;
    for (const auto& [number, call] : incoming_) serving += call.over ? 0 : 1;
    RC_ASSERT(pair_.rpc(Side::server).serving() == serving);
  }

  void at_server(const Event& event) {
    if (const auto* arrived = std::get_if<CallArrived>(&event)) {
      const std::uint64_t caller = std::stoull(arrived->method);
      RC_ASSERT(incoming_.count(arrived->call.value) == 0U);
      RC_ASSERT(callers_.insert({caller, arrived->call.value}).second);
      const auto& deadline = outgoing_.at(caller).deadline;
      RC_ASSERT(arrived->deadline.has_value() == deadline.has_value());
      if (deadline) RC_ASSERT(*arrived->deadline >= *deadline);
      incoming_[arrived->call.value].caller = caller;
    } else if (const auto* heard = std::get_if<MessageArrived>(&event)) {
      Incoming& call = live(incoming_, heard->call);
      RC_ASSERT(!call.half_closed);
      const auto& sent = outgoing_.at(call.caller).sent;
      RC_ASSERT(call.heard < sent.size());
      RC_ASSERT(heard->message == sent[call.heard++]);
      owed_.push_back({Side::server, heard->call, heard->message.size()});
    } else if (const auto* half = std::get_if<CallerHalfClosed>(&event)) {
      Incoming& call = live(incoming_, half->call);
      RC_ASSERT(!call.half_closed);
      RC_ASSERT(call.heard == outgoing_.at(call.caller).sent.size());
      call.half_closed = true;
    } else if (const auto* aborted = std::get_if<CallAborted>(&event)) {
      live(incoming_, aborted->call).over = true;
    } else {
      const auto* writable = std::get_if<CallWritable>(&event);
      RC_ASSERT(writable != nullptr);
      RC_ASSERT(!live(incoming_, writable->call).over);
    }
  }

  void at_client(const Event& event) {
    if (const auto* headers = std::get_if<HeadersArrived>(&event)) {
      Outgoing& call = live(outgoing_, headers->call);
      RC_ASSERT(!call.headers);
      RC_ASSERT(call.heard == 0U);
      call.headers = true;
    } else if (const auto* heard = std::get_if<MessageArrived>(&event)) {
      Outgoing& call = live(outgoing_, heard->call);
      const auto& sent = incoming_.at(callers_.at(heard->call.value)).sent;
      RC_ASSERT(call.heard < sent.size());
      RC_ASSERT(heard->message == sent[call.heard++]);
      owed_.push_back({Side::client, heard->call, heard->message.size()});
    } else if (const auto* finished = std::get_if<CallFinished>(&event)) {
      Outgoing& call = live(outgoing_, finished->call);
      call.finished = true;
      RC_ASSERT(finished->status.code != StatusCode::internal);
      if (finished->status.ok()) {  // everything that was answered has been heard
        RC_ASSERT(call.heard == incoming_.at(callers_.at(finished->call.value)).sent.size());
      }
    } else {
      const auto* writable = std::get_if<CallWritable>(&event);
      RC_ASSERT(writable != nullptr);
      live(outgoing_, writable->call);
    }
  }

  // The application takes what it was given: some of it, in order.
  void consume() {
    for (std::uint64_t i = rng_.below(8); i > 0 && !owed_.empty(); --i) {
      const auto [side, call, bytes] = owed_.front();
      owed_.pop_front();
      pair_.give(side, ConsumeMessages{call, bytes});
    }
  }

  void finish() {
    pair_.refuse_dials(false);
    for (int round = 0; round < 10'000; ++round) {
      pair_.settle();
      listen();
      bool idle = owed_.empty();
      while (!owed_.empty()) consume();
      for (auto& [number, call] : incoming_) {
        if (call.over) continue;
        idle = false;
        RC_ASSERT(pair_.give(Side::server, answer(CallId{number}, std::nullopt)) == Outcome::done);
        call.over = true;
      }
      if (!idle) continue;
      if (pair_.rpc(Side::client).outgoing() == 0) break;
      pair_.advance(std::chrono::seconds(3));  // some wait for a peer that was not there
    }
    pair_.settle();
    listen();
    for (const auto& [number, call] : outgoing_) RC_ASSERT(call.finished);
    RC_ASSERT(pair_.rpc(Side::client).outgoing() == 0U);
    RC_ASSERT(pair_.rpc(Side::server).serving() == 0U);
    RC_ASSERT(pair_.open_streams() == 0U);
    // Links that were dialled beside another one are of no use any more.
    for (int round = 0; round < 8; ++round) pair_.advance(LinksConfig{}.spare_idle_max);
    RC_ASSERT(pair_.rpc(Side::client).links() <= 1U);
    RC_ASSERT(!pair_.rpc(Side::client).deadline().has_value());
    RC_ASSERT(!pair_.rpc(Side::server).deadline().has_value());
    RC_ASSERT(pair_.rpc(Side::client).counters().malformed == 0U);
    RC_ASSERT(pair_.rpc(Side::server).counters().malformed == 0U);
  }

  template <typename Call>
  Call* pick(std::map<std::uint64_t, Call>& calls, std::uint32_t detail) {
    if (calls.empty()) return nullptr;
    // Mostly the newest calls, which are likely to be alive.
    const std::size_t back = (detail >> 8) % std::min<std::size_t>(calls.size(), 6);
    auto it = std::prev(calls.end(), static_cast<std::ptrdiff_t>(back) + 1);
    picked_ = it->first;
    return &it->second;
  }

  template <typename Call>
  CallId id(const Call&) const {
    return CallId{picked_};
  }

  // The call of an event, which must not be over.
  template <typename Call>
  static Call& live(std::map<std::uint64_t, Call>& calls, CallId call) {
    const auto found = calls.find(call.value);
    RC_ASSERT(found != calls.end());
    if constexpr (std::is_same_v<Call, Outgoing>) {
      RC_ASSERT(!found->second.finished);
    } else {
      RC_ASSERT(!found->second.over);
    }
    return found->second;
  }

  struct Owed {
    Side side{};
    CallId call;
    std::uint64_t bytes = 0;
  };

  RpcPair pair_;
  Rng rng_;
  std::uint64_t next_ = 1;
  std::uint64_t picked_ = 0;
  std::map<std::uint64_t, Outgoing> outgoing_;
  std::map<std::uint64_t, Incoming> incoming_;
  std::map<std::uint64_t, std::uint64_t> callers_;  // the client's number to the server's
  std::deque<Owed> owed_;
};

void check(PairOptions options) {
  BOOST_TEST(rc::check([options](std::uint64_t seed) {
    PairOptions seeded = options;
    seeded.seed = seed;
    const auto steps = *rc::gen::scale(4.0, rc::gen::arbitrary<std::vector<Step>>());
    Model(seeded).run(steps);
  }));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rpc_call_properties)

BOOST_AUTO_TEST_CASE(EveryCallEndsOnceOnAWidePipe) { check({}); }

BOOST_AUTO_TEST_CASE(EveryCallEndsOnceOnANarrowPipe) {
  PairOptions options;
  options.window = 100;
  options.streams = 3;
  options.piece_max = 40;
  options.client.send_buffer_max = options.server.send_buffer_max = 4000;
  check(options);
}

BOOST_AUTO_TEST_CASE(EveryCallEndsOnceWhenFactsAndOrdersCross) {
  PairOptions options;
  options.window = 2000;
  options.streams = 10;
  options.piece_max = 700;
  options.client.calls_max = 20;
  options.server.calls_max = 8;
  options.cross = true;
  check(options);
}

BOOST_AUTO_TEST_SUITE_END()
