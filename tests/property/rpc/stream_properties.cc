// One machine against arbitrary bytes: whatever a peer sends, the machine stays in order.
#include <rapidcheck.h>

#include <boost/test/unit_test.hpp>

#include "engine/rpc/rpc.h"
#include "tests/property/rpc/generators.h"
#include "tests/support/rpc_calls.h"

using namespace rpcnet;
using namespace rpcnet::test;

namespace {

constexpr LinkId kDialled{2};
constexpr LinkId kAccepted{1};

struct Piece {
  Bytes bytes;
  bool fin = false;
};

// A stream cut into pieces; the last may carry a fin.
std::vector<Piece> cut(const Bytes& stream, const std::vector<std::size_t>& sizes, bool fin) {
  std::vector<Piece> pieces;
  std::size_t at = 0;
  for (const std::size_t wanted : sizes) {
    const std::size_t size = std::min(wanted, stream.size() - at);
    const auto from = stream.begin() + static_cast<std::ptrdiff_t>(at);
    pieces.push_back({Bytes(from, from + static_cast<std::ptrdiff_t>(size)), false});
    at += size;
  }
  pieces.push_back({Bytes(stream.begin() + static_cast<std::ptrdiff_t>(at), stream.end()), fin});
  return pieces;
}

struct Heard {
  std::vector<Event> events;
  std::uint64_t received = 0;
  std::uint64_t credited = 0;
  bool stopped = false;
  bool answered = false;
};

void collect(Outbox& out, Heard& heard) {
  while (auto output = out.poll()) {
    if (auto* event = std::get_if<Event>(&*output)) {
      heard.events.push_back(std::move(*event));
      continue;
    }
    const auto& order = std::get<Order>(*output);
    if (const auto* consume = std::get_if<ConsumeStream>(&order)) {
      heard.credited += consume->bytes;
      RC_ASSERT(heard.credited <= heard.received);
    }
    heard.stopped |= std::holds_alternative<StopStream>(order);
    const auto* write = std::get_if<WriteStream>(&order);
    heard.answered |= write != nullptr && write->fin;
  }
}

// What an open call hears of a response stream.
Heard respond(const std::vector<Piece>& pieces) {
  rpc::Rpc rpc({.message_max = 300, .metadata_max = 100}, {}, Rng(1));
  Outbox out;
  Heard heard;
  rpc.start(Instant{}, unary(1, {}), out);
  rpc.on_link_up(Instant{}, {.link = kDialled, .remote = {}, .identity = {}, .streams_allowed = 9},
                 out);
  for (const Piece& piece : pieces) {
    collect(out, heard);
    if (heard.stopped) break;  // the transport tells nothing more
    heard.received += piece.bytes.size();
    rpc.on_stream_data(Instant{}, {kDialled, StreamId{0}, piece.bytes, piece.fin}, out);
  }
  collect(out, heard);
  const auto ends = all<CallFinished>(heard.events);
  RC_ASSERT(ends.size() <= 1U);
  RC_ASSERT(rpc.outgoing() == 1 - ends.size());
  if (!ends.empty()) RC_ASSERT(std::holds_alternative<CallFinished>(heard.events.back()));
  return heard;
}

// What a serving machine hears of a request stream.
Heard request(const std::vector<Piece>& pieces) {
  rpc::Rpc rpc({.message_max = 300, .metadata_max = 100}, {}, Rng(1));
  Outbox out;
  Heard heard;
  rpc.on_link_up(Instant{}, {.link = kAccepted, .remote = {}, .identity = {}, .streams_allowed = 9},
                 out);
  for (const Piece& piece : pieces) {
    collect(out, heard);
    if (heard.stopped) break;
    heard.received += piece.bytes.size();
    rpc.on_stream_data(Instant{}, {kAccepted, StreamId{0}, piece.bytes, piece.fin}, out);
  }
  collect(out, heard);
  const auto arrived = all<CallArrived>(heard.events).size();
  const auto aborted = all<CallAborted>(heard.events).size();
  RC_ASSERT(arrived <= 1U);
  RC_ASSERT(aborted <= arrived);
  RC_ASSERT(rpc.serving() == arrived - aborted);
  if (arrived == 1) RC_ASSERT(std::holds_alternative<CallArrived>(heard.events.front()));
  if (arrived == 0) RC_ASSERT(heard.events.empty());
  if (aborted == 1) RC_ASSERT(std::holds_alternative<CallAborted>(heard.events.back()));
  return heard;
}

// A text that tells events apart, for comparing what was heard.
std::string describe(const std::vector<Event>& events) {
  std::string text;
  for (const Event& event : events) {
    text += std::to_string(event.index()) + ":";
    if (const auto* message = std::get_if<MessageArrived>(&event)) {
      text += as_text(message->message);
    } else if (const auto* arrived = std::get_if<CallArrived>(&event)) {
      text += arrived->method;
    } else if (const auto* finished = std::get_if<CallFinished>(&event)) {
      text += to_text(finished->status.code) + finished->status.message;
    } else if (const auto* aborted = std::get_if<CallAborted>(&event)) {
      text += to_text(aborted->status.code) + aborted->status.message;
    }
    text += "\n";
  }
  return text;
}

rc::Gen<std::vector<std::size_t>> sizes_gen() {
  return rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange(0, 40));
}

