// Unary calls that are answered together, as a model on an accelerator wants them.
//
//   host.register_batched("Model.infer",
//       [](std::vector<Bytes> requests) -> asio::awaitable<std::vector<Result<Bytes>>> { ... },
//       {.batch_max = 32, .wait_max = 5ms});
//
// In messages, inside a generated service:
//
//   asio::awaitable<Result<Answer>> Infer(ServerCall& call, Question question) override {
//     return batch_.submit(call, std::move(question));
//   }
//   Batch<Question, Answer> batch_{BatchConfig{}, [this](std::vector<Question> questions)
//       -> asio::awaitable<std::vector<Result<Answer>>> { ... }};
//
// The handler gives one result for each request, in their order. Each call keeps its own deadline,
// cancellation, interceptors and status: one that is given up while it waits is in no batch, and a
// batch whose calls are all given up is cancelled through Asio. A call that comes when the queue is
// full ends as resource_exhausted, safe elsewhere, with how long to stay away. A wrong number of
// results ends all calls of the batch as internal, and so does an exception.
#pragma once

#include <asio/awaitable.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/config.h"
#include "io/call.h"
#include "io/result.h"

namespace rpcnet {

template <typename Request, typename Reply>
using BatchHandler =
    std::function<asio::awaitable<std::vector<Result<Reply>>>(std::vector<Request>)>;

namespace core {

class BatchQueue;

// One call that waits for its batch, or is in one.
class BatchSlot {
 public:
  BatchSlot() = default;
  BatchSlot(const BatchSlot&) = delete;
  BatchSlot& operator=(const BatchSlot&) = delete;
  virtual ~BatchSlot() = default;
};

using BatchSlots = std::vector<std::shared_ptr<BatchSlot>>;

// Works on the slots; the Status tells what befell all of them.
using BatchWork = std::function<asio::awaitable<Status>(const BatchSlots&)>;

std::shared_ptr<BatchQueue> make_batch_queue(const BatchConfig& config, BatchWork work);

// Waits until the slot was worked on (ok), or tells why it was not.
asio::awaitable<Status> wait_for_batch(std::shared_ptr<BatchQueue> queue, ServerCall& call,
                                       std::shared_ptr<BatchSlot> slot);

Status wrong_count(std::size_t results, std::size_t requests);

}  // namespace core

// A queue and what works on it. Belongs to one Host; copies are the same queue.
template <typename Request, typename Reply>
class Batch {
 public:
  // Throws std::invalid_argument if the configuration is out of its bounds.
  Batch(const BatchConfig& config, BatchHandler<Request, Reply> handler)
      : queue_(core::make_batch_queue(
            config, [handler = std::move(handler)](const core::BatchSlots& slots) {
              return work(handler, slots);
            })) {}

  // What a unary handler returns. The call must be the handler's own.
  asio::awaitable<Result<Reply>> submit(ServerCall& call, Request request) const {
    return wait(queue_, call, std::make_shared<Slot>(std::move(request)));
  }

 private:
  struct Slot final : core::BatchSlot {
    explicit Slot(Request request_in) : request(std::move(request_in)) {}
    Request request;
    Result<Reply> reply;
  };

  static asio::awaitable<Result<Reply>> wait(std::shared_ptr<core::BatchQueue> queue,
                                             ServerCall& call, std::shared_ptr<Slot> slot) {
    auto waiting = core::wait_for_batch(std::move(queue), call, slot);
    Status status = co_await std::move(waiting);
    if (!status.ok()) co_return status;
    co_return std::move(slot->reply);
  }

  // `handler` lives in the queue, which outlives its batches.
  static asio::awaitable<Status> work(const BatchHandler<Request, Reply>& handler,
                                      const core::BatchSlots& slots) {
    std::vector<Request> requests;
    requests.reserve(slots.size());
    for (const auto& slot : slots) {
      requests.push_back(std::move(static_cast<Slot&>(*slot).request));
    }
    auto running = handler(std::move(requests));
    std::vector<Result<Reply>> replies = co_await std::move(running);
    if (replies.size() != slots.size()) {
      co_return core::wrong_count(replies.size(), slots.size());
    }
    for (std::size_t i = 0; i < slots.size(); ++i) {
      static_cast<Slot&>(*slots[i]).reply = std::move(replies[i]);
    }
    co_return Status{};
  }

  std::shared_ptr<core::BatchQueue> queue_;
};

}  // namespace rpcnet
