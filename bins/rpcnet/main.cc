// The operator's tool: one program, a command a file.
#include <cstdio>
#include <string_view>

#include "bins/console.h"
#include "bins/options.h"
#include "bins/rpcnet/commands.h"

namespace {

constexpr const char* kHelp =
    "Looks at what is served, and puts load on it.\n"
    "Usage: rpcnet COMMAND [OPTIONS]\n\n"
    "Commands:\n"
    "  load   calls a method at a steady rate, or with so many in flight; tells latencies\n"
    "  echo   serves a method that gives back what it gets, to be loaded\n\n"
    "`rpcnet COMMAND --help` tells the options of each.\n";

}  // namespace

int main(int argc, char** argv) {
  using namespace rpcnet::bins;
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "load") return load(argc - 1, argv + 1);
  if (command == "echo") return echo(argc - 1, argv + 1);
  if (command == "--help" || command == "-h") {
    std::fputs(kHelp, stdout);
    return 0;
  }
  complain("rpcnet", command.empty()
                         ? "expected a command; see rpcnet --help"
                         : "\"" + std::string(command) + "\" is no command; see rpcnet --help");
  return kUsage;
}
