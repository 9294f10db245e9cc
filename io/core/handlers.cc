// Running a handler: its message, its exceptions, its end.
#include <exception>

#include "io/core/chain.h"
#include "io/core/core.h"

namespace rpcnet::core {
namespace {

// What the exception says is for our own log only: it may hold what the caller must not see.
Status failed(const IncomingCall& call, const char* what) {
  if (call.core != nullptr) call.core->on_failure(call.arrived.method, what);
  return error(StatusCode::internal, "the handler of " + call.arrived.method + " failed");
}

// The interceptors and, innermost, the handler.
class HandlerChain final : public Chain {
 public:
  HandlerChain(ServerCall& face, const Handler& handler, const Surroundings& around)
      : face_(face), handler_(handler), around_(around) {}

  std::optional<Bytes> message;  // the answer of a unary method

 private:
  std::size_t interceptors() const override { return around_.interceptors.size(); }

  asio::awaitable<Status> intercept(std::size_t index) override {
    return around_.interceptors[index](face_, Next(*this, index + 1));
  }

  asio::awaitable<Status> last() override {
    const auto* unary = std::get_if<UnaryHandler>(&handler_);
    return unary == nullptr ? std::get<StreamHandler>(handler_)(face_) : one_answer(*unary);
  }

  asio::awaitable<Status> one_answer(const UnaryHandler& unary) {
    // It is here already, as a rule: then there is nothing to wait for.
    std::optional<Bytes> request = face_.try_read();
    if (!request) request = co_await face_.read();
    if (!request) {
      if (const auto& fault = face_.state()->fault) co_return *fault;
      co_return error(StatusCode::invalid_argument,
                      face_.method() + " takes one message and none came");
    }
    auto running = unary(face_, std::move(*request));
    Result<Bytes> result = co_await std::move(running);
    Status status = result.status();
    if (result.ok()) message = std::move(*result);
    co_return status;
  }

  ServerCall& face_;
  const Handler& handler_;
  const Surroundings& around_;
};

}  // namespace

const Authorizer* Surroundings::authorizer(const std::string& method) const {
  const Authorizer* best = nullptr;
  std::size_t best_size = 0;
  for (const auto& [pattern, candidate] : authorizers) {
    const bool open = pattern.ends_with('*');
    const std::string_view fixed = std::string_view(pattern).substr(0, pattern.size() - open);
    if (open ? !method.starts_with(fixed) : method != fixed) continue;
    if (best != nullptr && pattern.size() < best_size) continue;
    best = &candidate;
    best_size = pattern.size();
  }
  return best;
}

asio::awaitable<void> run_handler(const std::shared_ptr<IncomingCall>& call) {
  const Handler& handler = call->served->handler;
  const Surroundings& around = *call->around;
  ServerCall face(call);
  Status status;
  std::optional<Bytes> message;
  try {
    if (const Authorizer* allows = around.authorizer(face.method())) status = (*allows)(face);
    const auto* unary = std::get_if<UnaryHandler>(&handler);
    if (!status.ok()) {
      if (call->core != nullptr) call->core->on_denied();
    } else if (unary != nullptr && around.interceptors.empty() && !call->inbox.empty() &&
               call->unpack_max == 0) {
      // By far the most calls: nothing around the handler, and its message is here as it is.
      auto running = (*unary)(face, call->inbox.take());
      Result<Bytes> result = co_await std::move(running);
      if (result.ok()) {
        message = std::move(*result);
      } else {
        status = result.status();
      }
    } else {
      HandlerChain chain(face, handler, around);
      auto running = chain.run(0);
      status = co_await std::move(running);
      if (status.ok()) message = std::move(chain.message);
    }
  } catch (const std::exception& thrown) {
    status = failed(*call, thrown.what());
  } catch (...) {
    status = failed(*call, "an exception that is no std::exception");
  }
  if (call->core != nullptr) call->core->finish(*call, std::move(status), std::move(message));
}

}  // namespace rpcnet::core
