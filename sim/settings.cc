// The table, and what is in range.
#include "sim/settings.h"

#include <array>
#include <type_traits>

namespace rpcnet::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kMillion = 1'000'000;
constexpr std::int64_t kHostsMax = 100'000;
constexpr std::int64_t kBytesMax = std::int64_t{1} << 40;

// Which part of a plan a member belongs to.
template <typename P, typename T>
auto& owner(P& plan, T Plan::*) {
  return plan;
}
template <typename P, typename T>
auto& owner(P& plan, T Latency::*) {
  return plan.latency;
}
template <typename P, typename T>
auto& owner(P& plan, T Workload::*) {
  return plan.workload;
}

struct Limits {
  std::int64_t lowest = 0;
  std::int64_t highest = 0;
  std::int64_t simplest = 0;
};

// A plain number.
template <auto member>
constexpr Setting number(std::string_view section, std::string_view key, Limits limits) {
  const auto get = [](const Plan& plan) {
    return static_cast<std::int64_t>(owner(plan, member).*member);
  };
  const auto set = [](Plan& plan, std::int64_t value) {
    auto& field = owner(plan, member).*member;
    field = static_cast<std::remove_reference_t<decltype(field)>>(value);
  };
  return {section, key, get, set, limits.lowest, limits.highest, limits.simplest};
}

// A Duration that files give in Unit.
template <auto member, typename Unit>
constexpr Setting time(std::string_view section, std::string_view key, Limits limits) {
  const auto get = [](const Plan& plan) {
    return static_cast<std::int64_t>(
        std::chrono::duration_cast<Unit>(owner(plan, member).*member).count());
  };
  const auto set = [](Plan& plan, std::int64_t value) {
    owner(plan, member).*member = Unit(value);
  };
  return {section, key, get, set, limits.lowest, limits.highest, limits.simplest};
}

constexpr std::array kSettings{
    time<&Plan::active, milliseconds>("", "active_ms", {1'000, 366 * kDayMs, 1'000}),
    time<&Plan::start_spread, milliseconds>("", "start_spread_ms", {0, kDayMs, 0}),
    number<&Plan::false_deaths_max>("", "false_deaths_max", {-1, kBytesMax, -1}),
    number<&Plan::directors>("cluster", "directors", {0, kHostsMax, 1}),
    number<&Plan::workers>("cluster", "workers", {0, kHostsMax, 0}),
    number<&Plan::clients>("cluster", "clients", {0, kHostsMax, 0}),
    number<&Plan::joined>("cluster", "joined", {0, 1, 0}),
    number<&Plan::zones>("cluster", "zones", {1, kHostsMax, 1}),
    number<&Plan::clock_offset_ms>("cluster", "clock_offset_ms", {0, 366 * kDayMs, 0}),
    number<&Plan::clock_drift_ppm>("cluster", "clock_drift_ppm", {0, kMillion / 2, 0}),
    time<&Latency::base, microseconds>("network", "base_us", {0, kDayMs, 100}),
    time<&Latency::spread, microseconds>("network", "spread_us", {0, kDayMs, 0}),
    number<&Plan::loss_ppm>("network", "loss_ppm", {0, kMillion, 0}),
    time<&Plan::idle_timeout, milliseconds>("network", "idle_timeout_ms", {1'000, kDayMs, 30'000}),
    number<&Plan::peer_streams_max>("network", "peer_streams_max", {1, kMillion, 4096}),
    number<&Plan::stream_window_bytes>("network", "stream_window_bytes", {1, kBytesMax, 1 << 20}),
    number<&Plan::link_window_bytes>("network", "link_window_bytes", {1, kBytesMax, 64 << 20}),
    number<&Workload::tokens>("workload", "tokens", {0, kMillion, 0}),
    number<&Workload::token_ms>("workload", "token_ms", {0, kDayMs, 50}),
    number<&Workload::token_bytes>("workload", "token_bytes", {0, kMillion, 16}),
    number<&Workload::session_gap_ms>("workload", "session_gap_ms", {0, kDayMs, 500}),
    number<&Workload::echo_ms>("workload", "echo_ms", {0, kDayMs, 0}),
    number<&Workload::echo_bytes>("workload", "echo_bytes", {0, kMillion, 64}),
    number<&Workload::cancel_ppm>("workload", "cancel_ppm", {0, kMillion, 0}),
    number<&Workload::work_ms>("workload", "work_ms", {0, kDayMs, 0}),
    number<&Workload::fail_ppm>("workload", "fail_ppm", {0, kMillion, 0}),
    number<&Workload::talk_ms>("workload", "talk_ms", {0, kDayMs, 0}),
    number<&Workload::talk_messages>("workload", "talk_messages", {0, kMillion, 12}),
    number<&Workload::talk_bytes>("workload", "talk_bytes", {0, kMillion, 3'000}),
    number<&Workload::retag_ms>("workload", "retag_ms", {0, kDayMs, 0}),
    number<&Workload::choose_ms>("workload", "choose_ms", {0, kDayMs, 200}),
    number<&Workload::choose_burst>("workload", "choose_burst", {0, 1000, 0}),
    number<&Workload::running_max>("workload", "running_max", {0, kMillion, 0}),
    number<&Workload::queue_max>("workload", "queue_max", {0, kMillion, 1}),
    number<&Workload::batch_max>("workload", "batch_max", {0, kMillion, 0}),
    number<&Workload::batch_wait_ms>("workload", "batch_wait_ms", {0, kDayMs, 50}),
    number<&Workload::batch_queue_max>("workload", "batch_queue_max", {0, kMillion, 8}),
};

}  // namespace

bool Setting::is_named(std::string_view name) const {
  if (section.empty()) return name == key;
  return name.size() == section.size() + 1 + key.size() && name.starts_with(section) &&
         name[section.size()] == '.' && name.ends_with(key);
}

std::span<const Setting> settings() { return kSettings; }

}  // namespace rpcnet::sim
