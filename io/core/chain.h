// Chain: interceptors around one call, and what they surround.
#pragma once

#include <asio/awaitable.hpp>
#include <cstddef>

#include "engine/status.h"

namespace rpcnet::core {

class Chain {
 public:
  Chain() = default;
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;

  // The interceptor of that place with all that is further in.
  asio::awaitable<Status> run(std::size_t index);

 protected:
  ~Chain() = default;
  virtual std::size_t interceptors() const = 0;
  virtual asio::awaitable<Status> intercept(std::size_t index) = 0;
  virtual asio::awaitable<Status> last() = 0;

 private:
  std::size_t entered_ = 0;  // places that were reached: each is once
};

}  // namespace rpcnet::core
