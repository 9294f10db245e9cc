// Cancels a call that does not get on.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>
#include <memory>

#include "engine/instant.h"
#include "io/typed.h"

namespace rpcnet::bins {

class Watchdog {
 public:
  Watchdog(const asio::any_io_executor& executor, std::shared_ptr<ClientStream> call);

  // From now on the call has so long until the next allow().
  void allow(Duration span);
  bool has_bitten() const { return *bitten_; }

 private:
  asio::steady_timer timer_;
  std::weak_ptr<ClientStream> call_;
  std::shared_ptr<bool> bitten_;
};

}  // namespace rpcnet::bins
