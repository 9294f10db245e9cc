// A timer of processor time, begun anew with each sign of progress.
#include "bins/sim/hang.h"

#include <sys/time.h>

#include <utility>

namespace rpcnet::bins {

void end_if_it_hangs(sim::RunOptions& options, unsigned seconds) {
  const auto begin_anew = [seconds] {
    const itimerval limit{.it_interval = {}, .it_value = {.tv_sec = seconds, .tv_usec = 0}};
    ::setitimer(ITIMER_PROF, &limit, nullptr);
  };
  begin_anew();
  options.progress = [begin_anew, told = std::move(options.progress)](Duration at) {
    begin_anew();
    if (told) told(at);
  };
}

}  // namespace rpcnet::bins
