// LinkLog: which links are open and to whom, and a line for each that an operator should see.
//
// Lines are limited by kind, because a peer chooses how often it fails; what was left out is
// counted in the next line. No line holds a secret, and nothing a peer wrote reaches the terminal
// unfiltered.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/output.h"
#include "engine/transport.h"
#include "io/log.h"
#include "io/quic/boundary.h"

namespace rpcnet::core {

class LinkLog {
 public:
  void on_order(const Order& order);
  void on_up(const LinkUp& fact);
  // Whom the link was to; absent if it was not known.
  std::optional<Address> on_down(Instant now, const LinkDown& fact);
  void on_refusal(Instant now, const quic::Refusal& refusal);

  std::vector<LinkId> open() const;

 private:
  struct Known {
    Address remote;
    Protocol protocol{};
    bool up = false;
  };
  std::map<LinkId, Known> links_;
  LogLimiter limiter_;
};

// A line about something that the engine wants an operator to know.
void log_notice(LogLimiter& limiter, Instant now, const Notice& notice);

// A line about an exception out of a handler. Its text is the application's own.
void log_handler_failure(LogLimiter& limiter, Instant now, std::string_view method,
                         std::string_view what);

}  // namespace rpcnet::core
