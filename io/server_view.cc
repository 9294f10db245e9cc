// A thin face on Core.
#include "io/server_view.h"

#include <stdexcept>
#include <utility>

#include "io/core/core.h"

namespace rpcnet {

ServerView::ServerView(const Host& host) : core_(host.core()) {
  if (core_->has_several_threads()) {
    throw std::invalid_argument(
        "the standard services, and others that look at their host (ServerView), need a host with "
        "HostOptions::io_threads = 1: serve them from a second host of this process");
  }
}

std::vector<std::string> ServerView::methods() const { return core_->methods(); }
bool ServerView::draining() const { return core_->draining(); }
void ServerView::on_drain(std::function<void()> begun) const { core_->on_drain(std::move(begun)); }
HostCounters ServerView::counters() const { return core_->counters(); }
HostState ServerView::state() const { return core_->state(); }
const Node& ServerView::node() const { return core_->node(); }
Instant ServerView::now() const { return core_->now(); }
asio::io_context& ServerView::context() const { return core_->context(); }

}  // namespace rpcnet
