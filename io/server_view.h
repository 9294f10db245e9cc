// ServerView: what a Host serves, for services that tell of it (health, reflection).
//
// A handle, as ClusterMembership is one: to be used on the Host's thread, harmless once it is gone.
#pragma once

#include <asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/host.h"

namespace rpcnet {

class ServerView {
 public:
  // Throws std::invalid_argument for a host with several I/O threads: what is told here, and who
  // asks for it, belongs to one.
  explicit ServerView(const Host& host);

  // The names of all methods that are served now, in order.
  std::vector<std::string> methods() const;

  // Has Host::drain been called?
  bool draining() const;
  // Calls `begun` once, when that happens, or now if it has; not if the host stops before. What
  // serves a stream without an end should end it then: the drain waits for it.
  void on_drain(std::function<void()> begun) const;

  // As Host's.
  HostCounters counters() const;
  HostState state() const;
  const Node& node() const;
  Instant now() const;
  asio::io_context& context() const;

 private:
  std::shared_ptr<core::Core> core_;
};

}  // namespace rpcnet
