// Generated clients and services, and calls in messages: all four kinds, typed errors, and bytes
// that are no message.
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/use_future.hpp>

#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "io/protobuf.h"
#include "tests/io/kinds.rpcnet.h"
#include "tests/io/support/rig.h"

namespace rpcnet::test {
namespace {

Number number(std::int64_t value) {
  Number message;
  message.set_value(value);
  return message;
}

class Calculator final : public KindsService {
 public:
  asio::awaitable<Result<Number>> Double(ServerCall&, Number request) override {
    co_return number(request.value() * 2);
  }

  asio::awaitable<Result<Number>> Divide(ServerCall&, Number request) override {
    Problem problem;
    problem.set_operation("divide");
    problem.set_operand(request.value());
    Text hint;
    hint.set_text("try another number");
    Status status = error(StatusCode::out_of_range, "cannot divide", problem);
    add_detail(status, hint);
    co_return status;
  }

  asio::awaitable<Status> CountTo(ServerCall&, Number request,
                                  ServerWriter<Number> replies) override {
    for (std::int64_t i = 1; i <= request.value(); ++i) {
      const bool written = co_await replies.write(number(i));
      if (!written) co_return error(StatusCode::cancelled, "the caller has gone");
    }
    co_return Status{};
  }

  asio::awaitable<Result<Number>> Sum(ServerCall& call, ServerReader<Number> requests) override {
    std::int64_t sum = 0;
    while (true) {
      const std::optional<Number> next = co_await requests.read();
      if (!next) break;
      sum += next->value();
    }
    call.trailers().emplace_back("sum", std::to_string(sum));
    co_return number(sum);
  }

  asio::awaitable<Status> Join(ServerCall&, ServerReader<Text> requests,
                               ServerWriter<Text> replies) override {
    Text all;
    while (true) {
      const std::optional<Text> next = co_await requests.read();
      if (!next) co_return Status{};
      all.set_text(all.text() + next->text());
      co_await replies.write(all);
    }
  }
};

struct Rig {
  asio::io_context context;
  Host server = start(context, options("server"));
  Host host = start(context, options("client"));
  KindsClient client{Channel(host, peer_of(server))};

