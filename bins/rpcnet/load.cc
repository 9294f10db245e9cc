// rpcnet load: calls one method of one or several servers, and tells how long they took.
//
// Open loop (--rate): calls are due at steady times, whatever became of those before, and what is
// measured is from when a call was due. So a server that stalls is charged with every call that it
// kept waiting, also with those that were not even sent (Tene, "How NOT to Measure Latency").
// Closed loop: so many are in flight at any time; that measures throughput, and its latencies say
// little under overload.
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "bins/common.h"
#include "bins/membership.h"
#include "bins/program.h"
#include "bins/rpcnet/commands.h"
#include "bins/rpcnet/histogram.h"
#include "io/cluster.h"
#include "io/typed.h"

namespace rpcnet::bins {
namespace {

// Calls that are open at once at most: a server that hangs must not fill this machine's memory.
constexpr std::uint64_t kOpenMax = 50'000;

struct LoadOptions {
  std::vector<std::string> targets{"127.0.0.1:7000"};
  std::string method = kEcho;
  LoadBalancingStrategy strategy = LoadBalancingStrategy::RoundRobin;
  std::uint64_t rate = 0;
  std::uint64_t concurrency = 16;
  Duration lasts = std::chrono::seconds(10);
  Duration timeout = std::chrono::seconds(2);
  std::uint64_t bytes = 64;
  bool safe = false;
  Duration hedge_after{};
  std::uint64_t latency_factor = 0;
  CommonOptions common{};
};

void parse(LoadOptions& target, int argc, const char* const* argv) {
  using Strategy = LoadBalancingStrategy;
  Options options(
      "rpcnet load", "Calls a method again and again, and tells how long that took.",
      "With --rate, latencies are from when a call was due and not from when it was sent.\n"
      "Exit status: 0 if no call failed, 1 if one did, 64 for a bad option.");
  options.add({"--to", {}, "HOST:PORT[,...]", "servers; calls are balanced among them"},
              addresses(target.targets));
  options.add({"--method", {}, "NAME", "what to call"}, text(target.method));
  options.add(
      {"--strategy",
       {},
       "NAME",
       "round-robin, random, weighted-by-load, power-of-two or least-connections"},
      choice<Strategy>(target.strategy, {{"round-robin", Strategy::RoundRobin},
                                         {"random", Strategy::Random},
                                         {"weighted-by-load", Strategy::WeightedByLoad},
                                         {"power-of-two", Strategy::PowerOfTwo},
                                         {"least-connections", Strategy::LeastConnections}}));
  options.add({"--rate", {}, "N", "open loop: so many calls a second; 0: closed loop"},
              count(target.rate, 0, 10'000'000));
  options.add({"--concurrency", {}, "N", "closed loop: so many calls in flight"},
              count(target.concurrency, 1, kOpenMax));
  options.add({"--for-ms", {}, "N", "how long"},
              duration_ms(target.lasts, std::chrono::milliseconds(1), std::chrono::hours(24)));
  options.add({"--timeout-ms", {}, "N", "of each call"},
              duration_ms(target.timeout, std::chrono::milliseconds(1), std::chrono::hours(1)));
  options.add({"--bytes", {}, "N", "of each request"}, count(target.bytes, 0, 64 << 20));
  options.add({"--safe", {}, "", "the method may be executed twice: retries and hedging count"},
              on_off(target.safe));
  options.add({"--hedge-after-ms", {}, "N", "call again beside the first after so long; 0: never"},
              duration_ms(target.hedge_after, std::chrono::milliseconds(0), std::chrono::hours(1)));
  options.add({"--eject-slower-than", {}, "N", "leave servers alone that take N times the median"},
              count(target.latency_factor, 0, 1'000'000));
  add_common(options, target.common);
  options.parse(argc, argv);
}

double milliseconds(Duration latency) {
  return std::chrono::duration<double, std::milli>(latency).count();
}

class Load {
 public:
  Load(const Host& host, Channel channel, const LoadOptions& options)
      : host_(host),
        channel_(std::move(channel)),
        options_(options),
        method_{.name = options.method,
                .request = "bytes",
                .reply = "bytes",
                .idempotency = options.safe ? Idempotency::idempotent : Idempotency::unknown},
        request_(options.bytes) {}

