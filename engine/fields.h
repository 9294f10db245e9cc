// What the engine's words are made of: every struct that goes into or comes out of a node, and the
// configuration, as a tuple of references to its fields in the order of their declaration.
//
// One list serves all who go through the fields one by one: digests (engine/digest.h), recordings
// (engine/recording.h). A struct that grows does not compile until its number here does.
#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "engine/command.h"
#include "engine/config.h"
#include "engine/output.h"
#include "engine/transport.h"

namespace rpcnet {

inline constexpr std::size_t kNoFields = 99;

// How many fields a struct has. Not a struct of this list: kNoFields.
template <typename T>
inline constexpr std::size_t kFields = kNoFields;

template <>
inline constexpr std::size_t kFields<LinkId> = 1;
template <>
inline constexpr std::size_t kFields<StreamId> = 1;
template <>
inline constexpr std::size_t kFields<CallId> = 1;
template <>
inline constexpr std::size_t kFields<Address> = 2;
template <>
inline constexpr std::size_t kFields<PeerIdentity> = 2;
template <>
inline constexpr std::size_t kFields<Peer> = 2;
template <>
inline constexpr std::size_t kFields<Status> = 3;
template <>
inline constexpr std::size_t kFields<TagFilter> = 1;
template <>
inline constexpr std::size_t kFields<Member> = 6;

// Facts.
template <>
inline constexpr std::size_t kFields<LinkUp> = 6;
template <>
inline constexpr std::size_t kFields<LinkDown> = 4;
template <>
inline constexpr std::size_t kFields<DatagramReceived> = 2;
template <>
inline constexpr std::size_t kFields<DatagramLimit> = 2;
template <>
inline constexpr std::size_t kFields<StreamData> = 4;
template <>
inline constexpr std::size_t kFields<StreamReset> = 3;
template <>
inline constexpr std::size_t kFields<StreamStopped> = 3;
template <>
inline constexpr std::size_t kFields<StreamDrained> = 2;
template <>
inline constexpr std::size_t kFields<StreamsAllowed> = 2;

// Orders.
template <>
inline constexpr std::size_t kFields<Connect> = 6;
template <>
inline constexpr std::size_t kFields<CloseLink> = 3;
template <>
inline constexpr std::size_t kFields<SendDatagram> = 2;
template <>
inline constexpr std::size_t kFields<WriteStream> = 4;
template <>
inline constexpr std::size_t kFields<ResetStream> = 3;
template <>
inline constexpr std::size_t kFields<StopStream> = 3;
template <>
inline constexpr std::size_t kFields<ConsumeStream> = 3;
template <>
inline constexpr std::size_t kFields<WatchDrain> = 3;

// Commands.
template <>
inline constexpr std::size_t kFields<Snapshot> = 3;
template <>
inline constexpr std::size_t kFields<Join> = 2;
template <>
inline constexpr std::size_t kFields<Leave> = 0;
template <>
inline constexpr std::size_t kFields<ChangeTags> = 1;
template <>
inline constexpr std::size_t kFields<StartCall> = 8;
template <>
inline constexpr std::size_t kFields<SendMessage> = 3;
template <>
inline constexpr std::size_t kFields<HalfClose> = 1;
template <>
inline constexpr std::size_t kFields<CancelCall> = 1;
template <>
inline constexpr std::size_t kFields<ConsumeMessages> = 3;
template <>
inline constexpr std::size_t kFields<SendHeaders> = 2;
template <>
inline constexpr std::size_t kFields<FinishCall> = 4;
template <>
inline constexpr std::size_t kFields<StopAccepting> = 0;
template <>
inline constexpr std::size_t kFields<OpenRegistry> = 6;
template <>
inline constexpr std::size_t kFields<SelectWorker> = 5;
template <>
inline constexpr std::size_t kFields<ReleaseWorker> = 3;
template <>
inline constexpr std::size_t kFields<RosterEntry> = 6;
template <>
inline constexpr std::size_t kFields<UpdateRoster> = 2;
template <>
inline constexpr std::size_t kFields<CloseDrained> = 0;
template <>
inline constexpr std::size_t kFields<CountElsewhere> = 1;

// Events.
template <>
inline constexpr std::size_t kFields<CallArrived> = 7;
template <>
inline constexpr std::size_t kFields<MessageArrived> = 2;
template <>
inline constexpr std::size_t kFields<CallerHalfClosed> = 1;
template <>
inline constexpr std::size_t kFields<HeadersArrived> = 2;
template <>
inline constexpr std::size_t kFields<CallFinished> = 3;
template <>
inline constexpr std::size_t kFields<CallAborted> = 2;
template <>
inline constexpr std::size_t kFields<CallWritable> = 1;
template <>
inline constexpr std::size_t kFields<MemberEvent> = 2;
template <>
inline constexpr std::size_t kFields<MembersCut> = 1;
template <>
inline constexpr std::size_t kFields<PartitionDetected> = 4;
template <>
inline constexpr std::size_t kFields<PartitionHealed> = 2;
template <>
inline constexpr std::size_t kFields<Joined> = 1;
template <>
inline constexpr std::size_t kFields<JoinRefused> = 1;
template <>
inline constexpr std::size_t kFields<LeaveCompleted> = 1;
template <>
inline constexpr std::size_t kFields<WorkerSelected> = 3;
template <>
inline constexpr std::size_t kFields<Notice> = 2;

// The configuration.
template <>
inline constexpr std::size_t kFields<LinksConfig> = 9;
template <>
inline constexpr std::size_t kFields<VerdictConfig> = 4;
template <>
inline constexpr std::size_t kFields<PartitionConfig> = 6;
template <>
inline constexpr std::size_t kFields<PhiConfig> = 6;
template <>
inline constexpr std::size_t kFields<RpcConfig> = 4;
template <>
inline constexpr std::size_t kFields<RegistryConfig> = 1;
template <>
inline constexpr std::size_t kFields<NodeConfig> = 11;

// Too many to be bound by position: listed by name, and counted.
template <>
inline constexpr std::size_t kFields<SwimConfig> = 54;

template <typename T>
concept HasFields = kFields<T> != kNoFields;

// Converts to whatever a field is.
struct AnyField {
  template <typename T>
  operator T() const;
};

// Can a T be made of so many values? No aggregate can be made of more than it has fields.
template <typename T, std::size_t... I>
constexpr bool takes(std::index_sequence<I...>) {
  return requires { T{(static_cast<void>(I), AnyField{})...}; };
}

template <typename T>
auto fields_of_swim(T& x) {
  constexpr std::size_t kCount = kFields<SwimConfig>;
  static_assert(takes<SwimConfig>(std::make_index_sequence<kCount>{}));
  static_assert(!takes<SwimConfig>(std::make_index_sequence<kCount + 1>{}));
  auto fields = std::tie(
      x.probe_interval, x.round_interval, x.probe_timeout, x.adaptive_probes, x.probe_timeout_min,
      x.indirect_probes, x.stream_probes, x.nacks, x.local_health_max,
      x.local_health_scales_interval, x.local_health_scales_timeout, x.own_network_proof,
      x.own_network_patience, x.suspicion_min_milli, x.suspicion_floor, x.suspicion_max_factor,
      x.suspicion_confirmations, x.suspicion_short_when_few, x.hearsay_grace, x.buddy,
      x.degraded_accusers, x.degraded_refutations, x.flap_half_life, x.flap_suspicion,
      x.return_wait, x.rings, x.full_mesh_max, x.ring_interval, x.heartbeat_interval, x.watch_lease,
      x.retransmit_factor, x.gossip_interval, x.gossip_delay, x.gossip_fanout, x.sync_interval,
      x.heal_interval, x.refused_join_timeout, x.retransmit_in_steps, x.gossip_to_dead,
      x.sync_whole, x.reminders, x.handshake_allowance, x.nacks_late, x.stalls_subtracted,
      x.tombstone_ttl, x.tombstones_max, x.members_max, x.leave_acks, x.leave_timeout, x.tags_max,
      x.sync_bytes_per_s, x.cross_zone_permille, x.verdict, x.partition);
  static_assert(std::tuple_size_v<decltype(fields)> == kCount);
  return fields;
}

// The fields of `x`; references to const if it is.
template <typename T>
auto fields_of(T& x) {
  constexpr std::size_t kCount = kFields<std::remove_const_t<T>>;
  static_assert(kCount != kNoFields);
  if constexpr (std::is_same_v<std::remove_const_t<T>, SwimConfig>) {
    return fields_of_swim(x);
  } else if constexpr (kCount == 0) {
    return std::tuple<>();
  } else if constexpr (kCount == 1) {
    auto& [a] = x;
    return std::tie(a);
  } else if constexpr (kCount == 2) {
    auto& [a, b] = x;
    return std::tie(a, b);
  } else if constexpr (kCount == 3) {
    auto& [a, b, c] = x;
    return std::tie(a, b, c);
  } else if constexpr (kCount == 4) {
    auto& [a, b, c, d] = x;
    return std::tie(a, b, c, d);
  } else if constexpr (kCount == 5) {
    auto& [a, b, c, d, e] = x;
    return std::tie(a, b, c, d, e);
  } else if constexpr (kCount == 6) {
    auto& [a, b, c, d, e, f] = x;
    return std::tie(a, b, c, d, e, f);
  } else if constexpr (kCount == 7) {
    auto& [a, b, c, d, e, f, g] = x;
    return std::tie(a, b, c, d, e, f, g);
  } else if constexpr (kCount == 8) {
    auto& [a, b, c, d, e, f, g, h] = x;
    return std::tie(a, b, c, d, e, f, g, h);
  } else if constexpr (kCount == 9) {
    auto& [a, b, c, d, e, f, g, h, i] = x;
    return std::tie(a, b, c, d, e, f, g, h, i);
  } else if constexpr (kCount == 11) {
    auto& [a, b, c, d, e, f, g, h, i, j, k] = x;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k);
  }
}

}  // namespace rpcnet
