// Answers calls together: the model takes as long for sixteen texts as for one.
#include <rpcnet/io/rpcnet.h>

#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <cstdio>

#include "inference.rpcnet.h"

using namespace std::chrono_literals;
using inference::Question;
using inference::Score;
using rpcnet::Result;

using Scores = std::vector<Result<Score>>;

class Model final : public inference::ModelService {
 public:
  asio::awaitable<Result<Score>> Infer(rpcnet::ServerCall& call, Question request) override {
    return batch_.submit(call, std::move(request));
  }

 private:
  asio::awaitable<Scores> run(std::vector<Question> questions) {
    asio::steady_timer accelerator(co_await asio::this_coro::executor, 20ms);
    co_await accelerator.async_wait(asio::use_awaitable);
    Scores scores;
    ++batches_;
    for (const Question& question : questions) {
      if (question.text().empty()) {
        scores.push_back(rpcnet::error(rpcnet::StatusCode::invalid_argument, "no text"));
        continue;
      }
      Score score;
      score.set_letters(static_cast<std::uint32_t>(question.text().size()));
      score.set_batch(batches_);
      score.set_batch_size(static_cast<std::uint32_t>(questions.size()));
      scores.push_back(std::move(score));
    }
    co_return scores;
  }

  std::uint64_t batches_ = 0;
  rpcnet::Batch<Question, Score> batch_{
      rpcnet::BatchConfig{.batch_max = 16, .wait_max = 5ms},
      [this](std::vector<Question> questions) { return run(std::move(questions)); }};
};

int main() { return rpcnet::run({.bind = "127.0.0.1:7004"}, std::make_shared<Model>()); }
