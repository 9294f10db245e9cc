// Calls from end to end: two machines over a pipe in memory.
#include "engine/rpc/rpc.h"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <string>

#include "engine/rpc/frame.h"
#include "tests/support/rpc_calls.h"
#include "tests/support/rpc_pair.h"

using namespace rpcnet;
using namespace rpcnet::test;
using namespace std::chrono_literals;

namespace {

constexpr Side kClient = Side::client;
constexpr Side kServer = Side::server;

// Starts the call and gives what the server's application heard.
std::vector<Event> arrive(RpcPair& pair, StartCall start) {
  BOOST_REQUIRE(pair.give(kClient, std::move(start)) == Outcome::done);
  pair.settle();
  return pair.take_events(kServer);
}

CallId arrived(const std::vector<Event>& events) { return only<CallArrived>(events).call; }

}  // namespace

BOOST_AUTO_TEST_SUITE(rpc_calls)

BOOST_AUTO_TEST_CASE(AUnaryCallIsAnsweredOnce) {
  RpcPair pair;
  const auto events = arrive(pair, unary(1, to_bytes("hello")));
  const auto call = only<CallArrived>(events);
  BOOST_TEST(call.method == "Echo.say");
  BOOST_TEST(!call.deadline.has_value());
  BOOST_TEST(as_text(only<MessageArrived>(events).message) == "hello");
  BOOST_TEST(all<CallerHalfClosed>(events).size() == 1);
  BOOST_TEST(pair.rpc(kServer).serving() == 1);

  BOOST_TEST((pair.give(kServer, answer(call.call, to_bytes("world"))) == Outcome::done));
  BOOST_TEST(pair.rpc(kServer).serving() == 0);
  pair.settle();
  const auto told = pair.take_events(kClient);
  BOOST_TEST(told.size() == 2);
  BOOST_TEST(as_text(only<MessageArrived>(told).message) == "world");
  BOOST_TEST(only<CallFinished>(told).call.value == 1);
  BOOST_TEST(only<CallFinished>(told).status.ok());
  BOOST_TEST(pair.rpc(kClient).outgoing() == 0);
  BOOST_TEST(pair.open_streams() == 0);
}

BOOST_AUTO_TEST_CASE(ASmallUnaryCallIsOneWriteEachWay) {
  RpcPair pair;
  const auto events = arrive(pair, unary(1, Bytes(64)));
  pair.give(kServer, answer(arrived(events), Bytes(64)));
  BOOST_TEST(pair.writes(kClient) == 1);
  BOOST_TEST(pair.writes(kServer) == 1);
}

BOOST_AUTO_TEST_CASE(ALargeMessageArrivesWhole) {
  PairOptions options;
  options.piece_max = 1500;
  RpcPair pair(options);
  Bytes large(3'000'000);
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<std::uint8_t>(i * 7);
  const auto events = arrive(pair, unary(1, large));
  BOOST_TEST((only<MessageArrived>(events).message == large));
  pair.give(kServer, answer(arrived(events), large));
  pair.settle();
  BOOST_TEST((only<MessageArrived>(pair.take_events(kClient)).message == large));
}

// Bug B7 of the first RpcNet: an empty message was taken for the end of the stream.
BOOST_AUTO_TEST_CASE(AnEmptyMessageIsAMessageAndEndsNothing) {
  RpcPair pair;
  auto events = arrive(pair, streaming(1));
  const CallId call = arrived(events);
  pair.give(kClient, SendMessage{CallId{1}, {}, false});
  pair.give(kClient, SendMessage{CallId{1}, to_bytes("after"), false});
  pair.give(kServer, SendMessage{call, {}, false});
  pair.give(kServer, SendMessage{call, to_bytes("after"), false});
  pair.settle();
  const auto at_server = all<MessageArrived>(pair.take_events(kServer));
  const auto at_client = all<MessageArrived>(pair.take_events(kClient));
  BOOST_REQUIRE(at_server.size() == 2);
  BOOST_REQUIRE(at_client.size() == 2);
  BOOST_TEST(at_server[0].message.empty());
  BOOST_TEST(as_text(at_server[1].message) == "after");
  BOOST_TEST(at_client[0].message.empty());
  pair.give(kClient, HalfClose{CallId{1}});
  pair.give(kServer, answer(call, Bytes{}));
  pair.settle();
  const auto end = pair.take_events(kClient);
  BOOST_TEST(all<MessageArrived>(end).size() == 1);
  BOOST_TEST(only<CallFinished>(end).status.ok());
}

