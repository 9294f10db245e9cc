// One line from the child for each thing that it has to say; the rest of its output is a crash's.
#include "bins/sim/trials.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sstream>
#include <utility>

#include "bins/sim/child.h"
#include "bins/sim/commands.h"
#include "bins/sim/hang.h"

namespace rpcnet::bins {
namespace {

constexpr const char* kAssertion = "assertion failed: ";

std::int64_t converged_ms(const sim::Report& report) {
  if (!report.convergence) return -1;
  return std::chrono::duration_cast<std::chrono::milliseconds>(*report.convergence).count();
}

std::uint64_t kinds(const sim::Plan& plan, const sim::Report& report) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < plan.faults.size(); ++i) {
    const auto kind = static_cast<unsigned>(plan.faults[i].kind);
    if (report.fault_effects[i] > 0) bits |= std::uint64_t{1} << kind;
  }
  return bits;
}

int run_and_tell(const sim::Plan& plan, const Trial& trial, int descriptor) {
  ::dup2(descriptor, STDERR_FILENO);  // an assertion's words
  ::alarm(trial.seconds);
  sim::RunOptions options = trial.options;
  end_if_it_hangs(options);
  const sim::Report report = sim::run(plan, options);
  std::ostringstream words;
  words << "end " << report.events << ' ' << report.simulated.count() << ' ' << plan.members()
        << ' ' << report.false_deaths << ' ' << converged_ms(report) << ' ' << kinds(plan, report)
        << ' ' << report.failed << '\n';
  for (const sim::PacketName& one : report.losses) {
    words << "lost " << one.from << ' ' << one.to << ' ' << one.nth << '\n';
  }
  for (const auto& [what, count] : report.counts) {
    words << "count " << (count > 0 ? 1 : 0) << ' ' << what << '\n';
  }
  words << "reason " << report.reason << '\n';
  const std::string text = words.str();
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t size = ::write(descriptor, text.data() + done, text.size() - done);
    if (size < 0) return kCrash;
    done += static_cast<std::size_t>(size);
  }
  return exit_of(report.verdict);
}

}  // namespace

RunEnd end_of_trial(const Child& child, int status) {
  RunEnd end;
  bool told = false;
  std::istringstream lines(child.text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first;
    words >> first;
    if (first == "end") {
      told = true;
      std::int64_t simulated = 0;
      words >> end.events >> simulated >> end.members >> end.false_deaths >> end.converged_ms >>
          end.kinds >> end.kind;
      end.simulated = Duration(simulated);
    } else if (first == "lost") {
      sim::PacketName& one = end.losses.emplace_back();
      words >> one.from >> one.to >> one.nth;
    } else if (first == "count") {
      auto& [what, any] = end.counts.emplace_back();
      words >> any >> std::ws;
      std::getline(words, what);
    } else if (first == "reason" && line.size() > 7) {
      end.reason = line.substr(7);
    } else if (const auto at = line.find(kAssertion); at != line.npos) {
      end.reason = line.substr(at);
    }
  }
  end.status = told && WIFEXITED(status) ? WEXITSTATUS(status) : kCrash;
  if (told) return end;
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) end.kind = "time limit";
  else end.kind = end.reason.empty() ? describe(status) : end.reason;
  if (end.reason.empty()) end.reason = end.kind;
  return end;
}

Child begin_trial(const sim::Plan& plan, const Trial& trial) {
  return fork_child([&](int descriptor) { return run_and_tell(plan, trial, descriptor); });
}

RunEnd run_apart(const sim::Plan& plan, const Trial& trial) {
  Child child = begin_trial(plan, trial);
  const int status = finish(child);
  return end_of_trial(child, status);
}

std::optional<std::size_t> first_end(
    const std::vector<sim::Plan>& plans, const Trial& trial, unsigned jobs,
    const std::function<bool(std::size_t, const RunEnd&)>& wanted) {
  std::vector<Child> children;
  std::vector<std::size_t> places;  // of the children
  std::size_t next = 0;
  std::optional<std::size_t> found;
  for (;;) {
    while (!found && next < plans.size() && children.size() < jobs) {
      children.push_back(begin_trial(plans[next], trial));
      places.push_back(next++);
    }
    if (children.empty()) return found;
    int status = 0;
    const std::size_t i = wait_any(children, status);
    const std::size_t place = places[i];
    const bool useful = !found || place < *found;
    if (useful && wanted(place, end_of_trial(children[i], status))) found = place;
    children.erase(children.begin() + static_cast<std::ptrdiff_t>(i));
    places.erase(places.begin() + static_cast<std::ptrdiff_t>(i));
    for (std::size_t c = 0; found && c < children.size(); ++c) {
      if (places[c] > *found) ::kill(children[c].pid, SIGKILL);
    }
  }
}

}  // namespace rpcnet::bins
