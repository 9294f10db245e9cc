// One client's calls: it numbers them and names them, so that oracles know both ends to be one.
#pragma once

#include <string>
#include <utility>

#include "engine/command.h"
#include "sim/program.h"
#include "sim/workload/payload.h"

namespace rpcnet::sim {

class Caller {
 public:
  // `client` makes its names unique in the run.
  explicit Caller(std::uint64_t client) : client_(client) {}

  CallId next() { return CallId{std::exchange(next_, next_ + 2)}; }

  Outcome start(ProgramContext& context, StartCall&& call) const {
    call.metadata.emplace_back(kCallName, name(context, call.call.value));
    return context.command(std::move(call));
  }

  // Of what has this number among those of its kind: the client, when it began by the client's
  // clock, and the number.
  std::string name(const ProgramContext& context, std::uint64_t number) const {
    return std::to_string(client_) + '.' +
           std::to_string(context.now().time_since_epoch().count()) + '.' + std::to_string(number);
  }

 private:
  std::uint64_t client_;
  std::uint64_t next_ = 1;
};

}  // namespace rpcnet::sim
