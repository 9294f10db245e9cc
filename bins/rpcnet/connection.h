// The tool's end of a connection: a host that only calls, and a channel to the server named on the
// command line. What all commands that look at one server share.
#pragma once

#include <asio/io_context.hpp>

#include <string>

#include "bins/common.h"
#include "bins/options.h"
#include "io/channel.h"
#include "io/host.h"

namespace rpcnet::bins {

struct ServerOptions {
  std::string server;
  Duration timeout = std::chrono::seconds(10);
  CommonOptions common{};
};

// The server's place is the first on the command line; --timeout-ms is of each call.
void add_server(Options& options, ServerOptions& target);

class Connection {
 public:
  // Throws Exit where the certificates or the socket will not do.
  Connection(asio::io_context& context, const ServerOptions& options);

  const Channel& channel() const { return channel_; }
  asio::io_context& context() const { return host_.context(); }

 private:
  static Host start(asio::io_context& context, const ServerOptions& options);

  Host host_;
  Channel channel_;
};

// A call that failed, as the end of the program: its words, and its code as the exit status.
Exit failed(const Status& status);

}  // namespace rpcnet::bins
