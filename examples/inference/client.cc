// Asks sixty-four times at once, one of them wrongly, and tells how the answers were made.
#include <rpcnet/io/rpcnet.h>

#include <cstdio>
#include <set>

#include "inference.rpcnet.h"

constexpr int kQuestions = 64;

class Asker {
 public:
  explicit Asker(rpcnet::Host& host)
      : host_(host), client_(rpcnet::Channel(host, "127.0.0.1:7004")) {}

  void ask() {
    for (int i = 0; i < kQuestions; ++i) {
      inference::Question question;
      question.set_text(std::string(static_cast<std::size_t>(i), 'x'));
      client_.Infer(question, {.wait_for_ready = true},
                    [this, i](const rpcnet::Result<inference::Score>& score) { take(i, score); });
    }
  }

 private:
  void take(int number, const rpcnet::Result<inference::Score>& score) {
    if (score.ok()) {
      right_ += score->letters() == static_cast<std::uint32_t>(number) ? 1 : 0;
      batches_.insert(score->batch());
    } else {
      std::printf("question %d: %s\n", number, to_text(score.status()).c_str());
    }
    if (++answered_ < kQuestions) return;
    std::printf("right: %d\nbatches: %zu\n", right_, batches_.size());
    host_.stop();
  }

  rpcnet::Host& host_;
  inference::ModelClient client_;
  int answered_ = 0;
  int right_ = 0;
  std::set<std::uint64_t> batches_;
};

int main() {
  asio::io_context context;
  auto host = rpcnet::Host::start(context, {.member = false, .accept = false});
  if (!host.ok()) return std::puts(to_text(host.status()).c_str()), 1;
  Asker asker(*host);
  asker.ask();
  context.run();
}
