// Compressed messages: agreed, smaller on the way, the same at the end, and no bombs.
#include "io/core/compression.h"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

#include "tests/io/support/rig.h"

namespace rpcnet::test {
namespace {

using core::pack;
using core::pack_if_smaller;
using core::unpack;

// Text of a few words, which deflate makes a tenth of.
Bytes wordy(std::size_t size) {
  Bytes bytes;
  const Bytes salt = pattern(size / 8 + 1);
  while (bytes.size() < size) {
    const std::string word = "word-" + std::to_string(salt[bytes.size() / 8] % 8) + " ";
    bytes.insert(bytes.end(), word.begin(), word.end());
  }
  bytes.resize(size);
  return bytes;
}

Bytes zeros(std::size_t size) { return Bytes(size); }

struct Pair {
  asio::io_context context;
  Host server;
  Host client;

  Pair(std::size_t server_min, std::size_t client_min)
      : server(start(context, compressing("server", server_min))),
        client(start(context, compressing("client", client_min))) {
    server.serve("Echo.echo", echo);
    server.serve_stream("Echo.mirror", [](ServerCall& call) -> asio::awaitable<Status> {
      while (true) {
        std::optional<Bytes> message = co_await call.read();
        if (!message) co_return Status{};
        co_await call.write(std::move(*message));
      }
    });
  }

  static HostOptions compressing(std::string node, std::size_t min_bytes) {
    HostOptions options = test::options(std::move(node));
    options.compression.min_bytes = min_bytes;
    options.rpc.message_max = std::size_t{1} << 20;
    return options;
  }

