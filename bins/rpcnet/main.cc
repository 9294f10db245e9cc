// The operator's tool: one program, a command a file.
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include "bins/console.h"
#include "bins/options.h"
#include "bins/rpcnet/commands.h"

namespace {

using namespace rpcnet::bins;

constexpr const char* kHelp =
    "Looks at what is served and at the cluster, calls it, and puts load on it.\n"
    "Usage: rpcnet COMMAND [OPTIONS]\n\n"
    "Commands:\n"
    "  call HOST:PORT METHOD [JSON]   calls a method, with JSON there and back\n"
    "  list HOST:PORT [SERVICE]       tells the services, or the methods of one\n"
    "  describe HOST:PORT SYMBOL      tells the .proto text of a service, message, ...\n"
    "  metrics HOST:PORT              tells what a process has counted, for Prometheus\n"
    "  state HOST:PORT                tells the links of a process and its open calls\n"
    "  members HOST:PORT              tells the members of a cluster, as one of them sees it\n"
    "  watch HOST:PORT                the same live, with the events, until ^C\n"
    "  load   calls a method at a steady rate, or with so many in flight; tells latencies\n"
    "  echo   serves methods that give back what they get, to be called and loaded\n\n"
    "`rpcnet COMMAND --help` tells the options of each.\n";

struct Command {
  std::string_view name;
  int (*run)(int argc, const char* const* argv);
};

constexpr std::array kCommands{
    Command{"call", call},       Command{"list", list},   Command{"describe", describe},
    Command{"metrics", metrics}, Command{"state", state}, Command{"members", members},
    Command{"watch", watch},     Command{"load", load},   Command{"echo", echo},
};

}  // namespace

int main(int argc, char** argv) {
  // What protobuf finds wrong with a peer's bytes is in our own words already.
  google::protobuf::SetLogHandler(nullptr);
  const std::string_view name = argc > 1 ? argv[1] : "";
  const auto* command = std::find_if(kCommands.begin(), kCommands.end(),
                                     [&](const Command& one) { return one.name == name; });
  if (command != kCommands.end()) return command->run(argc - 1, argv + 1);
  if (name == "--help" || name == "-h") {
    std::fputs(kHelp, stdout);
    return 0;
  }
  complain("rpcnet", name.empty()
                         ? "expected a command; see rpcnet --help"
                         : "\"" + std::string(name) + "\" is no command; see rpcnet --help");
  return kUsage;
}
