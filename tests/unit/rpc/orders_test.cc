// One machine and the orders that it gives to the transport, fact by fact.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <string>

#include "engine/rpc/frame.h"
#include "engine/rpc/rpc.h"
#include "tests/support/rpc_calls.h"

using namespace rpcnet;
using namespace rpcnet::test;
using namespace std::chrono_literals;

namespace {

constexpr LinkId kDialled{2};
constexpr LinkId kAccepted{1};
constexpr StreamId kFirst{0};

Bytes header(std::string_view method = "m") {
  Bytes frame;
  rpc::append_request_header(frame, std::nullopt, method, {});
  return frame;
}

Bytes message(const Bytes& content) {
  Bytes frame;
  rpc::append_message_head(frame, content.size());
  frame.insert(frame.end(), content.begin(), content.end());
  return frame;
}

Bytes trailer(StatusCode code = StatusCode::ok) {
  Bytes frame;
  rpc::append_trailer(frame, {code, "", {}}, {});
  return frame;
}

Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

struct Fixture {
  explicit Fixture(RpcConfig config = {}) : rpc(config, {}, Rng(1)) {}

  // The machine with one call open on the dialled link.
  void call(StartCall start) {
    rpc.start(now, std::move(start), out);
    rpc.on_link_up(now, {.link = kDialled, .remote = {}, .identity = {}, .streams_allowed = 5},
                   out);
  }

  void accept() {
    rpc.on_link_up(now, {.link = kAccepted, .remote = {}, .identity = {}, .streams_allowed = 5},
                   out);
  }

  void data(LinkId link, const Bytes& bytes, bool fin, StreamId stream = kFirst) {
    rpc.on_stream_data(now, {link, stream, bytes, fin}, out);
  }

  // Takes everything that the machine gave since the last time.
  void take() {
    orders.clear();
    events.clear();
    while (auto output = out.poll()) {
      if (auto* order = std::get_if<Order>(&*output)) {
        orders.push_back(std::move(*order));
      } else {
        events.push_back(std::move(std::get<Event>(*output)));
      }
    }
  }

  template <typename T>
  std::vector<T> ordered() const {
    std::vector<T> found;
    for (const Order& order : orders) {
      if (const T* match = std::get_if<T>(&order)) found.push_back(*match);
    }
    return found;
  }

  // Does any write hold the very bytes at this address?
  bool wrote(const std::uint8_t* address) const {
    return std::any_of(orders.begin(), orders.end(), [&](const Order& order) {
      const auto* write = std::get_if<WriteStream>(&order);
      return write != nullptr && write->bytes.data() == address;
    });
  }

  // The codes with which the stream was left: reset and stop, -1 for none.
  std::pair<int, int> left() const {
    const auto reset = ordered<ResetStream>();
    const auto stop = ordered<StopStream>();
    return {reset.empty() ? -1 : static_cast<int>(reset[0].code),
            stop.empty() ? -1 : static_cast<int>(stop[0].code)};
  }

  rpc::Rpc rpc;
  Outbox out;
  Instant now = Instant(1s);
  std::vector<Order> orders;
  std::vector<Event> events;
};

int code(StreamCode value) { return static_cast<int>(value); }

// What becomes of an open unary call when this response comes.
struct Response : Fixture {
  Response(const Bytes& bytes, bool fin) {
    call(unary(1, {}));
    take();
    data(kDialled, bytes, fin);
    take();
  }
};

}  // namespace

// Else a growing Outbox would copy messages, and QUIC would lose the bytes it was promised.
static_assert(std::is_nothrow_move_constructible_v<Output>);

BOOST_AUTO_TEST_SUITE(rpc_orders)