// Bug B6 of the first RpcNet: errors travelled as data and could not be told from it.
BOOST_AUTO_TEST_CASE(AStatusIsNeverData) {
  RpcPair pair;
  const auto events = arrive(pair, unary(1, to_bytes("x")));
  FinishCall finish = failure(arrived(events), StatusCode::permission_denied, "not you");
  finish.status.details = to_bytes("why");
  finish.trailers = {{"hint", "ask"}};
  pair.give(kServer, std::move(finish));
  pair.settle();
  const auto told = pair.take_events(kClient);
  BOOST_TEST(all<MessageArrived>(told).empty());
  const auto end = only<CallFinished>(told);
  BOOST_TEST((end.status.code == StatusCode::permission_denied));
  BOOST_TEST(end.status.message == "not you");
  BOOST_TEST(as_text(end.status.details) == "why");
  BOOST_TEST((end.trailers == Metadata{{"hint", "ask"}}));
}

BOOST_AUTO_TEST_CASE(MetadataTravelsBothWays) {
  RpcPair pair;
  StartCall start = unary(1, {});
  start.metadata = {{"trace", "a"}, {"trace", "b"}, {"empty", ""}};
  const auto events = arrive(pair, std::move(start));
  const auto call = only<CallArrived>(events);
  BOOST_TEST((call.metadata == Metadata{{"trace", "a"}, {"trace", "b"}, {"empty", ""}}));
  BOOST_TEST((pair.give(kServer, SendHeaders{call.call, {{"server", "1"}}}) == Outcome::done));
  BOOST_TEST((pair.give(kServer, SendHeaders{call.call, {}}) == Outcome::already_half_closed));
  pair.settle();
  BOOST_TEST(
      (only<HeadersArrived>(pair.take_events(kClient)).metadata == Metadata{{"server", "1"}}));
}

// Bug B1 of the first RpcNet: both sides blocked as soon as both sent more than a window.
BOOST_AUTO_TEST_CASE(FullDuplexDoesNotDeadlock) {
  PairOptions options;
  options.window = 1000;
  RpcPair pair(options);
  const CallId call = arrived(arrive(pair, streaming(1)));
  for (int i = 0; i < 50; ++i) {
    pair.give(kClient, SendMessage{CallId{1}, Bytes(700), false});
    pair.give(kServer, SendMessage{call, Bytes(700), false});
  }
  std::size_t at_client = 0;
  std::size_t at_server = 0;
  for (int round = 0; round < 200; ++round) {
    pair.settle();
    for (const auto& event : all<MessageArrived>(pair.take_events(kClient))) {
      ++at_client;
      pair.give(kClient, ConsumeMessages{CallId{1}, event.message.size()});
    }
    for (const auto& event : all<MessageArrived>(pair.take_events(kServer))) {
      ++at_server;
      pair.give(kServer, ConsumeMessages{call, event.message.size()});
    }
  }
  BOOST_TEST(at_client == 50);
  BOOST_TEST(at_server == 50);
}

BOOST_AUTO_TEST_CASE(ASlowReaderStopsTheSender) {
  PairOptions options;
  options.window = 10'000;
  options.client.send_buffer_max = 20'000;
  RpcPair pair(options);
  const CallId call = arrived(arrive(pair, streaming(1)));
  Outcome outcome = Outcome::done;
  int sent = 0;
  while ((outcome = pair.give(kClient, SendMessage{CallId{1}, Bytes(1000), false})) ==
         Outcome::done) {
    ++sent;
    pair.settle();
    BOOST_REQUIRE(sent < 1000);
  }
  BOOST_TEST((outcome == Outcome::not_writable));
  BOOST_TEST(!pair.rpc(kClient).is_writable(CallId{1}));
  BOOST_TEST(pair.queued(kClient) <= 3 * options.client.send_buffer_max);

  // The reader takes up again: everything arrives, and the writer hears that there is room.
  int taken = 0;
  bool writable = false;
  for (int round = 0; round < 1000 && taken < sent; ++round) {
    for (const auto& event : all<MessageArrived>(pair.take_events(kServer))) {
      ++taken;
      pair.give(kServer, ConsumeMessages{call, event.message.size()});
    }
    pair.settle();
    writable |= !all<CallWritable>(pair.take_events(kClient)).empty();
  }
  BOOST_TEST(taken == sent);
  BOOST_TEST(writable);
  BOOST_TEST(pair.rpc(kClient).is_writable(CallId{1}));
}

