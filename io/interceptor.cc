// Walking the chain, and the usual authorizers.
#include "io/interceptor.h"

#include <algorithm>
#include <utility>

#include "io/core/chain.h"

namespace rpcnet {
namespace {

asio::awaitable<Status> twice() {
  co_return error(StatusCode::failed_precondition, "an interceptor called next() twice");
}

bool matches(const std::string& pattern, const std::string& name) {
  if (!pattern.ends_with('*')) return pattern == name;
  return name.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1));
}

Status no_certificate() {
  return error(StatusCode::unauthenticated, "this method needs a certificate of the caller's");
}

}  // namespace

asio::awaitable<Status> Next::operator()() const { return chain_->run(index_); }

asio::awaitable<Status> core::Chain::run(std::size_t index) {
  if (index < entered_) return twice();
  entered_ = index + 1;
  return index < interceptors() ? intercept(index) : last();
}

Authorizer require_certificate() {
  return [](const ServerCall& call) { return call.identity() ? Status{} : no_certificate(); };
}

Authorizer require_node(std::vector<std::string> names) {
  return [names = std::move(names)](const ServerCall& call) {
    const auto& identity = call.identity();
    if (!identity) return no_certificate();
    const bool listed = std::any_of(names.begin(), names.end(), [&](const std::string& pattern) {
      return matches(pattern, identity->node);
    });
    if (listed) return Status{};
    return error(StatusCode::permission_denied,
                 "node \"" + identity->node + "\" may not call " + call.method());
  };
}

}  // namespace rpcnet