  std::uint64_t sent() { return client.counters().quic.bytes_out; }
  std::uint64_t answered() { return server.counters().quic.bytes_out; }
};

BOOST_AUTO_TEST_SUITE(Compression)

BOOST_AUTO_TEST_CASE(WhatIsPackedIsUnpackedAsItWas) {
  for (const std::size_t size : {0U, 1U, 2U, 3U, 100U, 5'000U, 300'000U}) {
    for (const Bytes& message : {wordy(size), zeros(size), pattern(size)}) {
      const Bytes packed = pack(message, 0);
      BOOST_CHECK_LE(packed.size(), size + 1);
      const auto same = unpack(packed, std::max<std::size_t>(size, 1), "it", StatusCode::internal);
      BOOST_REQUIRE_MESSAGE(same.ok(), to_text(same.status()));
      BOOST_CHECK(*same == message);
      BOOST_CHECK(pack(message, size + 1).size() == size + 1);
    }
  }
  BOOST_CHECK_LT(pack(wordy(100'000), 0).size(), 20'000U);
  BOOST_CHECK(!pack_if_smaller(pattern(1'000)).has_value());
}

BOOST_AUTO_TEST_CASE(ABombIsRefusedAtTheLimit) {
  const Bytes bomb = pack(zeros(10'000'000), 0);
  BOOST_CHECK_LT(bomb.size(), 50'000U);
  BOOST_CHECK(unpack(bomb, 10'000'000, "it", StatusCode::internal).ok());
  const Bytes plain = pack(pattern(10'000), 10'001);
  for (const std::size_t max : {1U, 1'000U, 9'999U, 9'999'999U}) {
    const auto refused = unpack(max < 10'000 ? plain : bomb, max, "it", StatusCode::internal);
    BOOST_CHECK(refused.code() == StatusCode::resource_exhausted);
    BOOST_CHECK_MESSAGE(
        refused.status().message.find("message_max of " + std::to_string(max)) != std::string::npos,
        to_text(refused.status()));
  }
}

BOOST_AUTO_TEST_CASE(WhatIsNoDeflateIsMalformed) {
  const Bytes good = pack(wordy(2'000), 0);
  const auto malformed = [](Bytes bytes) {
    return unpack(std::move(bytes), 1'000'000, "it", StatusCode::invalid_argument).code() ==
           StatusCode::invalid_argument;
  };
  BOOST_CHECK(malformed({}));
  BOOST_CHECK(malformed({2}));
  BOOST_CHECK(malformed({1}));
  for (std::size_t size = 1; size < good.size(); ++size) {
    BOOST_CHECK(malformed(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size))));
  }
  Bytes more = good;
  more.push_back(0);
  BOOST_CHECK(malformed(more));
}

BOOST_AUTO_TEST_CASE(AListOfEncodingsIsUnderstood) {
  for (const char* list : {"deflate", "br, deflate", "deflate,br", "br , deflate , zstd"}) {
    BOOST_CHECK_MESSAGE(core::accepts_deflate(list), list);
  }
  for (const char* list : {"", ",", "br", "deflated", "br,,zstd"}) {
    BOOST_CHECK_MESSAGE(!core::accepts_deflate(list), list);
  }
}

// By who has it on: what travels is small where the sender compresses and the reader may expect it.
BOOST_AUTO_TEST_CASE(IsAgreedByCallAndDirection) {
  const Bytes message = wordy(200'000);
  for (const bool server_on : {false, true}) {
    for (const bool client_on : {false, true}) {
      Pair pair(server_on ? 500 : 0, client_on ? 500 : 0);
      run(pair.context, [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 3; ++i) {
          const auto answer = co_await pair.client.call(peer_of(pair.server), "Echo.echo", message);
          BOOST_REQUIRE_MESSAGE(answer.ok(), to_text(answer.status()));
          BOOST_CHECK(*answer == message);
        }
      });
      BOOST_CHECK_EQUAL(pair.sent() < 200'000U, client_on);
      BOOST_CHECK_EQUAL(pair.answered() < 200'000U, client_on && server_on);
    }
  }
}

BOOST_AUTO_TEST_CASE(StreamsAndSmallMessagesToo) {
  Pair pair(500, 500);
  run(pair.context, [&]() -> asio::awaitable<void> {
    const std::vector<Bytes> messages{wordy(100'000),    {},         pattern(3'000),
                                      to_bytes("short"), wordy(500), zeros(std::size_t{1} << 19)};
    ClientCall call = pair.client.open(peer_of(pair.server), "Echo.mirror");
    for (const Bytes& message : messages) {
      const bool written = co_await call.write(message);
      BOOST_CHECK(written);
      const std::optional<Bytes> back = co_await call.read();
      BOOST_REQUIRE(back.has_value());
      BOOST_CHECK(*back == message);
    }
    const Status end = co_await call.finish();
    BOOST_CHECK_MESSAGE(end.ok(), to_text(end));
    for (const Bytes& message : messages) {
      const auto answer = co_await pair.client.call(peer_of(pair.server), "Echo.echo", message);
      BOOST_REQUIRE_MESSAGE(answer.ok(), to_text(answer.status()));
      BOOST_CHECK(*answer == message);
    }
  });
}

BOOST_AUTO_TEST_CASE(HeadersOfTheHandlerKeepTheirPlace) {
  Pair pair(500, 500);
  pair.server.serve("Echo.headed",
                    [](ServerCall& call, Bytes request) -> asio::awaitable<Result<Bytes>> {
                      const bool sent = call.send_headers({{"colour", "green"}});
                      BOOST_CHECK(sent);
                      co_return request;
                    });
  run(pair.context, [&]() -> asio::awaitable<void> {
    for (const Bytes& message : {wordy(5'000), to_bytes("short")}) {
      ResponseMetadata response;
      CallOptions options;
      options.response = &response;
      const auto answer =
          co_await pair.client.call(peer_of(pair.server), "Echo.headed", message, options);
      BOOST_REQUIRE_MESSAGE(answer.ok(), to_text(answer.status()));
      BOOST_CHECK(*answer == message);
      BOOST_CHECK(response.headers.front() ==
                  std::pair(std::string("colour"), std::string("green")));
    }
  });
}

// A peer that says what it likes: by hand, from a client that compresses nothing itself.
BOOST_AUTO_TEST_CASE(ARequestThatLiesIsRefusedInWords) {
  Pair pair(0, 0);
  const auto ask = [&](std::string encoding, Bytes message) -> asio::awaitable<Status> {
    const Metadata metadata{{"rpcnet-encoding", std::move(encoding)}};
    CallOptions options;
    options.metadata = metadata;
    const auto answer =
        co_await pair.client.call(peer_of(pair.server), "Echo.echo", std::move(message), options);
    co_return answer.status();
  };
  run(pair.context, [&]() -> asio::awaitable<void> {
    Bytes bomb = pack(zeros((std::size_t{1} << 20) + 1), 0);
    Status status = co_await ask("deflate", std::move(bomb));
    BOOST_CHECK(status.code == StatusCode::resource_exhausted);
    BOOST_CHECK_MESSAGE(status.message.find("message_max of 1048576") != std::string::npos,
                        to_text(status));
    Bytes garbage = to_bytes("\1 garbage");
    status = co_await ask("deflate", std::move(garbage));
    BOOST_CHECK_MESSAGE(status.code == StatusCode::invalid_argument, to_text(status));
    Bytes words = to_bytes("words");
    status = co_await ask("br", std::move(words));
    BOOST_CHECK_MESSAGE(status.code == StatusCode::unimplemented, to_text(status));
    Bytes whole = pack(zeros(std::size_t{1} << 20), 0);
    status = co_await ask("deflate", std::move(whole));
    BOOST_CHECK_MESSAGE(status.ok(), to_text(status));
  });
}

BOOST_AUTO_TEST_CASE(AnAnswerThatLiesEndsTheCall) {
  Pair pair(0, 500);
  Bytes answer;
  std::string encoding = "deflate";
  const auto lie = [&](ServerCall& call, Bytes) -> asio::awaitable<Result<Bytes>> {
    call.send_headers({{"rpcnet-encoding", encoding}});
    co_return answer;
  };
  pair.server.serve("Echo.lie", lie);
  const auto ask = [&]() -> asio::awaitable<Status> {
    const auto got = co_await pair.client.call(peer_of(pair.server), "Echo.lie", {});
    co_return got.status();
  };
  run(pair.context, [&]() -> asio::awaitable<void> {
    answer = pack(zeros(2'000'000), 0);
    Status status = co_await ask();
    BOOST_CHECK_MESSAGE(status.code == StatusCode::resource_exhausted, to_text(status));
    answer = {7};
    status = co_await ask();
    BOOST_CHECK_MESSAGE(status.code == StatusCode::internal, to_text(status));
    // The same of a stream, whose end has come before the message is read.
    ClientCall call = pair.client.open(peer_of(pair.server), "Echo.lie");
    co_await call.write(Bytes());
    call.half_close();
    const bool over = co_await eventually([&] { return call.ended().has_value(); });
    BOOST_CHECK(over);
    const std::optional<Bytes> message = co_await call.read();
    BOOST_CHECK(!message);
    status = co_await call.finish();
    BOOST_CHECK_MESSAGE(status.code == StatusCode::internal, to_text(status));
    encoding = "br";
    status = co_await ask();
    BOOST_CHECK_MESSAGE(status.code == StatusCode::internal, to_text(status));
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rpcnet::test