  Rig() { server.serve(std::make_shared<Calculator>()); }
};

BOOST_AUTO_TEST_SUITE(Typed)

BOOST_AUTO_TEST_CASE(EveryKindOfCallCarriesMessages) {
  Rig rig;
  run(rig.context, [&]() -> asio::awaitable<void> {
    const Result<Number> twice = co_await rig.client.Double(number(21));
    BOOST_REQUIRE_MESSAGE(twice.ok(), to_text(twice.status()));
    BOOST_CHECK_EQUAL(twice->value(), 42);

    auto counting = rig.client.CountTo(number(5));
    std::int64_t seen = 0;
    while (true) {
      const std::optional<Number> next = co_await counting.read();
      if (!next) break;
      BOOST_CHECK_EQUAL(next->value(), ++seen);
    }
    BOOST_CHECK_EQUAL(seen, 5);
    Status end = co_await counting.finish();
    BOOST_CHECK_MESSAGE(end.ok(), to_text(end));

    auto summing = rig.client.Sum();
    for (int i = 1; i <= 10; ++i) {
      const bool written = co_await summing.write(number(i));
      BOOST_CHECK(written);
    }
    const Result<Number> sum = co_await summing.finish();
    BOOST_REQUIRE_MESSAGE(sum.ok(), to_text(sum.status()));
    BOOST_CHECK_EQUAL(sum->value(), 55);
    BOOST_CHECK((summing.trailers() == Metadata{{"sum", "55"}}));

    auto joining = rig.client.Join();
    Text letter;
    for (const char* text : {"a", "b", "c"}) {
      letter.set_text(text);
      co_await joining.write(letter);
    }
    joining.half_close();
    std::string last;
    while (true) {
      const std::optional<Text> next = co_await joining.read();
      if (!next) break;
      last = next->text();
    }
    BOOST_CHECK_EQUAL(last, "abc");
    end = co_await joining.finish();
    BOOST_CHECK(end.ok());
  });
}

BOOST_AUTO_TEST_CASE(TypedCallsTakeCompletionTokens) {
  Rig rig;
  std::optional<Result<Number>> twice;
  std::optional<Result<Number>> sum;
  auto summing = rig.client.Sum();
  rig.client.Double(number(4), {}, [&](Result<Number> got) { twice = std::move(got); });
  summing.write(number(7),
                [&](bool) { summing.finish([&](Result<Number> got) { sum = std::move(got); }); });
  run(rig.context, [&]() -> asio::awaitable<void> {
    const bool both = co_await eventually([&] { return twice && sum; });
    BOOST_REQUIRE(both);
  });
  BOOST_CHECK(twice->ok() && (*twice)->value() == 8);
  BOOST_CHECK(sum->ok() && (*sum)->value() == 7);
}

BOOST_AUTO_TEST_CASE(AnErrorKeepsItsTypedDetails) {
  Rig rig;
  run(rig.context, [&]() -> asio::awaitable<void> {
    const Result<Number> got = co_await rig.client.Divide(number(7));
    BOOST_CHECK(got.code() == StatusCode::out_of_range);
    const auto problem = detail<Problem>(got.status());
    BOOST_REQUIRE(problem.has_value());
    BOOST_CHECK_EQUAL(problem->operation(), "divide");
    BOOST_CHECK_EQUAL(problem->operand(), 7);
    const auto hint = detail<Text>(got.status());
    BOOST_REQUIRE(hint.has_value());
    BOOST_CHECK_EQUAL(hint->text(), "try another number");
    BOOST_CHECK(!detail<Number>(got.status()).has_value());
  });
}

BOOST_AUTO_TEST_CASE(DetailsThatAreNoneAreNoDetails) {
  Status status = error(StatusCode::internal, "words", number(3));
  BOOST_CHECK(detail<Number>(status).has_value());
  for (std::size_t size = 0; size < status.details.size(); ++size) {
    Status cut = status;
    cut.details.resize(size);
    BOOST_CHECK(!detail<Number>(cut).has_value());
  }
  status.details = pattern(200);
  BOOST_CHECK(!detail<Number>(status).has_value());
  BOOST_CHECK(!detail<Number>(Status{}).has_value());
}

BOOST_AUTO_TEST_CASE(AMethodThatNobodyWroteIsUnimplemented) {
  Rig rig;
  run(rig.context, [&]() -> asio::awaitable<void> {
    const Result<Number> got = co_await rig.client.Unwritten(number(1));
    BOOST_CHECK(got.code() == StatusCode::unimplemented);
    BOOST_CHECK(got.status().message.find("rpcnet.test.Kinds.Unwritten") != std::string::npos);
  });
}

BOOST_AUTO_TEST_CASE(BytesThatAreNoMessageEndTheCallWithWords) {
  Rig rig;
  const Bytes garbage{0x08};  // a field without its value
  rig.server.serve(
      "rpcnet.test.Kinds.Unwritten",
      [&](ServerCall&, Bytes) -> asio::awaitable<Result<Bytes>> { co_return garbage; });
  run(rig.context, [&]() -> asio::awaitable<void> {
    for (const char* method : {"Double", "CountTo", "Sum", "Join"}) {
      ClientCall call =
          rig.host.open(peer_of(rig.server), std::string("rpcnet.test.Kinds.") + method);
      co_await call.write(garbage);
      const Status end = co_await call.finish();
      BOOST_CHECK_MESSAGE(end.code == StatusCode::invalid_argument, method << to_text(end));
      BOOST_CHECK_MESSAGE(end.message.find("rpcnet.test.") != std::string::npos, to_text(end));
    }
    const Result<Number> got = co_await rig.client.Unwritten(number(1));
    BOOST_CHECK(got.code() == StatusCode::internal);
    BOOST_CHECK_MESSAGE(got.status().message.find("rpcnet.test.Number") != std::string::npos,
                        got.status().message);
  });
}

BOOST_AUTO_TEST_CASE(ASecondAnswerToAClientStreamIsAFault) {
  Rig rig;
  rig.server.serve_stream("rpcnet.test.Kinds.Sum", [](ServerCall& call) -> asio::awaitable<Status> {
    const Bytes answer = Codec<Number>::encode(number(1));
    for (int i = 0; i < 2; ++i) co_await call.write(answer);
    co_await pause(60s);  // until it is cancelled
    co_return Status{};
  });
  run(rig.context, [&]() -> asio::awaitable<void> {
    auto summing = rig.client.Sum();
    const Result<Number> sum = co_await summing.finish();
    BOOST_CHECK(sum.code() == StatusCode::internal);
    BOOST_CHECK_MESSAGE(sum.status().message.find("more than one answer") != std::string::npos,
                        to_text(sum.status()));
    const bool freed = co_await eventually([&] { return rig.server.serving() == 0; });
    BOOST_CHECK(freed);
  });
}

// What standard error gets while `body` runs.
std::string complaints(const std::function<void()>& body) {
  std::fflush(stderr);
  std::FILE* file = std::tmpfile();
  const int before = ::dup(STDERR_FILENO);
  BOOST_REQUIRE(file != nullptr && before >= 0);
  ::dup2(::fileno(file), STDERR_FILENO);
  body();
  std::fflush(stderr);
  ::dup2(before, STDERR_FILENO);
  ::close(before);
  std::string words(4096, '\0');
  std::rewind(file);
  words.resize(std::fread(words.data(), 1, words.size(), file));
  std::fclose(file);
  return words;
}

BOOST_AUTO_TEST_CASE(AStrangersBytesWriteNothingToStandardError) {
  const Bytes no_utf8{0x0a, 0x02, 0xff, 0xfe};  // field 1, two bytes
  const std::string words = complaints([&] { BOOST_CHECK(!Codec<Text>::decode(no_utf8)); });
  BOOST_CHECK_EQUAL(words, "");
}

BOOST_AUTO_TEST_CASE(AServiceLivesWhileACallRunsInIt) {
  Rig rig;
  bool gone = false;
  class Slow final : public KindsService {
   public:
    explicit Slow(bool& gone) : gone_(gone) {}
    ~Slow() override { gone_ = true; }
    asio::awaitable<Result<Number>> Double(ServerCall&, Number request) override {
      co_await pause(50ms);
      co_return number(gone_ ? 0 : request.value());
    }

   private:
    bool& gone_;
  };
  rig.server.serve(std::make_shared<Slow>(gone));
  run(rig.context, [&]() -> asio::awaitable<void> {
    std::optional<Result<Number>> got;
    rig.client.Double(number(9), {}, [&](Result<Number> reply) { got = std::move(reply); });
    co_await eventually([&] { return rig.server.serving() == 1; });
    rig.server.serve(std::make_shared<Calculator>());
    BOOST_CHECK(!gone);
    co_await eventually([&] { return got.has_value(); });
    BOOST_CHECK(got->ok() && (*got)->value() == 9);
    const bool freed = co_await eventually([&] { return gone; });
    BOOST_CHECK(freed);
  });
}

BOOST_AUTO_TEST_CASE(WhatAProtoSaysOfAMethodIsKnown) {
  static_assert(KindsMethods::Double.safe_to_retry());
  static_assert(!KindsMethods::Divide.safe_to_retry());
  static_assert(KindsMethods::CountTo.server_streaming && !KindsMethods::CountTo.client_streaming);
  BOOST_CHECK_EQUAL(KindsMethods::Sum.name, "rpcnet.test.Kinds.Sum");
  Calculator calculator;
  BOOST_CHECK_EQUAL(calculator.name(), "rpcnet.test.Kinds");
  BOOST_CHECK_EQUAL(calculator.methods().size(), 6u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rpcnet::test
