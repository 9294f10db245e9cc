#include "bins/client/watchdog.h"

#include <utility>

namespace rpcnet::bins {

Watchdog::Watchdog(const asio::any_io_executor& executor, std::shared_ptr<ClientStream> call)
    : timer_(executor), call_(std::move(call)), bitten_(std::make_shared<bool>(false)) {}

void Watchdog::allow(Duration span) {
  timer_.expires_after(span);
  // The timer may be gone when a wait that has just expired is told of: it names nothing of ours.
  timer_.async_wait([call = call_, bitten = bitten_](const asio::error_code& stopped) {
    const auto held = call.lock();
    if (stopped || !held) return;
    *bitten = true;
    held->cancel();
  });
}

}  // namespace rpcnet::bins