BOOST_AUTO_TEST_CASE(AFloodOfEmptyMessagesIsBoundedByTheWindow) {
  PairOptions options;
  options.window = 1000;
  RpcPair pair(options);
  const CallId call = arrived(arrive(pair, streaming(1)));
  for (int i = 0; i < 5000; ++i) pair.give(kClient, SendMessage{CallId{1}, {}, false});
  pair.settle();
  const auto first = all<MessageArrived>(pair.take_events(kServer)).size();
  BOOST_TEST(first <= 1 + options.window / 2);
  std::size_t taken = first;
  for (std::size_t waiting = first; waiting > 0;) {
    for (std::size_t i = 0; i < waiting; ++i) pair.give(kServer, ConsumeMessages{call, 0});
    pair.settle();
    waiting = all<MessageArrived>(pair.take_events(kServer)).size();
    taken += waiting;
  }
  BOOST_TEST(taken == 5000);
}

BOOST_AUTO_TEST_CASE(HalfCloseLeavesTheResponseOpen) {
  RpcPair pair;
  const CallId call = arrived(arrive(pair, streaming(1)));
  BOOST_TEST((pair.give(kClient, HalfClose{CallId{1}}) == Outcome::done));
  BOOST_TEST((pair.give(kClient, HalfClose{CallId{1}}) == Outcome::already_half_closed));
  BOOST_TEST(
      (pair.give(kClient, SendMessage{CallId{1}, {}, false}) == Outcome::already_half_closed));
  pair.settle();
  BOOST_TEST(all<CallerHalfClosed>(pair.take_events(kServer)).size() == 1);
  for (int i = 0; i < 3; ++i) pair.give(kServer, SendMessage{call, to_bytes("token"), false});
  pair.give(kServer, answer(call, std::nullopt));
  pair.settle();
  const auto told = pair.take_events(kClient);
  BOOST_TEST(all<MessageArrived>(told).size() == 3);
  BOOST_TEST(only<CallFinished>(told).status.ok());
}

BOOST_AUTO_TEST_CASE(AnAnswerBeforeTheHalfCloseFreesTheStream) {
  RpcPair pair;
  const CallId call = arrived(arrive(pair, streaming(1)));
  pair.give(kServer, failure(call, StatusCode::invalid_argument, "no"));
  pair.settle();
  BOOST_TEST(
      (only<CallFinished>(pair.take_events(kClient)).status.code == StatusCode::invalid_argument));
  BOOST_TEST(pair.open_streams() == 0);
  BOOST_TEST((pair.give(kClient, SendMessage{CallId{1}, {}, false}) == Outcome::unknown_call));
}

// Bug D17 of the first RpcNet: a cancelled call was counted as running for ever.
BOOST_AUTO_TEST_CASE(CancelFreesTheCalleeAndItsCount) {
  RpcPair pair;
  const CallId call = arrived(arrive(pair, unary(1, to_bytes("slow"))));
  BOOST_TEST(pair.rpc(kServer).serving() == 1);
  BOOST_TEST((pair.give(kClient, CancelCall{CallId{1}}) == Outcome::done));
  BOOST_TEST((only<CallFinished>(pair.take_events(kClient)).status.code == StatusCode::cancelled));
  BOOST_TEST((pair.give(kClient, CancelCall{CallId{1}}) == Outcome::unknown_call));
  pair.settle();
  const auto told = pair.take_events(kServer);
  BOOST_TEST(only<CallAborted>(told).call.value == call.value);
  BOOST_TEST((only<CallAborted>(told).status.code == StatusCode::cancelled));
  BOOST_TEST(pair.rpc(kServer).serving() == 0);
  BOOST_TEST(pair.open_streams() == 0);
  BOOST_TEST((pair.give(kServer, answer(call, std::nullopt)) == Outcome::unknown_call));
  BOOST_TEST(pair.take_events(kClient).empty());
}

BOOST_AUTO_TEST_CASE(TheDeadlineTravelsAsTimeLeft) {
  RpcPair pair;
  StartCall start = unary(1, {});
  start.deadline = pair.now() + 250ms;
  const auto call = only<CallArrived>(arrive(pair, std::move(start)));
  BOOST_REQUIRE(call.deadline.has_value());
  BOOST_TEST((*call.deadline == pair.now() + 250ms));
}