  asio::awaitable<bool> run() {
    const Instant began = host_.now();
    const Instant until = began + options_.lasts;
    Instant told = began;
    asio::steady_timer timer(host_.context());
    for (std::uint64_t i = 0; options_.rate == 0 && i < options_.concurrency; ++i) issue(began);
    std::uint64_t due = 0;
    while (host_.now() < until) {
      const Instant now = host_.now();
      while (options_.rate > 0 && due_at(began, due) <= now) issue(due_at(began, due++));
      if (now - told >= std::chrono::seconds(1)) {
        tell(now - told);
        told = now;
      }
      timer.expires_after(std::chrono::milliseconds(1));
      co_await timer.async_wait(asio::use_awaitable);
    }
    const Instant ended = host_.now();
    over_ = true;
    while (open_ > 0) {
      timer.expires_after(std::chrono::milliseconds(5));
      co_await timer.async_wait(asio::use_awaitable);
    }
    conclude(ended - began);
    co_return failures_.empty();
  }

 private:
  Instant due_at(Instant began, std::uint64_t number) const {
    return began + Duration(static_cast<std::int64_t>(number) * 1'000'000'000 /
                            static_cast<std::int64_t>(options_.rate));
  }

  void issue(Instant due) {
    if (open_ >= kOpenMax) {
      ++failures_["not sent: too many calls are open"];
      return;
    }
    ++open_;
    call<Bytes>(channel_, method_, request_, {.timeout = options_.timeout},
                [this, due](Result<Bytes> reply) { take(due, reply); });
  }

  void take(Instant due, const Result<Bytes>& reply) {
    --open_;
    const Duration latency = host_.now() - due;
    all_.add(latency);
    lately_.add(latency);
    if (!reply.ok()) ++failures_[to_text(reply.status())];
    // The next one of a closed loop begins at once, and not when the timer looks.
    if (options_.rate == 0 && !over_) issue(host_.now());
  }

  void tell(Duration span) {
    const double seconds = std::chrono::duration<double>(span).count();
    std::printf("load: %.0f calls/s, p50 %.2f ms, p99 %.2f ms, max %.2f ms, %zu kinds of failure\n",
                static_cast<double>(lately_.count()) / seconds, milliseconds(lately_.at(500)),
                milliseconds(lately_.at(990)), milliseconds(lately_.max()), failures_.size());
    std::fflush(stdout);
    lately_.clear();
  }

  void conclude(Duration span) {
    std::uint64_t failed = 0;
    for (const auto& [words, times] : failures_) {
      failed += times;
      std::printf("load: failed %llu times: %s\n", static_cast<unsigned long long>(times),
                  words.c_str());
    }
    const double seconds = std::chrono::duration<double>(span).count();
    std::printf(
        "load: calls=%llu failed=%llu rate=%.0f p50_ms=%.3f p90_ms=%.3f p99_ms=%.3f p999_ms=%.3f "
        "max_ms=%.3f\n",
        static_cast<unsigned long long>(all_.count()), static_cast<unsigned long long>(failed),
        static_cast<double>(all_.count()) / seconds, milliseconds(all_.at(500)),
        milliseconds(all_.at(900)), milliseconds(all_.at(990)), milliseconds(all_.at(999)),
        milliseconds(all_.max()));
    std::fflush(stdout);
  }

  const Host& host_;
  Channel channel_;
  const LoadOptions& options_;
  MethodInfo method_;
  Bytes request_;
  std::uint64_t open_ = 0;
  bool over_ = false;
  Histogram all_;
  Histogram lately_;
  std::map<std::string, std::uint64_t> failures_;  // by their words
};

asio::awaitable<int> put_load(Program& program, const LoadOptions& options) {
  set_up_library_log(options.common.log);
  outlive_readers();
  HostOptions with;
  with.bind = "0.0.0.0:0";
  with.credentials = options.common.credentials;
  with.member = false;
  with.accept = false;
  with.outliers.latency_factor = static_cast<std::uint32_t>(options.latency_factor);
  if (options.hedge_after > Duration::zero()) {
    with.hedge.delay = options.hedge_after;
    with.hedge.attempts_max = 2;
  }
  auto started = Host::start(program.context(), std::move(with));
  if (!started.ok()) throw cannot_start("0.0.0.0:0", started.status());
  Host host = std::move(*started);
  WorkerRegistry registry(host, options.strategy);
  Status status = registry.start();
  if (status.ok()) status = co_await registry.use(options.targets);
  if (!status.ok()) throw Exit{1, to_text(status)};
  Load load(host, Channel(ClusterClient(host, registry)), options);
  const bool whole = co_await load.run();
  co_return whole ? 0 : 1;
}

}  // namespace

int load(int argc, const char* const* argv) {
  LoadOptions options;
  return Program::run(
      "rpcnet load", [&] { parse(options, argc, argv); },
      [&](Program& program) { return put_load(program, options); });
}

}  // namespace rpcnet::bins
