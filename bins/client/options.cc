#include "bins/client/options.h"

namespace rpcnet::bins {

void parse(ClientOptions& target, int argc, const char* const* argv) {
  using std::chrono::hours;
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  Options options(
      "client",
      "Asks the director for a worker, streams tokens from it, and goes on elsewhere when it is\n"
      "lost: at the next token, so that none is missing and none comes twice.",
      "SIGINT (Ctrl+C) and SIGTERM end it like --tokens does. The last line is always\n"
      "  client: tokens=N gaps=G duplicates=D failovers=F longest_gap_ms=M\n"
      "Exit status: 0 if gaps and duplicates are 0, 64 for a bad option or variable, else 1.");
  options.add({"--director",
               {"DIRECTOR_ADDR"},
               "HOST:PORT[,...]",
               "directors to ask; any that answers will do"},
              addresses(target.directors));
  options.add({"--tokens", {}, "N", "end after so many tokens; 0: go on for ever"},
              count(target.tokens, 0, UINT64_MAX));
  options.add({"--filter", {}, "KEY=VALUE[,...]", "only workers with these tags, such as gpu=true"},
              tag_filter(target.filter));
  options.add({"--prompt", {}, "TEXT", "what to tell the worker"}, text(target.prompt));
  options.add({"--silence-ms", {}, "N", "a worker that does not answer for so long is lost"},
              duration_ms(target.silence_max, milliseconds(50), hours(1)));
  options.add({"--connect-timeout-ms", {}, "N", "how long a worker may take to accept a stream"},
              duration_ms(target.connect_timeout, milliseconds(50), hours(1)));
  options.add({"--token-timeout-ms", {}, "N", "how long a worker that answers may give no token"},
              duration_ms(target.token_timeout, milliseconds(50), hours(1)));
  options.add({"--anonymous", {}, "CLUSTER", "call this cluster without a certificate of our own"},
              node_name(target.anonymous_in));
  add_common(options, target.common);
  options.parse(argc, argv);
}

HostOptions client_host(const ClientOptions& options) {
  HostOptions host;
  host.bind = "[::]:0";
  host.credentials = options.common.credentials;
  host.credentials.anonymous = !options.anonymous_in.empty();
  host.cluster_name = options.anonymous_in;
  host.recording = options.common.recording;
  host.member = false;
  host.accept = false;
  host.links.silence_max = options.silence_max;
  host.links.handshake_timeout = options.connect_timeout;
  // A worker that is restarted is found again soon.
  host.links.backoff_max = std::chrono::milliseconds(500);
  return host;
}

}  // namespace rpcnet::bins
