// fork, exec, pipes.
#include "bins/sim/child.h"

#include <poll.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <system_error>

namespace rpcnet::bins {
namespace {

// False at the end.
bool read_some(Child& child) {
  std::array<char, 65536> buffer;
  const ssize_t size = ::read(child.output, buffer.data(), buffer.size());
  if (size < 0 && errno == EINTR) return true;
  if (size <= 0) return false;
  child.text.append(buffer.data(), static_cast<std::size_t>(size));
  return true;
}

int reap(Child& child) {
  ::close(child.output);
  int status = 0;
  while (::waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

Child fork_child(const std::function<int(int)>& work) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  std::fflush(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid == 0) {
    ::close(ends[0]);
    const int result = work(ends[1]);
    std::fflush(nullptr);
    ::_exit(result);
  }
  ::close(ends[1]);
  return {pid, ends[0], {}};
}

Child exec_child(const std::string& program, const std::vector<std::string>& arguments,
                 bool fixed_addresses, const std::vector<std::string>& environment) {
  return fork_child([&](int descriptor) {
    ::dup2(descriptor, STDOUT_FILENO);
    ::close(descriptor);
    if (fixed_addresses) ::personality(ADDR_NO_RANDOMIZE);
    for (const std::string& setting : environment) {
      const auto equals = setting.find('=');
      ::setenv(setting.substr(0, equals).c_str(), setting.substr(equals + 1).c_str(), 1);
    }
    std::vector<char*> words{const_cast<char*>(program.c_str())};
    for (const std::string& word : arguments) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    ::execv(program.c_str(), words.data());
    std::fprintf(stderr, "sim: cannot run %s: %s\n", program.c_str(), std::strerror(errno));
    return 127;
  });
}

int finish(Child& child) {
  while (read_some(child)) {
  }
  return reap(child);
}

std::size_t wait_any(std::vector<Child>& children, int& status) {
  for (;;) {
    std::vector<pollfd> watched;
    for (const Child& child : children) watched.push_back({child.output, POLLIN, 0});
    if (::poll(watched.data(), static_cast<nfds_t>(watched.size()), -1) < 0) continue;
    for (std::size_t i = 0; i < children.size(); ++i) {
      if (watched[i].revents == 0 || read_some(children[i])) continue;
      status = reap(children[i]);
      return i;
    }
  }
}

std::string describe(int status) {
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    if (number == SIGPROF) return "simulated time stood still";
    return "signal " + std::to_string(number) + " (" + ::strsignal(number) + ")";
  }
  return "exit status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace rpcnet::bins