BOOST_AUTO_TEST_CASE(TheDeadlineEndsTheCallOnBothSides) {
  RpcPair pair;
  StartCall start = unary(1, {});
  start.deadline = pair.now() + 250ms;
  arrive(pair, std::move(start));
  BOOST_TEST((pair.rpc(kClient).deadline() == pair.now() + 250ms));
  pair.advance(249ms);
  BOOST_TEST(pair.take_events(kClient).empty());
  pair.advance(1ms);
  BOOST_TEST(
      (only<CallFinished>(pair.take_events(kClient)).status.code == StatusCode::deadline_exceeded));
  BOOST_TEST(
      (only<CallAborted>(pair.take_events(kServer)).status.code == StatusCode::deadline_exceeded));
  BOOST_TEST(pair.rpc(kServer).serving() == 0);
  BOOST_TEST(!pair.rpc(kClient).deadline().has_value());
  BOOST_TEST(!pair.rpc(kServer).deadline().has_value());
  pair.settle();
  BOOST_TEST(pair.take_events(kClient).empty());
  BOOST_TEST(pair.open_streams() == 0);
}

BOOST_AUTO_TEST_CASE(ADeadlineThatHasPassedSendsNothing) {
  RpcPair pair;
  StartCall start = unary(1, {});
  start.deadline = pair.now();
  BOOST_TEST((pair.give(kClient, std::move(start)) == Outcome::done));
  const auto end = only<CallFinished>(pair.take_events(kClient));
  BOOST_TEST((end.status.code == StatusCode::deadline_exceeded));
  BOOST_TEST((end.trailers == Metadata{{std::string(rpc::kNotStarted), "1"}}));
  BOOST_TEST(!pair.step());
}

BOOST_AUTO_TEST_CASE(ALostLinkEndsItsCallsInOrder) {
  RpcPair pair;
  for (std::uint64_t id : {7U, 3U, 5U}) pair.give(kClient, unary(id, {}));
  pair.settle();
  pair.take_events(kServer);
  pair.lose_links();
  const auto ended = all<CallFinished>(pair.take_events(kClient));
  BOOST_REQUIRE(ended.size() == 3);
  BOOST_TEST(ended[0].call.value == 3);
  BOOST_TEST(ended[1].call.value == 5);
  BOOST_TEST(ended[2].call.value == 7);
  BOOST_TEST((ended[0].status.code == StatusCode::unavailable));
  BOOST_TEST(ended[0].status.message ==
             "link lost: silent (test); the request may have been executed");
  BOOST_TEST(ended[0].trailers.empty());
  const auto aborted = all<CallAborted>(pair.take_events(kServer));
  BOOST_REQUIRE(aborted.size() == 3);
  BOOST_TEST((aborted[0].call < aborted[1].call));
  BOOST_TEST((aborted[1].call < aborted[2].call));
  BOOST_TEST(pair.rpc(kServer).serving() == 0);
}

BOOST_AUTO_TEST_CASE(AFailedDialSaysThatNothingWasSent) {
  RpcPair pair;
  pair.refuse_dials(true);
  pair.give(kClient, unary(1, {}));
  pair.settle();
  auto end = only<CallFinished>(pair.take_events(kClient));
  BOOST_TEST((end.status.code == StatusCode::unavailable));
  BOOST_TEST(end.status.message == "not sent: no link: unreachable");
  BOOST_TEST((end.trailers == Metadata{{std::string(rpc::kNotStarted), "1"}}));
  // The address is left alone for a while, which is said at once.
  pair.give(kClient, unary(3, {}));
  end = only<CallFinished>(pair.take_events(kClient));
  BOOST_TEST((end.status.code == StatusCode::unavailable));
  BOOST_TEST(end.call.value == 3);
  // And is found again when it is back.
  pair.refuse_dials(false);
  pair.advance(5s);
  BOOST_TEST(all<CallArrived>(arrive(pair, unary(5, {}))).size() == 1);
}

