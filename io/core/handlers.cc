// Running a handler: its message, its exceptions, its end.
#include <exception>

#include "io/core/core.h"

namespace rpcnet::core {
namespace {

// What the exception says is for our own log only: it may hold what the caller must not see.
Status failed(const IncomingCall& call, const char* what) {
  if (call.core != nullptr) call.core->on_failure(call.arrived.method, what);
  return error(StatusCode::internal, "the handler of " + call.arrived.method + " failed");
}

asio::awaitable<Result<Bytes>> answer(ServerCall& face, const UnaryHandler& handler) {
  std::optional<Bytes> request = co_await face.read();
  if (!request) {
    co_return error(StatusCode::invalid_argument,
                    face.method() + " takes one message and none came");
  }
  auto running = handler(face, std::move(*request));
  Result<Bytes> result = co_await std::move(running);
  co_return result;
}

}  // namespace

asio::awaitable<void> run_handler(std::shared_ptr<IncomingCall> call,
                                  std::shared_ptr<const Handler> handler) {
  ServerCall face(call);
  Status status;
  std::optional<Bytes> message;
  try {
    if (const auto* unary = std::get_if<UnaryHandler>(handler.get())) {
      auto running = answer(face, *unary);
      Result<Bytes> result = co_await std::move(running);
      status = result.status();
      if (result.ok()) message = std::move(*result);
    } else {
      auto running = std::get<StreamHandler>(*handler)(face);
      status = co_await std::move(running);
    }
  } catch (const std::exception& thrown) {
    status = failed(*call, thrown.what());
  } catch (...) {
    status = failed(*call, "an exception that is no std::exception");
  }
  if (call->core != nullptr) call->core->finish(*call, std::move(status), std::move(message));
}

}  // namespace rpcnet::core
