// Which worker to use next: the director says so; while no director answers, a worker that it named
// before.
#pragma once

#include <asio/awaitable.hpp>
#include <string>
#include <vector>

#include "bins/client/options.h"
#include "bins/console.h"
#include "bins/director.rpcnet.h"
#include "io/host.h"

namespace rpcnet::bins {

struct FoundWorker {
  Peer peer;
  std::string label;
};

class WorkerFinder {
 public:
  WorkerFinder(Host& host, const ClientOptions& options, Console console);

  // Waits until there is one. Those lost in the last seconds come last. Throws Exit for what
  // waiting cannot mend at any director: a bad name, a certificate that is refused.
  asio::awaitable<FoundWorker> next();

  // This one cannot be used now.
  void lost(const NodeId& worker);
  // This one works: whatever goes wrong from here on is a new misfortune, met without delay.
  void works() { failures_ = 0; }

 private:
  struct Lost {
    NodeId id;
    Instant until;
  };

  // Asks at each address that the name has, until one answers.
  asio::awaitable<Result<FoundWorker>> ask(std::string director);
  asio::awaitable<Result<FoundWorker>> ask_at(Address address);
  std::optional<FoundWorker> accept(const example::GetWorkerResponse& response);
  std::optional<FoundWorker> known_worker();
  void remember(const FoundWorker& worker);
  bool is_lost(const NodeId& id) const;
  void forgive();
  asio::awaitable<void> wait_before_retry();
  void tell_trouble(const std::string& director, const Status& status);

  Host& host_;
  const ClientOptions& options_;
  Console console_;
  std::string connection_id_;
  std::size_t director_ = 0;  // whom to ask first
  bool connected_ = false;    // to that one, as told to the user
  Address answered_;          // where a director answered last
  std::vector<Lost> lost_;
  std::vector<FoundWorker> known_;  // the latest first
  int failures_ = 0;                // since the last worker that worked
  std::string trouble_;             // told last
  Instant trouble_until_{};
};

}  // namespace rpcnet::bins
