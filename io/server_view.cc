// A thin face on Core.
#include "io/server_view.h"

#include <utility>

#include "io/core/core.h"

namespace rpcnet {

std::vector<std::string> ServerView::methods() const { return core_->methods(); }
bool ServerView::draining() const { return core_->draining(); }
void ServerView::on_drain(std::function<void()> begun) const { core_->on_drain(std::move(begun)); }
HostCounters ServerView::counters() const { return core_->counters(); }
const Node& ServerView::node() const { return core_->node(); }
Instant ServerView::now() const { return core_->now(); }
asio::io_context& ServerView::context() const { return core_->context(); }

}  // namespace rpcnet
