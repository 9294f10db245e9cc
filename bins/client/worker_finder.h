// Which worker to use next: the director says so; while no director answers, a worker that it named
// before.
#pragma once

#include <asio/awaitable.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bins/client/options.h"
#include "bins/console.h"
#include "bins/director.rpcnet.h"
#include "io/host.h"

namespace rpcnet::bins {

class WorkerFinder {
 public:
  WorkerFinder(Host& host, const ClientOptions& options, Console console);

  // Waits until there is one; those in `excluded` come last. A status: what waiting cannot mend at
  // any director, such as a bad name or a certificate that is refused.
  asio::awaitable<Result<Peer>> find(std::vector<NodeId> excluded);

  // Of a worker that was found.
  std::string label(const std::optional<NodeId>& worker) const;

 private:
  struct FoundWorker {
    Peer peer;
    std::string label;
  };

  // Asks at each address that the name has, until one answers.
  asio::awaitable<Result<FoundWorker>> ask(std::string director);
  asio::awaitable<Result<FoundWorker>> ask_at(Address address);
  std::optional<FoundWorker> accept(const example::GetWorkerResponse& response);
  std::optional<FoundWorker> known_worker() const;
  void remember(const FoundWorker& worker);
  bool is_lost(const NodeId& id) const;
  asio::awaitable<void> wait_before_retry(int failures);
  void tell_trouble(const std::string& director, const Status& status);

  Host& host_;
  const ClientOptions& options_;
  Console console_;
  std::string connection_id_;
  std::size_t director_ = 0;        // whom to ask first
  bool connected_ = false;          // to that one, as told to the user
  Address answered_;                // where a director answered last
  std::vector<NodeId> lost_;        // not wanted now
  std::vector<FoundWorker> known_;  // the latest first
  std::string trouble_;             // told last
  Instant trouble_until_{};
};

}  // namespace rpcnet::bins