BOOST_AUTO_TEST_CASE(ASmallMessageLeavesWithItsHeaderALargeOneIsMoved) {
  Fixture f;
  f.call(unary(1, Bytes(1024)));
  f.take();
  auto writes = f.ordered<WriteStream>();
  BOOST_REQUIRE(writes.size() == 1);
  BOOST_TEST(writes[0].fin);
  BOOST_TEST(writes[0].bytes.capacity() == writes[0].bytes.size());

  Bytes large(1025);
  const std::uint8_t* const address = large.data();
  f.rpc.start(f.now, unary(3, std::move(large)), f.out);
  f.take();
  writes = f.ordered<WriteStream>();
  BOOST_REQUIRE(writes.size() == 2);
  BOOST_TEST(!writes[0].fin);
  BOOST_TEST(writes[1].fin);
  BOOST_TEST(f.wrote(address));
}

BOOST_AUTO_TEST_CASE(ACallWithoutAMessageSendsItsHeaderAtOnce) {
  Fixture f;
  f.call(streaming(1));
  f.take();
  const auto writes = f.ordered<WriteStream>();
  BOOST_REQUIRE(writes.size() == 1);
  BOOST_TEST(writes[0].bytes == header("Echo.chat"), boost::test_tools::per_element());
  BOOST_TEST(!writes[0].fin);
}

