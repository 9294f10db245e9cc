// The options, the phases and the line.
#include "tests/bench/load/load.h"

#include <malloc.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <map>

namespace bench {
namespace {

double processor_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Clock::duration from_seconds(double seconds) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

// For whoever moves messages of a megabyte: the heap keeps what it was given. By default glibc
// gives such blocks back to the system each time, and each page of them is faulted in and cleared
// anew.
void keep_memory() {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

void parse(CLI::App& app, int argc, char** argv) {
  keep_memory();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error);
    std::exit(status == 0 ? 0 : 64);
  }
}

}  // namespace

Load parse_load(int argc, char** argv) {
  Load load;
  double warmup = 0.5;
  double seconds = 2;
  const std::map<std::string, Kind> kinds = {{"unary", Kind::unary},
                                             {"tokens", Kind::tokens},
                                             {"pingpong", Kind::pingpong},
                                             {"handshake", Kind::handshake},
                                             {"idle", Kind::idle}};
  CLI::App app("One client of the benchmark; docs/performance.md tells of the workloads.");
  app.add_option("--kind", load.kind)->transform(CLI::CheckedTransformer(kinds));
  app.add_option("--host", load.host);
  app.add_option("--port", load.port)->required();
  app.add_option("--certs", load.certs);
  app.add_option("--payload", load.payload);
  app.add_option("--in-flight", load.in_flight)->check(CLI::PositiveNumber);
  app.add_option("--connections", load.connections)->check(CLI::PositiveNumber);
  app.add_option("--messages", load.messages)->check(CLI::PositiveNumber);
  app.add_option("--rate", load.rate)->check(CLI::NonNegativeNumber);
  app.add_option("--slow-share", load.slow_share)->check(CLI::Range(0.0, 1.0));
  app.add_option("--warmup", warmup)->check(CLI::NonNegativeNumber);
  app.add_option("--seconds", seconds)->check(CLI::PositiveNumber);
  app.add_flag("--spin", load.spin);
  parse(app, argc, argv);
  load.warmup = from_seconds(warmup);
  load.measured = from_seconds(seconds);
  return load;
}

Load parse_server(int argc, char** argv) {
  Load load;
  CLI::App app("One server of the benchmark; docs/performance.md tells of the workloads.");
  app.add_option("--host", load.host);
  app.add_option("--port", load.port);
  app.add_option("--certs", load.certs);
  app.add_flag("--spin", load.spin);
  parse(app, argc, argv);
  return load;
}

void print_listening(std::uint16_t port) {
  std::printf("listening %u\n", static_cast<unsigned>(port));
  std::fflush(stdout);
}

Meter::Meter(const Load& load) : load_(load) {}

Clock::time_point Meter::begin() {
  const auto now = Clock::now();
  phase_ = Phase::warmup;
  phase_end_ = now + load_.warmup;
  return now;
}

Clock::time_point Meter::done(Clock::time_point start, bool recorded, std::uint64_t operations) {
  const auto now = Clock::now();
  if (phase_ == Phase::measuring && now < phase_end_) {
    operations_ += operations;
    if (recorded) durations_.add(static_cast<std::uint64_t>((now - start).count()));
  }
  advance(now);
  return now;
}

void Meter::failed(const std::string& why) {
  ++failures_;
  if (failure_.empty()) failure_ = why;
  // A system that is away is not waited for.
  if (failures_ > 1000 && operations_ == 0) phase_ = Phase::over;
}

Clock::time_point Meter::check() {
  const auto now = Clock::now();
  advance(now);
  return now;
}

void Meter::advance(Clock::time_point now) {
  if (now < phase_end_) return;
  if (phase_ == Phase::warmup) {
    std::puts("measuring");
    std::fflush(stdout);
    phase_ = Phase::measuring;
    began_ = now;
    phase_end_ = now + load_.measured;
    cpu_began_ = processor_seconds();
  } else if (phase_ == Phase::measuring) {
    cpu_ended_ = processor_seconds();
    ended_ = now;
    phase_ = Phase::over;
    std::puts("measured");
    std::fflush(stdout);
  }
}

int Meter::report() {
  const double seconds = std::chrono::duration<double>(ended_ - began_).count();
  const double cpu_us = (cpu_ended_ - cpu_began_) * 1e6;
  const auto count = static_cast<double>(operations_);
  const auto micros = [this](double part) {
    return static_cast<double>(durations_.quantile(part)) * 1e-3;
  };
  if (failures_ > 0) {
    std::fprintf(stderr, "client: %llu operations failed, the first with: %s\n",
                 static_cast<unsigned long long>(failures_), failure_.c_str());
  }
  std::printf(
      "{\"operations\":%llu,\"seconds\":%.6f,\"per_s\":%.1f,\"failed\":%llu,\"p50_us\":%.3f,"
      "\"p99_us\":%.3f,\"p999_us\":%.3f,\"cpu_us_client\":%.4f}\n",
      static_cast<unsigned long long>(operations_), seconds, seconds > 0 ? count / seconds : 0,
      static_cast<unsigned long long>(failures_), micros(0.5), micros(0.99), micros(0.999),
      operations_ > 0 ? cpu_us / count : 0);
  return operations_ > 0 || load_.kind == Kind::idle ? 0 : 1;
}

Arrivals::Arrivals(double rate, Clock::time_point begin) : gap_(rate), next_(begin) { take(); }

Clock::time_point Arrivals::take() {
  const auto taken = next_;
  next_ += from_seconds(gap_(random_));
  return taken;
}

bool Arrivals::draw_slow(double share) {
  return slow_(random_, std::bernoulli_distribution::param_type(share));
}

}  // namespace bench
