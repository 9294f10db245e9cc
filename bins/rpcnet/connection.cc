#include "bins/rpcnet/connection.h"

#include <utility>

namespace rpcnet::bins {

void add_server(Options& options, ServerOptions& target) {
  options.add({"server", {}, "HOST:PORT", "whom to ask", true}, address(target.server));
  options.add({"--timeout-ms", {}, "N", "of each call; 0: none"},
              duration_ms(target.timeout, std::chrono::milliseconds(0), std::chrono::hours(24)));
  add_common(options, target.common);
}

Host Connection::start(asio::io_context& context, const ServerOptions& options) {
  set_up_library_log(options.common.log);
  HostOptions with;
  with.bind = options.server.starts_with('[') ? "[::]:0" : "0.0.0.0:0";
  with.credentials = options.common.credentials;
  with.recording = options.common.recording;
  with.member = false;
  with.accept = false;
  with.call_timeout.reset();
  if (options.timeout > Duration::zero()) with.call_timeout = options.timeout;
  const std::string bind = with.bind;
  auto started = Host::start(context, std::move(with));
  if (!started.ok()) throw cannot_start(bind, started.status());
  return std::move(*started);
}

Connection::Connection(asio::io_context& context, const ServerOptions& options)
    : host_(start(context, options)), channel_(host_, options.server) {}

Exit failed(const Status& status) { return {static_cast<int>(status.code), to_text(status)}; }

}  // namespace rpcnet::bins