BOOST_AUTO_TEST_CASE(AWaitingCallTellsTheTimeThatIsLeftWhenItLeaves) {
  Fixture f;
  StartCall start = unary(1, {});
  start.deadline = f.now + 10s;
  f.rpc.start(f.now, std::move(start), f.out);
  f.now += 4s;
  f.accept();
  f.take();
  BOOST_TEST(f.ordered<WriteStream>().empty());
  f.call(unary(3, {}));
  f.take();
  Bytes expected;
  rpc::append_request_header(expected, 6s, "Echo.say", {});
  const auto writes = f.ordered<WriteStream>();
  BOOST_REQUIRE(writes.size() == 2);
  BOOST_TEST(writes[0].bytes == expected + message({}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(AnOrdinaryResponseLeavesNothingToReset) {
  const Response f(message(to_bytes("x")) + trailer(), true);
  BOOST_TEST(only<CallFinished>(f.events).status.ok());
  BOOST_TEST((f.left() == std::pair(-1, -1)));
  BOOST_TEST(f.orders.empty());  // the transport credits the rest of a stream that is over
}

BOOST_AUTO_TEST_CASE(ATrailerWithoutFinEndsTheCallAndStopsTheStream) {
  const Response f(trailer(StatusCode::aborted), false);
  BOOST_TEST((only<CallFinished>(f.events).status.code == StatusCode::aborted));
  BOOST_TEST((f.left() == std::pair(-1, code(StreamCode::none))));
}

BOOST_AUTO_TEST_CASE(AMalformedResponseEndsTheCallAsInternal) {
  const Bytes cut_short(message(Bytes(9)));
  struct Sample {
    Bytes bytes;
    bool fin;
    std::string words;
  };
  const Sample samples[] = {
      {{0x07}, false, "malformed stream: unknown frame type"},
      {header(), false, "malformed stream: a request header in a response"},
      {message({}) + Bytes{0x03, 0x00}, false, "malformed stream: a response header out of place"},
      {{0x03, 0x00, 0x03, 0x00}, false, "malformed stream: a response header out of place"},
      {{0x03, 0x01, 0x00}, false, "malformed stream: bad response header"},
      {{0x04, 0x01, 0x00}, false, "malformed stream: bad trailer"},
      {trailer() + Bytes{0x02}, false, "malformed stream: data after the trailer"},
      {message({}), true, "malformed stream: the response ended without a status"},
      {{}, true, "malformed stream: the response ended without a status"},
      {Bytes(cut_short.begin(), cut_short.end() - 1), true,
       "malformed stream: the response ended inside a frame"},
      {{0x02}, true, "malformed stream: the response ended inside a frame"},
  };
  for (const Sample& sample : samples) {
    const Response f(sample.bytes, sample.fin);
    const auto end = only<CallFinished>(f.events);
    BOOST_TEST(end.call.value == 1);
    BOOST_TEST((end.status.code == StatusCode::internal));
    BOOST_TEST(end.status.message == sample.words);
    BOOST_TEST(f.left().first == code(StreamCode::protocol_error));
    BOOST_TEST(f.left().second == (sample.fin ? -1 : code(StreamCode::protocol_error)));
    BOOST_TEST(f.rpc.counters().malformed == 1);
    BOOST_TEST(f.rpc.outgoing() == 0);
  }
}

BOOST_AUTO_TEST_CASE(AResetIsAStatusByItsCode) {
  const std::pair<std::uint64_t, StatusCode> samples[] = {
      {0, StatusCode::internal},    {1, StatusCode::cancelled}, {2, StatusCode::deadline_exceeded},
      {3, StatusCode::unavailable}, {4, StatusCode::internal},  {5, StatusCode::internal},
      {99, StatusCode::unknown},
  };
  for (const auto& [number, status] : samples) {
    Fixture f;
    f.call(unary(1, {}));
    f.rpc.on_stream_reset(f.now, {kDialled, kFirst, number}, f.out);
    f.take();
    const auto end = only<CallFinished>(f.events);
    BOOST_TEST((end.status.code == status));
    BOOST_TEST(end.trailers.size() == (number == 3 ? 1U : 0U));
    BOOST_TEST((f.left() == std::pair(-1, -1)));
  }
}

BOOST_AUTO_TEST_CASE(ACalleeThatReadsNoFurtherMayStillAnswer) {
  Fixture f;
  f.call(streaming(1));
  f.rpc.on_stream_stopped(f.now, {kDialled, kFirst, 0}, f.out);
  f.take();
  BOOST_TEST(f.events.empty());
  BOOST_TEST((f.rpc.send(f.now, {CallId{1}, {}, false}, f.out) == Outcome::already_half_closed));
  BOOST_TEST((f.rpc.half_close(f.now, {CallId{1}}, f.out) == Outcome::done));
  f.data(kDialled, trailer(), true);
  f.take();
  BOOST_TEST(only<CallFinished>(f.events).status.ok());
  BOOST_TEST((f.left() == std::pair(-1, -1)));
}

BOOST_AUTO_TEST_CASE(WhoWaitsToWriteIsWokenWhenTheCalleeReadsNoFurther) {
  Fixture f({.send_buffer_max = 100});
  f.call(streaming(1));
  f.rpc.send(f.now, {CallId{1}, Bytes(200), false}, f.out);
  f.take();
  BOOST_REQUIRE(f.ordered<WatchDrain>().size() == 1);
  BOOST_TEST(f.ordered<WatchDrain>()[0].low_mark == 50);
  BOOST_TEST(!f.rpc.is_writable(CallId{1}));
  f.rpc.on_stream_stopped(f.now, {kDialled, kFirst, 0}, f.out);
  f.take();
  BOOST_TEST(all<CallWritable>(f.events).size() == 1);
  BOOST_TEST(f.rpc.is_writable(CallId{1}));
}

BOOST_AUTO_TEST_CASE(TheSendBufferHasAMaximum) {
  Fixture f({.send_buffer_max = 1000});
  f.call(streaming(1));
  const auto send = [&](std::size_t size) {
    return f.rpc.send(f.now, {CallId{1}, Bytes(size), false}, f.out);
  };
  BOOST_TEST((send(900) == Outcome::done));
  BOOST_TEST((send(500) == Outcome::done));  // was writable
  BOOST_TEST(!f.rpc.is_writable(CallId{1}));
  BOOST_TEST((send(400) == Outcome::done));  // one more fits under twice the limit
  BOOST_TEST((send(400) == Outcome::not_writable));
  f.take();
  BOOST_TEST(f.ordered<WatchDrain>().size() == 1);
  f.rpc.on_stream_drained(f.now, {kDialled, kFirst}, f.out);
  f.take();
  BOOST_TEST(all<CallWritable>(f.events).size() == 1);
  BOOST_TEST((send(400) == Outcome::done));
  f.take();
  BOOST_TEST(f.ordered<WatchDrain>().empty());  // 500 at most are left, and 403
  BOOST_TEST(f.rpc.is_writable(CallId{1}));
  BOOST_TEST((send(200) == Outcome::done));
  BOOST_TEST(!f.rpc.is_writable(CallId{1}));
  // Who has said the last word is told nothing more.
  BOOST_TEST((f.rpc.half_close(f.now, {CallId{1}}, f.out) == Outcome::done));
  f.rpc.on_stream_drained(f.now, {kDialled, kFirst}, f.out);
  f.take();
  BOOST_TEST(f.events.empty());
}

BOOST_AUTO_TEST_CASE(AWaitingCallCanBeHalfClosedWithoutAMessage) {
  Fixture f;
  f.rpc.start(f.now, streaming(1), f.out);
  BOOST_TEST((f.rpc.half_close(f.now, {CallId{1}}, f.out) == Outcome::done));
  f.call(unary(3, {}));
  f.take();
  BOOST_REQUIRE(f.ordered<WriteStream>().size() == 2);
  BOOST_TEST(f.ordered<WriteStream>()[0].fin);
}

BOOST_AUTO_TEST_CASE(ACallWhoseTimeIsOverDoesNotLeaveLate) {
  Fixture f;
  StartCall start = unary(1, {});
  start.deadline = f.now + 1s;
  f.rpc.start(f.now, std::move(start), f.out);
  f.now += 1s;
  f.call(unary(3, {}));
  f.take();
  BOOST_TEST(only<CallFinished>(f.events).status.message ==
             "deadline exceeded before the request was sent");
  BOOST_TEST(f.ordered<WriteStream>().size() == 1);
  BOOST_TEST(!f.rpc.deadline().has_value());
}

BOOST_AUTO_TEST_CASE(AnEndedCallLeavesNoDeadline) {
  Fixture f;
  StartCall start = unary(1, {});
  start.deadline = f.now + 1s;
  f.call(std::move(start));
  f.data(kDialled, trailer(), true);
  BOOST_TEST(!f.rpc.deadline().has_value());
  f.accept();
  Bytes frame;
  rpc::append_request_header(frame, 3s, "m", {});
  f.data(kAccepted, frame, true);
  BOOST_TEST(f.rpc.deadline().has_value());
  f.take();
  f.rpc.finish(f.now, answer(only<CallArrived>(f.events).call, std::nullopt), f.out);
  BOOST_TEST(!f.rpc.deadline().has_value());
}

BOOST_AUTO_TEST_CASE(ACancelledRequestIsLeftInTheDirectionThatIsStillOpen) {
  for (const bool reset : {true, false}) {
    Fixture f;
    f.accept();
    f.data(kAccepted, header(), false);
    if (reset) {
      f.rpc.on_stream_reset(f.now, {kAccepted, kFirst, 1}, f.out);
    } else {
      f.rpc.on_stream_stopped(f.now, {kAccepted, kFirst, 1}, f.out);
    }
    f.take();
    BOOST_TEST((only<CallAborted>(f.events).status.code == StatusCode::cancelled));
    const int cancelled = code(StreamCode::cancelled);
    BOOST_TEST((f.left() == (reset ? std::pair(cancelled, -1) : std::pair(-1, cancelled))));
  }
}

BOOST_AUTO_TEST_CASE(ACallThatHasNotArrivedTakesNoCommands) {
  Fixture f;
  f.accept();
  f.data(kAccepted, {0x01}, false);
  const CallId call{2};
  BOOST_TEST((f.rpc.send(f.now, {call, {}, false}, f.out) == Outcome::unknown_call));
  BOOST_TEST((f.rpc.send_headers(f.now, {call, {}}, f.out) == Outcome::unknown_call));
  BOOST_TEST((f.rpc.consume(f.now, {call, 1}, f.out) == Outcome::unknown_call));
  BOOST_TEST((f.rpc.finish(f.now, answer(call, std::nullopt), f.out) == Outcome::unknown_call));
}

BOOST_AUTO_TEST_CASE(CancellingDropsWhatWasNotSentYet) {
  Fixture f;
  f.call(unary(1, Bytes(5000)));
  f.take();
  f.rpc.cancel(f.now, {CallId{1}}, f.out);
  f.take();
  BOOST_TEST((f.left() == std::pair(code(StreamCode::cancelled), code(StreamCode::cancelled))));
}

BOOST_AUTO_TEST_CASE(FactsThatCrossedTheEndOfACallChangeNothing) {
  Fixture f;
  f.call(unary(1, {}));
  f.rpc.cancel(f.now, {CallId{1}}, f.out);
  f.take();
  f.data(kDialled, message(Bytes(10)), false);
  f.rpc.on_stream_stopped(f.now, {kDialled, kFirst, 0}, f.out);
  f.rpc.on_stream_drained(f.now, {kDialled, kFirst}, f.out);
  f.rpc.on_stream_reset(f.now, {kDialled, kFirst, 0}, f.out);
  f.take();
  BOOST_TEST(f.events.empty());
  BOOST_TEST(f.orders.empty());
}

BOOST_AUTO_TEST_CASE(AMalformedRequestBeginsNoCall) {
  const Bytes samples[] = {
      {0x00},                    // no frame
      {0x02, 0x00},              // a message first
      {0x01, 0x02, 0x00, 0x00},  // an empty method
      {0x04, 0x00},              // a trailer
  };
  for (const Bytes& bytes : samples) {
    Fixture f;
    f.accept();
    f.data(kAccepted, bytes, false);
    f.take();
    BOOST_TEST(f.events.empty());
    BOOST_TEST((f.left() ==
                std::pair(code(StreamCode::protocol_error), code(StreamCode::protocol_error))));
    BOOST_TEST(f.rpc.serving() == 0);
    BOOST_TEST(f.rpc.counters().malformed == 1);
    // What had crossed is no new call.
    f.data(kAccepted, header(), false);
    f.take();
    BOOST_TEST(f.events.empty());
    BOOST_TEST(f.orders.empty());
  }
  Fixture f;
  f.accept();
  f.data(kAccepted, {}, true);
  f.take();
  BOOST_TEST(f.events.empty());
  BOOST_TEST((f.left() == std::pair(code(StreamCode::protocol_error), -1)));
}

BOOST_AUTO_TEST_CASE(ARequestThatTurnsMalformedIsAborted) {
  const std::pair<Bytes, bool> samples[] = {
      {header() + header(), false},
      {header() + Bytes{0x03, 0x00}, false},
      {header() + trailer(), false},
      {header() + Bytes{0x09}, false},
      {header() + Bytes{0x02, 0x05, 0x00}, true},
  };
  for (const auto& [bytes, fin] : samples) {
    Fixture f;
    f.accept();
    f.data(kAccepted, bytes, fin);
    f.take();
    BOOST_REQUIRE(f.events.size() == 2);
    BOOST_TEST(std::holds_alternative<CallArrived>(f.events[0]));
    BOOST_TEST((only<CallAborted>(f.events).status.code == StatusCode::internal));
    BOOST_TEST(f.left().first == code(StreamCode::protocol_error));
    BOOST_TEST(f.rpc.serving() == 0);
  }
}

// Bug B9 of the first RpcNet: an unknown method was met with silence. Here every call is announced,
// and what is unknown is for the layer above to say.
BOOST_AUTO_TEST_CASE(EveryMethodIsAnnounced) {
  Fixture f;
  f.accept();
  f.data(kAccepted, header("no.such.method"), true);
  f.take();
  BOOST_TEST(only<CallArrived>(f.events).method == "no.such.method");
}

BOOST_AUTO_TEST_CASE(AStreamThatIsResetBeforeItBeganIsNoCall) {
  Fixture f;
  f.accept();
  f.rpc.on_stream_reset(f.now, {kAccepted, kFirst, 1}, f.out);
  f.rpc.on_stream_stopped(f.now, {kAccepted, StreamId{4}, 1}, f.out);
  f.take();
  BOOST_TEST(f.events.empty());
  BOOST_TEST((f.left() == std::pair(code(StreamCode::cancelled), code(StreamCode::cancelled))));
  f.data(kAccepted, header(), true);
  f.data(kAccepted, header(), true, StreamId{4});
  f.take();
  BOOST_TEST(f.events.empty());
}

BOOST_AUTO_TEST_CASE(StreamsMayBeginOutOfOrder) {
  Fixture f;
  f.accept();
  for (const std::uint64_t stream : {8U, 0U, 4U}) {
    f.data(kAccepted, header(), true, StreamId{stream});
  }
  f.take();
  BOOST_TEST(all<CallArrived>(f.events).size() == 3);
}

BOOST_AUTO_TEST_CASE(FinishingEarlyStopsTheRequest) {
  Fixture f;
  f.accept();
  f.data(kAccepted, header() + message(Bytes(3)) + message(Bytes(7)), false);
  f.take();
  BOOST_TEST(all<MessageArrived>(f.events).size() == 2);
  const CallId call = only<CallArrived>(f.events).call;
  std::uint64_t credited = 0;
  for (const auto& order : f.ordered<ConsumeStream>()) credited += order.bytes;
  BOOST_TEST(credited == header().size() + 5);  // the second message has not been taken
  f.rpc.finish(f.now, answer(call, std::nullopt), f.out);
  f.take();
  BOOST_TEST((f.left() == std::pair(-1, code(StreamCode::none))));
  BOOST_REQUIRE(f.ordered<WriteStream>().size() == 1);
  BOOST_TEST(f.ordered<WriteStream>()[0].fin);
}

BOOST_AUTO_TEST_CASE(ALargeAnswerIsMoved) {
  Fixture f;
  f.accept();
  f.data(kAccepted, header(), true);
  f.take();
  Bytes large(5000);
  const std::uint8_t* const address = large.data();
  f.rpc.finish(f.now, answer(only<CallArrived>(f.events).call, std::move(large)), f.out);
  f.take();
  const auto writes = f.ordered<WriteStream>();
  BOOST_REQUIRE(writes.size() == 3);
  BOOST_TEST(f.wrote(address));
  BOOST_TEST(!writes[1].fin);
  BOOST_TEST(writes[2].fin);
}

BOOST_AUTO_TEST_CASE(TheCalleeCountsItsDeadlineFromTheArrival) {
  Fixture f;
  f.accept();
  Bytes frame;
  rpc::append_request_header(frame, 3s, "m", {});
  f.data(kAccepted, frame, false);
  f.take();
  BOOST_TEST((only<CallArrived>(f.events).deadline == f.now + 3s));
  BOOST_TEST((f.rpc.deadline() == f.now + 3s));
  f.rpc.on_deadline(f.now + 3s - 1ns, f.out);
  BOOST_TEST(f.out.empty());
  f.rpc.on_deadline(f.now + 3s, f.out);
  f.take();
  BOOST_TEST((only<CallAborted>(f.events).status.code == StatusCode::deadline_exceeded));
  const int late = code(StreamCode::deadline_exceeded);
  BOOST_TEST((f.left() == std::pair(late, late)));
}

BOOST_AUTO_TEST_CASE(FactsOfUnknownLinksAreIgnored) {
  Fixture f;
  f.data(kAccepted, header(), true);
  f.data(kDialled, trailer(), true);
  f.rpc.on_stream_reset(f.now, {kAccepted, kFirst, 0}, f.out);
  f.rpc.on_stream_stopped(f.now, {kAccepted, kFirst, 0}, f.out);
  f.rpc.on_stream_drained(f.now, {kAccepted, kFirst}, f.out);
  f.rpc.on_streams_allowed(f.now, {kDialled, 7}, f.out);
  f.rpc.on_link_down(f.now, {kAccepted, LinkEnd::reset, 0, ""}, f.out);
  f.rpc.on_link_up(f.now, {.link = kDialled, .remote = {}, .identity = {}}, f.out);
  f.take();
  BOOST_TEST(f.events.empty());
}

BOOST_AUTO_TEST_SUITE_END()
