// Lines of plans.
#include "tests/experiments/fault_makers.h"

#include <algorithm>
#include <utility>

namespace rpcnet::experiments {

Fault block(std::vector<HostIndex> hosts, Duration at, Duration until) {
  Fault fault;
  fault.kind = FaultKind::hold;
  fault.at = at;
  fault.until = until;
  fault.from = std::move(hosts);
  fault.both_ways = true;
  return fault;
}

std::vector<Fault> again_and_again(const Fault& fault, Duration on, Duration off, Duration end) {
  std::vector<Fault> faults;
  for (Duration at = fault.at; at < end; at += on + off) {
    faults.push_back(fault);
    faults.back().at = at;
    faults.back().until = at + on;
  }
  return faults;
}

Fault loss(std::vector<HostIndex> from, std::vector<HostIndex> to, std::int64_t ppm, Duration at,
           Duration until) {
  Fault fault = cut(std::move(from), std::move(to), at, until);
  fault.kind = FaultKind::loss;
  fault.ppm = ppm;
  return fault;
}

Fault cut(std::vector<HostIndex> from, std::vector<HostIndex> to, Duration at, Duration until) {
  Fault fault;
  fault.kind = FaultKind::cut;
  fault.at = at;
  fault.until = until;
  fault.from = std::move(from);
  fault.to = std::move(to);
  return fault;
}

Fault partition(std::vector<std::vector<HostIndex>> groups, Duration at, Duration until) {
  Fault fault;
  fault.kind = FaultKind::partition;
  fault.at = at;
  fault.until = until;
  fault.groups = std::move(groups);
  return fault;
}

Fault host_fault(FaultKind kind, std::vector<HostIndex> hosts, Duration at, Duration until,
                 std::int64_t micros) {
  Fault fault;
  fault.kind = kind;
  fault.at = at;
  fault.until = until;
  fault.hosts = std::move(hosts);
  fault.micros = micros;
  return fault;
}

std::vector<HostIndex> range(HostIndex begin, HostIndex end) {
  std::vector<HostIndex> hosts;
  for (HostIndex host = begin; host < end; ++host) hosts.push_back(host);
  return hosts;
}

std::vector<HostIndex> all_but(std::size_t nodes, const std::vector<HostIndex>& few) {
  std::vector<HostIndex> rest;
  for (HostIndex host = 0; host < nodes; ++host) {
    if (std::find(few.begin(), few.end(), host) == few.end()) rest.push_back(host);
  }
  return rest;
}

}  // namespace rpcnet::experiments
