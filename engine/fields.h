// What the engine's words are made of: every struct that goes into or comes out of a node, and the
// configuration, as a tuple of references to its fields in the order of their declaration.
//
// One list serves all who go through the fields one by one: digests (engine/digest.h), recordings
// (engine/recording.h). A struct that grows does not compile until its number here does.
#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>

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
inline constexpr std::size_t kFields<Join> = 1;
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
inline constexpr std::size_t kFields<OpenRegistry> = 3;
template <>
inline constexpr std::size_t kFields<SelectWorker> = 4;

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
inline constexpr std::size_t kFields<Joined> = 1;
template <>
inline constexpr std::size_t kFields<JoinRefused> = 1;
template <>
inline constexpr std::size_t kFields<LeaveCompleted> = 1;
template <>
inline constexpr std::size_t kFields<WorkerSelected> = 2;
template <>
inline constexpr std::size_t kFields<Notice> = 2;

// The configuration.
template <>
inline constexpr std::size_t kFields<LinksConfig> = 6;
template <>
inline constexpr std::size_t kFields<SwimConfig> = 18;
template <>
inline constexpr std::size_t kFields<PhiConfig> = 6;
template <>
inline constexpr std::size_t kFields<RpcConfig> = 4;
template <>
inline constexpr std::size_t kFields<RegistryConfig> = 1;
template <>
inline constexpr std::size_t kFields<NodeConfig> = 11;

template <typename T>
concept HasFields = kFields<T> != kNoFields;

// The fields of `x`; references to const if it is.
template <typename T>
auto fields_of(T& x) {
  constexpr std::size_t kCount = kFields<std::remove_const_t<T>>;
  static_assert(kCount != kNoFields);
  if constexpr (kCount == 0) {
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
  } else if constexpr (kCount == 11) {
    auto& [a, b, c, d, e, f, g, h, i, j, k] = x;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k);
  } else if constexpr (kCount == 18) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r] = x;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r);
  }
}

}  // namespace rpcnet
