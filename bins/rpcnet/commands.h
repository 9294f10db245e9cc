// What `rpcnet` can do: each command parses its own options and gives the exit status.
#pragma once

namespace rpcnet::bins {

int call(int argc, const char* const* argv);
int list(int argc, const char* const* argv);
int describe(int argc, const char* const* argv);
int metrics(int argc, const char* const* argv);
int state(int argc, const char* const* argv);
int members(int argc, const char* const* argv);
int watch(int argc, const char* const* argv);
int load(int argc, const char* const* argv);
int echo(int argc, const char* const* argv);

// What `rpcnet echo` serves, and what `rpcnet load` calls unless told otherwise.
inline constexpr const char* kEcho = "rpcnet.Echo.echo";

}  // namespace rpcnet::bins
