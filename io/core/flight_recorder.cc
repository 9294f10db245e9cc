// Opening, writing, and the last words of a process that terminates.
#include "io/core/flight_recorder.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

namespace rpcnet::core {
namespace {

// All recordings of the process, for its last words.
struct Running {
  std::mutex mutex;
  std::vector<FlightRecorder*> recorders;
  std::terminate_handler before = nullptr;
};

Running& running() {
  static Running all;
  return all;
}

// The descriptor, or the negative error number.
int open_new(const std::string& name) {
  struct stat there{};
  // What an earlier process left may be the very incident.
  if (::lstat(name.c_str(), &there) == 0 && S_ISREG(there.st_mode)) {
    if (std::rename(name.c_str(), (name + ".previous").c_str()) != 0) return -errno;
  }
  // Without O_NONBLOCK a pipe that nobody reads would hold up the process.
  const int file = ::open(name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                          S_IRUSR | S_IWUSR);
  return file >= 0 ? file : -errno;
}

// A file that reaches RLIMIT_FSIZE would end the process otherwise.
void survive_size_limit() {
  struct sigaction now{};
  if (::sigaction(SIGXFSZ, nullptr, &now) != 0 || now.sa_handler != SIG_DFL) return;
  now.sa_handler = SIG_IGN;
  ::sigaction(SIGXFSZ, &now, nullptr);
}

std::int64_t unix_ns() {
  using namespace std::chrono;
  return duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace

std::unique_ptr<FlightRecorder> FlightRecorder::start(Node& node, Instant now,
                                                      const RecordingOptions& options,
                                                      RecordingCounters& counters) {
  if (options.file.empty()) return nullptr;
  const int file = open_new(options.file);
  if (file < 0) {
    ++counters.failed;
    spdlog::warn("no recording: file \"{}\" cannot be written: {}", options.file,
                 std::strerror(-file));
    return nullptr;
  }
  survive_size_limit();
  spdlog::info("recording to \"{}\", at most {} bytes, {} payloads", options.file,
               options.bytes_max, options.payloads ? "with" : "without");
  return std::unique_ptr<FlightRecorder>(new FlightRecorder(node, now, options, file, counters));
}

FlightRecorder::FlightRecorder(Node& node, Instant now, const RecordingOptions& options, int file,
                               RecordingCounters& counters)
    : name_(options.file),
      bytes_max_(options.bytes_max),
      file_(file),
      recorder_(node, now,
                {.bytes_max = options.bytes_max,
                 .payloads = options.payloads,
                 .began_unix_ns = unix_ns()}),
      counters_(counters) {
  counters_.active = true;
  Running& all = running();
  const std::lock_guard lock(all.mutex);
  if (all.before == nullptr) all.before = std::set_terminate(on_terminate);
  all.recorders.push_back(this);
}

FlightRecorder::~FlightRecorder() {
  {
    Running& all = running();
    const std::lock_guard lock(all.mutex);
    std::erase(all.recorders, this);
  }
  counters_.active = false;
  ::close(file_);
}

void FlightRecorder::on_terminate() {
  Running& all = running();
  // Not waiting for a thread that may never go on.
  if (all.mutex.try_lock()) {
    for (FlightRecorder* recorder : all.recorders) recorder->write_pending();
  }
  all.before();
}

int FlightRecorder::write_pending() {
  BytesView rest = recorder_.pending();
  while (!rest.empty()) {
    const auto written = ::write(file_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    rest = rest.subspan(static_cast<std::size_t>(written));
  }
  counters_.inputs = recorder_.tally().inputs;
  counters_.bytes = recorder_.bytes();
  recorder_.take();
  return 0;
}

bool FlightRecorder::flush() {
  if (recorder_.pending().empty()) return true;
  if (const int fault = write_pending(); fault != 0) {
    ++counters_.failed;
    spdlog::warn("recording to \"{}\" ended after {} inputs: {}", name_, counters_.inputs,
                 std::strerror(fault));
    return false;
  }
  const auto ended = recorder_.ended();
  if (!ended) return true;
  ++counters_.limited;
  if (*ended == recording::Ending::full) {
    spdlog::warn("recording to \"{}\" ended after {} inputs: its limit of {} bytes is reached",
                 name_, counters_.inputs, bytes_max_);
  } else {
    spdlog::warn("recording to \"{}\" ended after {} inputs: one is over {} bytes", name_,
                 counters_.inputs, recording::kBytesMax);
  }
  return false;
}

void FlightRecorder::close() {
  recorder_.close();
  if (const int fault = write_pending(); fault != 0) {
    ++counters_.failed;
    spdlog::warn("recording to \"{}\" lacks its end: {}", name_, std::strerror(fault));
  }
}

}  // namespace rpcnet::core