BOOST_AUTO_TEST_CASE(ACallThatWaitsForReadyOutlivesFailedDials) {
  RpcPair pair;
  pair.refuse_dials(true);
  StartCall first = unary(1, to_bytes("first"));
  first.wait_for_ready = true;
  pair.give(kClient, first);
  pair.settle();
  // Left alone after the failed dial: one that starts now is parked from the beginning.
  StartCall second = streaming(3);
  second.wait_for_ready = true;
  pair.give(kClient, second);
  pair.give(kClient, SendMessage{CallId{3}, to_bytes("kept"), true});
  for (int i = 0; i < 50; ++i) {
    pair.advance(100ms);
    pair.settle();
  }
  BOOST_TEST(pair.take_events(kClient).empty());
  BOOST_TEST(pair.rpc(kClient).outgoing() == 2);

  pair.refuse_dials(false);
  pair.advance(2s);
  pair.settle();
  const auto events = pair.take_events(kServer);
  BOOST_TEST(all<CallArrived>(events).size() == 2);
  const auto messages = all<MessageArrived>(events);
  BOOST_REQUIRE(messages.size() == 2);
  BOOST_TEST(all<CallerHalfClosed>(events).size() == 2);
  for (const auto& call : all<CallArrived>(events)) pair.give(kServer, answer(call.call, Bytes{}));
  pair.settle();
  const auto ends = all<CallFinished>(pair.take_events(kClient));
  BOOST_REQUIRE(ends.size() == 2);
  BOOST_TEST((ends[0].status.ok() && ends[1].status.ok()));
  BOOST_TEST(!pair.rpc(kClient).deadline().has_value());
}

BOOST_AUTO_TEST_CASE(WaitingForReadyEndsAtTheDeadlineOrWithACancel) {
  RpcPair pair;
  pair.refuse_dials(true);
  for (const std::uint64_t id : {1, 3}) {
    StartCall start = unary(id, {});
    start.wait_for_ready = true;
    if (id == 1) start.deadline = pair.now() + 1s;
    pair.give(kClient, start);
  }
  pair.settle();
  pair.advance(1s);
  auto end = only<CallFinished>(pair.take_events(kClient));
  BOOST_TEST(end.call.value == 1);
  BOOST_TEST((end.status.code == StatusCode::deadline_exceeded));
  BOOST_TEST(end.status.message ==
             "deadline exceeded before the request was sent; last: not sent: no link: unreachable");
  BOOST_TEST((end.trailers == Metadata{{std::string(rpc::kNotStarted), "1"}}));
  pair.give(kClient, CancelCall{CallId{3}});
  end = only<CallFinished>(pair.take_events(kClient));
  BOOST_TEST((end.status.code == StatusCode::cancelled));
  pair.settle();
  BOOST_TEST(pair.rpc(kClient).outgoing() == 0);
  BOOST_TEST(!pair.rpc(kClient).deadline().has_value());
}

BOOST_AUTO_TEST_CASE(ACallThatWasSentDoesNotWaitAgain) {
  RpcPair pair;
  StartCall start = unary(1, {});
  start.wait_for_ready = true;
  BOOST_TEST(all<CallArrived>(arrive(pair, start)).size() == 1);
  pair.lose_links();
  const auto end = only<CallFinished>(pair.take_events(kClient));
  BOOST_TEST((end.status.code == StatusCode::unavailable));
}

BOOST_AUTO_TEST_CASE(CallsWaitForStreamsInOrder) {
  PairOptions options;
  options.streams = 2;
  options.links.per_peer_max = 1;
  RpcPair pair(options);
  for (std::uint64_t id = 1; id <= 9; id += 2) {
    StartCall start = streaming(id);
    start.method = std::to_string(id);
    if (id == 5) start.deadline = pair.now() + 1s;
    pair.give(kClient, std::move(start));
  }
  pair.settle();
  auto calls = all<CallArrived>(pair.take_events(kServer));
  BOOST_REQUIRE(calls.size() == 2);
  BOOST_TEST(pair.rpc(kClient).outgoing() == 5);

  // What is sent while waiting is kept in order; a deadline and a cancel cost nothing.
  pair.give(kClient, SendMessage{CallId{9}, to_bytes("a"), false});
  pair.give(kClient, SendMessage{CallId{9}, to_bytes("b"), true});
  pair.advance(1s);
  pair.give(kClient, CancelCall{CallId{7}});
  const auto ended = all<CallFinished>(pair.take_events(kClient));
  BOOST_REQUIRE(ended.size() == 2);
  BOOST_TEST((ended[0].status.code == StatusCode::deadline_exceeded));
  BOOST_TEST((ended[1].status.code == StatusCode::cancelled));

  pair.give(kServer, answer(calls[0].call, std::nullopt));
  pair.settle();
  const auto events = pair.take_events(kServer);
  BOOST_TEST(only<CallArrived>(events).method == "9");
  BOOST_TEST(all<MessageArrived>(events).size() == 2);
  BOOST_TEST(all<CallerHalfClosed>(events).size() == 1);
}

