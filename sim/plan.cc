// Printing plans, and naming what is in them.
#include "sim/plan.h"

#include <charconv>

#include "sim/settings.h"

namespace rpcnet::sim {
namespace {

std::int64_t in_ms(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

std::int64_t in_us(Duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

const char* to_text(LatencyShape shape) {
  switch (shape) {
    case LatencyShape::fixed: return "fixed";
    case LatencyShape::uniform: return "uniform";
    case LatencyShape::exponential: return "exponential";
    case LatencyShape::tailed: return "tailed";
  }
  return "?";
}

class Line {
 public:
  void number(const char* name, std::int64_t value) { field(name, std::to_string(value)); }
  void word(const char* name, std::string_view value) {
    field(name, '"' + std::string(value) + '"');
  }
  void field(const char* name, const std::string& value) {
    text_ += text_.empty() ? "" : ", ";
    text_ += std::string(name) + " = " + value;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string names(const Plan& plan, const std::vector<HostIndex>& hosts) {
  std::string text = "[";
  for (const HostIndex host : hosts) {
    if (text.size() > 1) text += ", ";
    text += '"' + plan.host_name(host) + '"';
  }
  return text + ']';
}

// ["worker-0 > worker-1: 3 5"]: a path, and the places of its packets.
std::string names(const Plan& plan, const std::vector<PacketName>& packets) {
  std::string text;
  const PacketName* before = nullptr;
  for (const PacketName& one : packets) {
    if (before == nullptr || before->from != one.from || before->to != one.to) {
      text += text.empty() ? "[\"" : "\", \"";
      text += plan.host_name(one.from) + " > " + plan.host_name(one.to) + ':';
    }
    text += ' ' + std::to_string(one.nth);
    before = &one;
  }
  return text.empty() ? "[]" : text + "\"]";
}

void print_links(const Plan& plan, std::string& text) {
  for (const LinkLatency& link : plan.links) {
    text += "\n[[links]]\n";
    if (!link.from.empty()) text += "from = " + names(plan, link.from) + '\n';
    if (!link.to.empty()) text += "to = " + names(plan, link.to) + '\n';
    text += "latency = \"" + std::string(to_text(link.latency.shape)) + "\"\n";
    text += "base_us = " + std::to_string(in_us(link.latency.base)) + '\n';
    text += "spread_us = " + std::to_string(in_us(link.latency.spread)) + '\n';
  }
}

}  // namespace

std::string Plan::host_name(HostIndex host) const {
  if (is_director(host)) return "director-" + std::to_string(host);
  if (is_worker(host)) return "worker-" + std::to_string(host - directors);
  return "client-" + std::to_string(host - members());
}

std::optional<HostIndex> Plan::host_named(std::string_view text) const {
  const auto dash = text.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  std::size_t number = 0;
  const auto digits = text.substr(dash + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  const auto role = text.substr(0, dash);
  const auto within = [&](std::size_t first, std::size_t count) -> std::optional<HostIndex> {
    if (number >= count) return std::nullopt;
    return static_cast<HostIndex>(first + number);
  };
  if (role == "director") return within(0, directors);
  if (role == "worker") return within(directors, workers);
  if (role == "client") return within(members(), clients);
  return std::nullopt;
}

std::string to_text(const Plan& plan, const Fault& fault) {
  Line line;
  line.word("kind", to_text(fault.kind));
  line.number("at_ms", in_ms(fault.at));
  if (has_end(fault.kind)) line.number("until_ms", in_ms(fault.until));
  if (!fault.hosts.empty()) line.field("hosts", names(plan, fault.hosts));
  if (!fault.from.empty()) line.field("from", names(plan, fault.from));
  if (!fault.to.empty()) line.field("to", names(plan, fault.to));
  if (fault.both_ways) line.field("both_ways", "true");
  if (!fault.groups.empty()) {
    std::string groups = "[";
    for (const auto& group : fault.groups) {
      if (groups.size() > 1) groups += ", ";
      groups += names(plan, group);
    }
    line.field("groups", groups + ']');
  }
  if (!fault.packets.empty()) line.field("packets", names(plan, fault.packets));
  if (fault.ppm != 0) line.number("ppm", fault.ppm);
  if (fault.micros != 0) line.number("micros", fault.micros);
  if (fault.spread_micros != 0) line.number("spread_micros", fault.spread_micros);
  if (fault.bytes_per_second != 0) line.number("bytes_per_second", fault.bytes_per_second);
  if (fault.queue_bytes != 0) line.number("queue_bytes", fault.queue_bytes);
  if (fault.bytes != 0) line.number("bytes", fault.bytes);
  if (fault.id) line.number("id", static_cast<std::int64_t>(*fault.id));
  return "{ " + line.text() + " }";
}

std::string to_text(const Plan& plan) {
  const auto row = [](std::string_view name, std::int64_t value) {
    return std::string(name) + " = " + std::to_string(value) + '\n';
  };
  std::string text = "# A plan: a scenario with nothing left to draw. Run it with: sim run FILE\n";
  text += "name = \"" + plan.name + "\"\n";
  // Seeds are 64-bit and TOML's integers are signed: a string carries all of them.
  text += "seed = \"" + std::to_string(plan.seed) + "\"\n";
  if (plan.profile != Plan{}.profile) text += "profile = \"" + plan.profile + "\"\n";
  std::string_view section;
  for (const Setting& setting : settings()) {
    if (setting.section != section) {
      if (section == "network") print_links(plan, text);
      section = setting.section;
      text += "\n[" + std::string(section) + "]\n";
      if (section == "network") {
        text += "latency = \"" + std::string(to_text(plan.latency.shape)) + "\"\n";
      }
    }
    if (setting.key == "false_deaths_max" && plan.false_deaths_max < 0) continue;
    text += row(setting.key, setting.get(plan));
  }
  if (!plan.knobs.empty()) text += "\n[knobs]\n";
  for (const auto& [name, value] : plan.knobs) text += row(name, value);
  text += "\n[faults]\nlines = [\n";
  for (const Fault& fault : plan.faults) text += "  " + to_text(plan, fault) + ",\n";
  return text + "]\n";
}

}  // namespace rpcnet::sim
