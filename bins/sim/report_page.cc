// From a report to the data that page/*.js draws. Times are milliseconds with three digits.
#include "bins/sim/report_page.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "bins/sim/page.h"

namespace rpcnet::bins {
namespace {

using nlohmann::json;

double in_ms(Duration duration) { return static_cast<double>(duration.count() / 1000) / 1000; }
double in_ms(sim::Moment moment) { return in_ms(moment.time_since_epoch()); }

json hosts_of(const sim::Plan& plan) {
  json names = json::array();
  for (sim::HostIndex host = 0; host < plan.hosts(); ++host) names.push_back(plan.host_name(host));
  return names;
}

json faults_of(const sim::Plan& plan, const sim::Report& report) {
  json faults = json::array();
  for (std::size_t i = 0; i < plan.faults.size(); ++i) {
    const sim::Fault& fault = plan.faults[i];
    const bool lasts = sim::has_end(fault.kind);
    faults.push_back({{"kind", sim::to_text(fault.kind)},
                      {"at", in_ms(fault.at)},
                      {"until", in_ms(lasts ? std::min(fault.until, plan.active) : fault.at)},
                      {"lasts", lasts},
                      {"network", sim::is_network(fault.kind)},
                      {"hosts", fault.hosts},
                      {"text", sim::to_text(plan, fault)},
                      {"effects", report.fault_effects[i]}});
  }
  return faults;
}

json timeline_of(const sim::Timeline& timeline) {
  json activity = json::array();
  for (const auto& one : timeline.activity) {
    activity.push_back({in_ms(one.at), one.host, static_cast<int>(one.activity)});
  }
  json opinions = json::array();
  for (const auto& one : timeline.opinions) {
    opinions.push_back({in_ms(one.at), one.observer, one.subject, static_cast<int>(one.opinion)});
  }
  json causes = json::array();
  for (const auto& one : timeline.causes) {
    causes.push_back({in_ms(one.sent), in_ms(one.arrives), one.from, one.to, one.size,
                      one.lost ? 1 : 0, one.hops});
  }
  return {{"activity", activity}, {"opinions", opinions}, {"causes", causes}};
}

json data_of(const sim::Plan& plan, const sim::Report& report, const PageWords& words) {
  json data = timeline_of(*report.timeline);
  data["name"] = plan.name;
  data["seed"] = std::to_string(plan.seed);  // JavaScript has no 64-bit integers
  data["net"] = words.net;
  data["verdict"] = report.verdict == sim::Verdict::pass     ? "pass"
                    : report.verdict == sim::Verdict::oracle ? "FAIL"
                                                             : "vacuous";
  data["failed"] = report.failed;
  data["reason"] = report.reason;
  data["reproduce"] = words.reproduce;
  data["plan"] = sim::to_text(plan);
  data["active"] = in_ms(plan.active);
  data["end"] = in_ms(report.simulated);
  data["hosts"] = hosts_of(plan);
  data["members"] = plan.members();
  data["faults"] = faults_of(plan, report);
  data["counts"] = report.counts;
  data["checks"] = report.checks;
  data["trace"] = sim::to_text(report.trace);
  data["lines"] = report.last_lines;
  if (report.failed_host) data["failed_host"] = *report.failed_host;
  return data;
}

void replace(std::string& text, std::string_view what, std::string_view by) {
  const auto at = text.find(what);
  if (at != text.npos) text.replace(at, what.size(), by);
}

}  // namespace

bool write_report_page(const std::string& file, const sim::Plan& plan, const sim::Report& report,
                       const PageWords& words) {
  constexpr auto kAnyBytes = json::error_handler_t::replace;
  std::string data = data_of(plan, report, words).dump(-1, ' ', false, kAnyBytes);
  // Nothing in a text may end the script that holds it.
  for (std::size_t at = 0; (at = data.find("</", at)) != data.npos; at += 3) {
    data.replace(at, 2, "<\\/");
  }
  std::string page(kPageHtml);
  replace(page, "/*style*/", kPageStyle);
  replace(page, "/*data*/", data);
  replace(page, "/*script*/", kPageScript);
  replace(page, "/*title*/", plan.name + " seed " + std::to_string(plan.seed));
  std::ofstream out(file, std::ios::binary);
  out << page;
  out.close();
  return out.good();
}

}  // namespace rpcnet::bins