// Unlike a peer that is away: trying again is of no use, asking another one may be.
BOOST_AUTO_TEST_CASE(ARefusedCertificateEndsACallAsUnauthenticated) {
  RpcPair pair;
  for (const LinkEnd end : {LinkEnd::refused_by_peer, LinkEnd::refused_by_us}) {
    pair.refuse_dials(true, end);
    pair.give(kClient, unary(end == LinkEnd::refused_by_peer ? 1 : 3, {}));
    pair.settle();
    const auto finished = only<CallFinished>(pair.take_events(kClient));
    BOOST_TEST((finished.status.code == StatusCode::unauthenticated));
    BOOST_TEST(finished.status.message == std::string("not sent: ") + to_text(end));
    BOOST_TEST((finished.trailers == Metadata{{std::string(rpc::kNotStarted), "1"}}));
    pair.advance(5s);
  }
  LinkDown full{
      LinkId{4}, LinkEnd::refused_by_peer, static_cast<std::uint64_t>(CloseCode::overloaded), {}};
  BOOST_TEST(!full.is_refusal());
}

BOOST_AUTO_TEST_CASE(DrainingTurnsNewCallsAwayAndServesTheOld) {
  RpcPair pair;
  const CallId old = arrived(arrive(pair, unary(1, {})));
  pair.give(kServer, StopAccepting{});
  BOOST_TEST(arrive(pair, unary(3, {})).empty());
  const auto refused = only<CallFinished>(pair.take_events(kClient));
  BOOST_TEST((refused.status.code == StatusCode::unavailable));
  BOOST_TEST((refused.trailers == Metadata{{std::string(rpc::kNotStarted), "1"}}));
  BOOST_TEST((pair.give(kServer, answer(old, std::nullopt)) == Outcome::done));
  pair.settle();
  BOOST_TEST(only<CallFinished>(pair.take_events(kClient)).status.ok());
  BOOST_TEST(pair.open_streams() == 0);
  BOOST_TEST(pair.rpc(kServer).counters().refused == 1);
}

BOOST_AUTO_TEST_CASE(TheLimitOfCallsHoldsOnBothSides) {
  PairOptions options;
  options.client.calls_max = 3;
  options.server.calls_max = 2;
  RpcPair pair(options);
  for (std::uint64_t id = 1; id <= 5; id += 2) pair.give(kClient, streaming(id));
  BOOST_TEST((pair.give(kClient, streaming(7)) == Outcome::too_many_calls));
  pair.settle();
  BOOST_TEST(pair.rpc(kServer).serving() == 2);
  const auto refused = only<CallFinished>(pair.take_events(kClient));
  BOOST_TEST((refused.status.code == StatusCode::resource_exhausted));
  BOOST_TEST(refused.status.message == "calls_max of 2 is reached, safe to retry elsewhere");
  BOOST_TEST((pair.give(kClient, streaming(7)) == Outcome::done));
}

BOOST_AUTO_TEST_CASE(ALimitErrorNamesTheLimitAndTheSize) {
  PairOptions options;
  options.client.message_max = 1000;
  options.server.message_max = 500;
  RpcPair pair(options);
  BOOST_TEST((pair.give(kClient, unary(1, Bytes(1001))) == Outcome::message_too_large));
  BOOST_TEST(arrive(pair, unary(1, Bytes(501))).size() == 2);  // arrived, aborted
  const auto end = only<CallFinished>(pair.take_events(kClient));
  BOOST_TEST((end.status.code == StatusCode::resource_exhausted));
  BOOST_TEST(end.status.message == "request message of 501 bytes is over message_max of 500");
  BOOST_TEST(pair.rpc(kServer).serving() == 0);
  BOOST_TEST(pair.open_streams() == 0);
}

BOOST_AUTO_TEST_CASE(ATooLargeResponseEndsTheCallAtTheCaller) {
  PairOptions options;
  options.client.message_max = 500;
  RpcPair pair(options);
  const CallId call = arrived(arrive(pair, unary(1, {})));
  pair.give(kServer, SendMessage{call, Bytes(501), false});
  pair.settle();
  const auto end = only<CallFinished>(pair.take_events(kClient));
  BOOST_TEST((end.status.code == StatusCode::resource_exhausted));
  BOOST_TEST(end.status.message == "response message of 501 bytes is over message_max of 500");
  BOOST_TEST((only<CallAborted>(pair.take_events(kServer)).call == call));
  BOOST_TEST(pair.open_streams() == 0);
}

