// Unary calls answered together: sizes, waits, limits, callers who give up, handlers that fail.
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <boost/test/unit_test.hpp>

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "io/rpcnet.h"
#include "tests/io/kinds.rpcnet.h"
#include "tests/io/support/rig.h"

using namespace rpcnet;
using namespace rpcnet::test;

namespace {

using Results = std::vector<Result<Bytes>>;

struct Model {
  std::vector<std::size_t> batches;  // their sizes
  int cancelled = 0;
  Duration span = 0ms;
  asio::io_context context;
  Host server = start(context);
  Host client = start(context);

  explicit Model(const BatchConfig& config) {
    server.register_batched(
        "Model.infer",
        [this](std::vector<Bytes> requests) -> asio::awaitable<Results> {
          batches.push_back(requests.size());
          struct Watch {
            Model& model;
            bool over = false;
            ~Watch() { model.cancelled += over ? 0 : 1; }
          } watch{*this};
          if (span > 0ms) co_await pause(span);
          watch.over = true;
          Results results;
          for (Bytes& request : requests) {
            const std::string text(request.begin(), request.end());
            if (text == "throw") throw std::runtime_error("no such model");
            if (text == "none") continue;
            if (text == "bad") {
              results.emplace_back(error(StatusCode::invalid_argument, "a bad item"));
            } else {
              results.emplace_back(std::move(request));
            }
          }
          co_return results;
        },
        config);
  }

  // So many calls at once; what became of them, in their order.
  asio::awaitable<Results> ask(std::vector<std::string> texts, CallOptions options = {}) {
    const auto results = std::make_shared<Results>(texts.size());
    const auto left = std::make_shared<std::size_t>(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      client.call(peer_of(server), "Model.infer", to_bytes(texts[i]), options,
                  [results, left, i](Result<Bytes> result) {
                    (*results)[i] = std::move(result);
                    --*left;
                  });
    }
    const std::function<bool()> all = [left] { return *left == 0; };
    co_await eventually(all);
    co_return std::move(*results);
  }
};

using Texts = std::vector<std::string>;

std::vector<std::string> numbers(std::size_t count) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) texts.push_back(std::to_string(i));
  return texts;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(Batches)

