// A plan: everything that a run is, with no freedom left. The plan and the build give the run.
//
// A scenario and a seed expand into one (scenario.h). It can be printed, edited and run alone, and
// is what shrinking works on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/config.h"
#include "sim/fault.h"
#include "sim/latency.h"

namespace rpcnet::sim {

// What programs do; zero switches a part off. It goes on until the calm phase.
struct Workload {
  std::int64_t tokens = 20;    // of one stream session
  std::int64_t token_ms = 50;  // between two tokens of a session
  std::int64_t token_bytes = 16;
  std::int64_t session_gap_ms = 500;  // between a client's sessions
  std::int64_t echo_ms = 200;         // between a client's unary calls
  std::int64_t echo_bytes = 64;       // at most
  std::int64_t cancel_ppm = 20'000;   // calls that are given up
  std::int64_t work_ms = 0;           // a worker thinks up to so long before it answers
  std::int64_t fail_ppm = 20'000;     // calls that a worker answers with a failure
  std::int64_t talk_ms = 400;         // between a client's streaming calls
  std::int64_t talk_messages = 12;    // of such a call, at most
  std::int64_t talk_bytes = 3'000;    // of such a message, at most
  std::int64_t retag_ms = 3'000;      // between a worker's changes of its tags
  std::int64_t choose_ms = 200;       // between a director's choices for nobody
  std::int64_t choose_burst = 0;      // more of them at once, now and then, by weight and load
  std::int64_t running_max = 0;       // unary calls that a worker serves at once; 0: any number
  std::int64_t queue_max = 1;         // and that wait for one of them to end
  std::int64_t batch_max = 4;         // calls of one batch; 0: none are batched
  std::int64_t batch_wait_ms = 50;    // that the first of a batch waits for others
  std::int64_t batch_queue_max = 8;   // calls that wait for a batch

  friend bool operator==(const Workload&, const Workload&) = default;
};

// Packets from one of `from` to one of `to` (everybody, where a list is empty) take another time.
struct LinkLatency {
  std::vector<HostIndex> from;
  std::vector<HostIndex> to;
  Latency latency;

  friend bool operator==(const LinkLatency&, const LinkLatency&) = default;
};

struct Plan {
  std::string name;
  std::uint64_t seed = 0;
  // Hosts in this order: director-0.., worker-0.., client-0... Directors and workers are members.
  std::size_t directors = 1;
  std::size_t workers = 3;
  std::size_t clients = 1;
  bool joined = false;    // all members know each other from the beginning
  std::size_t zones = 1;  // host i stands in zone i % zones
  Latency latency;
  std::vector<LinkLatency> links;  // the first that names a pair counts
  std::uint32_t loss_ppm = 0;
  Duration active = std::chrono::seconds(30);  // then all is healed and has to come to rest
  Duration start_spread = std::chrono::milliseconds(500);  // hosts start within this time
  std::int64_t clock_offset_ms = 0;                        // each host's clock starts up to this
  std::int64_t clock_drift_ppm = 0;                        // and gains or loses up to this
  Duration idle_timeout = std::chrono::seconds(30);        // of links (RFC 9000 10.1)
  std::int64_t peer_streams_max = 4096;
  std::int64_t stream_window_bytes = 1 << 20;
  std::int64_t link_window_bytes = 64 << 20;
  Workload workload;
  std::string profile = "lan";                              // of engine/profiles.h
  std::vector<std::pair<std::string, std::int64_t>> knobs;  // of NodeConfig, by name
  std::vector<Fault> faults;
  std::int64_t false_deaths_max = -1;  // over the run; negative: only what the oracles demand

  std::size_t members() const { return directors + workers; }
  std::size_t hosts() const { return directors + workers + clients; }
  bool is_director(HostIndex host) const { return host < directors; }
  bool is_worker(HostIndex host) const { return host >= directors && host < members(); }
  bool is_client(HostIndex host) const { return host >= members() && host < hosts(); }
  std::string host_name(HostIndex host) const;
  std::optional<HostIndex> host_named(std::string_view text) const;

  friend bool operator==(const Plan&, const Plan&) = default;
};

// The form that scenario files have, one fault a line.
std::string to_text(const Plan& plan);
std::string to_text(const Plan& plan, const Fault& fault);

// A mode of membership by its name in engine/profiles.h; knobs go over it. False: no such.
bool set_profile(NodeConfig& config, std::string_view name);

// Sets one tunable by its name in config.h with its unit, e.g. "probe_interval_ms". False: no such.
bool set_knob(NodeConfig& config, std::string_view name, std::int64_t value);
std::vector<std::string_view> knob_names();

}  // namespace rpcnet::sim
