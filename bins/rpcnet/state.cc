// rpcnet state: the links of a process, and the calls that are open.
#include <cstdint>
#include <cstdio>
#include <string>

#include "bins/program.h"
#include "bins/rpcnet/commands.h"
#include "bins/rpcnet/connection.h"
#include "bins/rpcnet/table.h"
#include "io/log.h"
#include "rpcnet/v1/state.rpcnet.h"

namespace rpcnet::bins {
namespace {

void parse(ServerOptions& target, int argc, const char* const* argv) {
  Options options(
      "rpcnet state", "Tells the links of a process and the calls that are open.",
      "Streams are calls on a link, or gossip; \"unacked\" bytes wait here or are on the\n"
      "way, \"unread\" ones have come and the program has not taken them.\n"
      "Exit status: 0, or the number of the status that the process answered (14:\n"
      "unavailable, 16: unauthenticated, ...); 64 for wrong input.");
  add_server(options, target);
  options.parse(argc, argv);
}

std::string bytes(std::uint64_t count) {
  const char* const units[] = {"B", "KiB", "MiB", "GiB"};
  std::size_t unit = 0;
  auto value = static_cast<double>(count);
  for (; value >= 1024 && unit < 3; ++unit) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
  return text;
}

std::string milliseconds(std::uint64_t us) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", static_cast<double>(us) / 1000);
  return text;
}

std::string kind_of(const v1::Link& link) {
  if (!link.up()) return "handshake";
  return link.protocol() == v1::Link::GOSSIP ? "gossip" : "rpc";
}

std::string links_table(const v1::ReadStateResponse& state) {
  Table table({"LINK", "PEER", "ADDRESS", "KIND", "DIALLED", "STREAMS", "RTT_MS", "IN", "OUT",
               "UNACKED", "UNREAD", "LOST"});
  for (const v1::Link& link : state.links()) {
    table.add({std::to_string(link.number()), link.peer(), link.remote(), kind_of(link),
               link.accepted() ? "by peer" : "here", std::to_string(link.streams()),
               milliseconds(link.rtt_us()), bytes(link.bytes_in()), bytes(link.bytes_out()),
               bytes(link.unacknowledged_bytes()), bytes(link.uncredited_bytes()),
               std::to_string(link.packets_lost())});
  }
  return table.text();
}

std::string calls_table(const v1::ReadStateResponse& state) {
  Table table({"METHOD", "RUNNING", "WAITING"});
  for (const v1::OpenMethod& open : state.serving()) {
    table.add({open.method(), std::to_string(open.running()), std::to_string(open.waiting())});
  }
  return table.text();
}

asio::awaitable<int> state(Program& program, const ServerOptions& options) {
  const Connection connection(program.context(), options);
  const v1::StateClient client(connection.channel());
  const v1::ReadStateRequest request;
  const auto read = co_await client.Read(request);
  if (read.code() == StatusCode::unimplemented) {
    throw failed(error(StatusCode::unimplemented,
                       "that process does not tell its state; it would with "
                       "rpcnet::serve_standard(host)"));
  }
  if (!read.ok()) throw failed(read.status());
  std::printf("%s%s\n\n%s\n%s\nIt makes %llu calls itself.\n", printable(read->node()).c_str(),
              read->draining() ? ", draining" : "", links_table(*read).c_str(),
              calls_table(*read).c_str(), static_cast<unsigned long long>(read->calls_out()));
  co_return 0;
}

}  // namespace

int state(int argc, const char* const* argv) {
  ServerOptions options;
  return Program::run(
      "rpcnet state", [&] { parse(options, argc, argv); },
      [&](Program& program) { return state(program, options); });
}

}  // namespace rpcnet::bins