// A request or a response as a well-behaved peer sends it.
Bytes well_formed(bool request) {
  Bytes stream;
  if (request) rpc::append_request_header(stream, std::nullopt, "m", {{"k", "v"}});
  if (!request && *rc::gen::arbitrary<bool>()) rpc::append_response_header(stream, {{"k", "v"}});
  const int messages = *rc::gen::inRange(0, 5);
  for (int i = 0; i < messages; ++i) {
    const Bytes message = *rc::gen::arbitrary<Bytes>();
    rpc::append_message_head(stream, message.size());
    stream.insert(stream.end(), message.begin(), message.end());
  }
  if (!request) rpc::append_trailer(stream, *status_gen(), {});
  return stream;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rpc_stream_properties)

BOOST_AUTO_TEST_CASE(ArbitraryResponsesEndTheCallAtMostOnce) {
  BOOST_TEST(rc::check([](const Bytes& stream, bool fin) {
    const Heard heard = respond(cut(stream, *sizes_gen(), fin));
    // The end of the stream is the end of the call, with a trailer or without.
    if (fin) RC_ASSERT(all<CallFinished>(heard.events).size() == 1U);
  }));
}

BOOST_AUTO_TEST_CASE(DamagedResponsesEndTheCallAtMostOnce) {
  BOOST_TEST(rc::check([](bool fin) {
    const Heard heard = respond(cut(*stream_gen(), *sizes_gen(), fin));
    if (fin) RC_ASSERT(all<CallFinished>(heard.events).size() == 1U);
  }));
}

BOOST_AUTO_TEST_CASE(ArbitraryRequestsLeaveNoCallBehind) {
  BOOST_TEST(
      rc::check([](const Bytes& stream, bool fin) { request(cut(stream, *sizes_gen(), fin)); }));
}

BOOST_AUTO_TEST_CASE(DamagedRequestsLeaveNoCallBehind) {
  BOOST_TEST(rc::check([](bool fin) { request(cut(*stream_gen(), *sizes_gen(), fin)); }));
}

BOOST_AUTO_TEST_CASE(AResponseInAnyPiecesIsHeardTheSame) {
  BOOST_TEST(rc::check([] {
    const Bytes stream = well_formed(false);
    RC_ASSERT(describe(respond(cut(stream, *sizes_gen(), true)).events) ==
              describe(respond(cut(stream, {}, true)).events));
  }));
}

BOOST_AUTO_TEST_CASE(ARequestInAnyPiecesIsHeardTheSame) {
  BOOST_TEST(rc::check([] {
    const Bytes stream = well_formed(true);
    RC_ASSERT(describe(request(cut(stream, *sizes_gen(), true)).events) ==
              describe(request(cut(stream, {}, true)).events));
  }));
}

BOOST_AUTO_TEST_SUITE_END()