BOOST_AUTO_TEST_CASE(AreFullOrHaveWaited) {
  Model model({.batch_max = 8, .wait_max = 30ms});
  model.span = 5ms;
  run(model.context, [&]() -> asio::awaitable<void> {
    const Results results = co_await model.ask(numbers(20));
    for (std::size_t i = 0; i < results.size(); ++i) {
      BOOST_REQUIRE_MESSAGE(results[i].ok(), to_text(results[i].status()));
      const std::string text(results[i]->begin(), results[i]->end());
      BOOST_TEST(text == std::to_string(i));
    }
  });
  BOOST_TEST(model.batches == (std::vector<std::size_t>{8, 8, 4}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(EachCallHasItsOwnStatus) {
  Model model({.batch_max = 3, .wait_max = 1s});
  run(model.context, [&]() -> asio::awaitable<void> {
    const Texts texts{"a", "bad", "c"};
    const Results results = co_await model.ask(texts);
    BOOST_TEST(results[0].ok());
    BOOST_CHECK(results[1].code() == StatusCode::invalid_argument);
    BOOST_TEST(results[2].ok());
  });
}

BOOST_AUTO_TEST_CASE(AWrongCountAndAnExceptionEndAllAsInternal) {
  Model model({.batch_max = 2, .wait_max = 1s});
  run(model.context, [&]() -> asio::awaitable<void> {
    for (const char* text : {"none", "throw"}) {
      const Texts texts{"a", text};
      const Results results = co_await model.ask(texts);
      for (const Result<Bytes>& result : results) {
        BOOST_CHECK(result.code() == StatusCode::internal);
        BOOST_TEST(result.status().message.find("no such model") == std::string::npos);
      }
    }
    // The next batch is not the worse for it.
    const Results after = co_await model.ask(numbers(2));
    BOOST_TEST(after[0].ok());
  });
}

// Goal: with one batch running and the queue full, the next call is told when to come again.
BOOST_AUTO_TEST_CASE(AFullQueueTurnsCallsAwayAndSaysForHowLong) {
  Model model({.batch_max = 2, .wait_max = 0ms, .queue_max = 2});
  model.span = 200ms;
  run(model.context, [&]() -> asio::awaitable<void> {
    const Results results = co_await model.ask(numbers(7));
    std::size_t served = 0;
    for (const Result<Bytes>& result : results) {
      served += result.ok() ? 1 : 0;
      if (!result.ok()) BOOST_CHECK(result.code() == StatusCode::resource_exhausted);
    }
    BOOST_TEST(served < 7U);
    BOOST_TEST(served >= 3U);
    ResponseMetadata response;
    asio::co_spawn(
        model.context, [&]() -> asio::awaitable<void> { (void)co_await model.ask(numbers(4)); },
        asio::detached);
    co_await pause(50ms);
    const auto late = co_await model.client.call(peer_of(model.server), "Model.infer", {},
                                                 {.response = &response});
    BOOST_CHECK(late.code() == StatusCode::resource_exhausted);
    std::map<std::string, std::string> trailers(response.trailers.begin(), response.trailers.end());
    BOOST_REQUIRE(trailers.contains("rpcnet-retry-after-ms"));
    BOOST_TEST(trailers.contains("rpcnet-not-started"));
    // About the length of a batch, as the first ones showed.
    BOOST_TEST(std::stoi(trailers["rpcnet-retry-after-ms"]) >= 100);
    co_await eventually([&] { return model.server.serving() == 0; });
  });
}

BOOST_AUTO_TEST_CASE(WhoGivesUpIsInNoBatch) {
  Model model({.batch_max = 4, .wait_max = 100ms});
  run(model.context, [&]() -> asio::awaitable<void> {
    // The first one's time is over before the batch begins.
    const Results gone = co_await model.ask(numbers(1), {.timeout = 20ms});
    BOOST_CHECK(gone[0].code() == StatusCode::deadline_exceeded);
    const Results results = co_await model.ask(numbers(2));
    BOOST_TEST(results[0].ok());
    BOOST_TEST(results[1].ok());
  });
  BOOST_TEST(model.batches == (std::vector<std::size_t>{2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(ABatchThatNobodyWaitsForIsCancelled) {
  Model model({.batch_max = 2, .wait_max = 1s});
  model.span = 10s;
  run(model.context, [&]() -> asio::awaitable<void> {
    const Results gone = co_await model.ask(numbers(2), {.timeout = 50ms});
    BOOST_CHECK(gone[0].code() == StatusCode::deadline_exceeded);
    BOOST_TEST(co_await eventually([&] { return model.cancelled == 1; }));
    model.span = 0ms;
    const Results results = co_await model.ask(numbers(2));
    BOOST_TEST(results[0].ok());
  });
}

// In messages, in a generated service.
BOOST_AUTO_TEST_CASE(OfMessagesAreAMemberOfAService) {
  struct Doubling final : KindsService {
    asio::awaitable<Result<Number>> Double(ServerCall& call, Number number) override {
      return batch.submit(call, std::move(number));
    }
    int batches = 0;
    Batch<Number, Number> batch{
        {.batch_max = 5, .wait_max = 1s},
        [this](std::vector<Number> numbers) -> asio::awaitable<std::vector<Result<Number>>> {
          ++batches;
          std::vector<Result<Number>> results;
          for (Number& number : numbers) {
            number.set_value(number.value() * 2);
            results.emplace_back(std::move(number));
          }
          co_return results;
        }};
  };
  asio::io_context context;
  Host server = start(context);
  Host client = start(context);
  const auto service = std::make_shared<Doubling>();
  server.serve(service);
  const KindsClient kinds(Channel(client, peer_of(server)));
  run(context, [&]() -> asio::awaitable<void> {
    int right = 0;
    for (int i = 0; i < 5; ++i) {
      Number number;
      number.set_value(i);
      kinds.Double(number, {}, [&right, i](const Result<Number>& twice) {
        right += twice.ok() && twice->value() == 2 * i ? 1 : 0;
      });
    }
    BOOST_TEST(co_await eventually([&] { return right == 5; }));
  });
  BOOST_TEST(service->batches == 1);
}

BOOST_AUTO_TEST_SUITE_END()
