// None.
#include "bins/sim/more_oracles.h"

namespace rpcnet::bins {

std::vector<sim::OracleMaker> more_oracles() { return {}; }

}  // namespace rpcnet::bins