BOOST_AUTO_TEST_CASE(MetadataHasALimitEachWay) {
  PairOptions options;
  options.client.metadata_max = 200;
  options.server.metadata_max = 100;
  RpcPair pair(options);
  StartCall start = unary(1, {});
  start.metadata = {{"key", std::string(166, 'x')}};  // 3 + 166 + 32 = 201
  BOOST_TEST((pair.give(kClient, StartCall(start)) == Outcome::metadata_too_large));
  start.metadata = {{"key", std::string(66, 'x')}};  // 101
  BOOST_TEST(arrive(pair, std::move(start)).empty());
  const auto end = only<CallFinished>(pair.take_events(kClient));
  BOOST_TEST(end.status.message == "request metadata of 101 bytes is over metadata_max of 100");

  start = unary(3, {});
  start.metadata = {{"Key", ""}};
  BOOST_TEST((pair.give(kClient, std::move(start)) == Outcome::bad_metadata));

  const CallId call = arrived(arrive(pair, unary(3, {})));
  FinishCall finish = failure(call, StatusCode::aborted, std::string(101, 'x'));
  BOOST_TEST((pair.give(kServer, std::move(finish)) == Outcome::metadata_too_large));
  BOOST_TEST((pair.give(kServer, SendHeaders{call, {{"key", std::string(66, 'x')}}}) ==
              Outcome::metadata_too_large));
  BOOST_TEST((pair.give(kServer, answer(call, std::nullopt)) == Outcome::done));
}

BOOST_AUTO_TEST_CASE(CommandsThatAreWrongChangeNothing) {
  RpcPair pair;
  StartCall start = unary(1, {});
  start.method.clear();
  BOOST_TEST((pair.give(kClient, StartCall(start)) == Outcome::bad_method));
  start.method = std::string(256, 'm');
  BOOST_TEST((pair.give(kClient, StartCall(start)) == Outcome::bad_method));
  start.method = std::string(255, 'm');
  BOOST_TEST((pair.give(kClient, StartCall(start)) == Outcome::done));
  BOOST_TEST((pair.give(kClient, StartCall(start)) == Outcome::call_exists));
  start.call = CallId{2};
  BOOST_TEST((pair.give(kClient, StartCall(start)) == Outcome::call_exists));
  BOOST_TEST((pair.give(kClient, SendMessage{CallId{9}, {}, false}) == Outcome::unknown_call));
  BOOST_TEST((pair.give(kClient, HalfClose{CallId{9}}) == Outcome::unknown_call));
  BOOST_TEST((pair.give(kClient, ConsumeMessages{CallId{9}, 1}) == Outcome::unknown_call));
  BOOST_TEST((pair.give(kServer, answer(CallId{2}, std::nullopt)) == Outcome::unknown_call));
  BOOST_TEST((pair.give(kServer, SendHeaders{CallId{2}, {}}) == Outcome::unknown_call));
  BOOST_TEST(!pair.rpc(kClient).is_writable(CallId{9}));
  BOOST_TEST(pair.rpc(kClient).outgoing() == 1);
}

BOOST_AUTO_TEST_CASE(CallsOfManyMachinesInOneProcessHaveDisjointNumbers) {
  Outbox out;
  rpc::Rpc first({}, {}, Rng(1),
                 {.first_link = 2, .link_step = 4, .first_call = CallId{2}, .call_step = 4});
  rpc::Rpc second({}, {}, Rng(1),
                  {.first_link = 4, .link_step = 4, .first_call = CallId{4}, .call_step = 4});
  first.start(Instant{}, unary(1, {}), out);
  second.start(Instant{}, unary(3, {}), out);
  std::vector<std::uint64_t> dialled;
  while (const auto output = out.poll()) {
    dialled.push_back(std::get<Connect>(std::get<Order>(*output)).link.value);
  }
  BOOST_TEST(dialled == (std::vector<std::uint64_t>{2, 4}), boost::test_tools::per_element());
  BOOST_TEST(first.has_link(LinkId{2}));
  BOOST_TEST(!first.has_link(LinkId{4}));
}

BOOST_AUTO_TEST_SUITE_END()
