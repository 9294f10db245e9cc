#include "io/quic/core/stateless.h"

#include <algorithm>
#include <array>

#include "io/quic/core/crypto.h"

namespace rpcnet::quic {

namespace {

// RFC 9000 10.3: at least 5 unpredictable bytes before the 16 of the token, shorter than what it
// answers, so that two endpoints cannot reset each other in a loop.
constexpr std::size_t kResetMin = NGTCP2_MIN_STATELESS_RESET_RANDLEN + 16;
constexpr std::size_t kResetMax = 43;  // enough to look like any short packet

}  // namespace

Stateless::Stateless(Shared& shared, Outbox& outbox)
    : shared_(shared),
      outbox_(outbox),
      limit_(shared.config.stateless_per_second, shared.config.stateless_burst) {}

bool Stateless::allowed() {
  if (limit_.allow(shared_.now)) return true;
  ++shared_.counters.stateless_suppressed;
  return false;
}

void Stateless::push(const Stray& stray, Bytes bytes) {
  outbox_.push({stray.local, stray.remote, std::move(bytes)});
}

void Stateless::negotiate_version(const Stray& stray, const ngtcp2_version_cid& header) {
  // RFC 9000 6: only a packet that could have begun a connection is answered.
  if (stray.bytes.size() < NGTCP2_MAX_UDP_PAYLOAD_SIZE) {
    ++shared_.counters.dropped_garbage;
    return;
  }
  if (!allowed()) return;
  std::uint8_t filler = 0;
  shared_.entropy.fill({&filler, 1});
  constexpr std::array<std::uint32_t, 1> kVersions{NGTCP2_PROTO_VER_V1};
  Bytes out(NGTCP2_MAX_UDP_PAYLOAD_SIZE);
  const ngtcp2_ssize size = ngtcp2_pkt_write_version_negotiation(
      out.data(), out.size(), filler, header.scid, header.scidlen, header.dcid, header.dcidlen,
      kVersions.data(), kVersions.size());
  if (size <= 0) return;
  out.resize(static_cast<std::size_t>(size));
  ++shared_.counters.versions_negotiated;
  push(stray, std::move(out));
}

void Stateless::reset(const Stray& stray, const ConnectionId& id) {
  if (stray.bytes.size() <= kResetMin) {
    ++shared_.counters.dropped_unknown;
    return;
  }
  if (!allowed()) return;
  if (shared_.config.owners > 1) shared_.tell_stray(stray.local, stray.remote, stray.bytes);
  const std::size_t room = std::min(stray.bytes.size() - 1, kResetMax);
  std::array<std::uint8_t, kResetMax - 16> filler{};
  const auto used = std::span(filler).first(room - 16);
  shared_.entropy.fill(used);
  const auto token = crypto::reset_token(shared_.config.reset_key, id);
  Bytes out(room);
  const ngtcp2_ssize size =
      ngtcp2_pkt_write_stateless_reset2(out.data(), out.size(), &token, used.data(), used.size());
  if (size <= 0) return;
  out.resize(static_cast<std::size_t>(size));
  ++shared_.counters.resets_sent;
  push(stray, std::move(out));
}

void Stateless::retry(const Stray& stray, const ngtcp2_pkt_hd& header) {
  if (!allowed()) return;
  Bytes out(NGTCP2_MAX_UDP_PAYLOAD_SIZE);
  const std::size_t size = crypto::write_retry(
      out, shared_.config.token_key, {header.version, header.scid, header.dcid, stray.remote},
      shared_.ids.make(), shared_.now);
  if (size == 0) return;
  out.resize(size);
  ++shared_.counters.retries_sent;
  push(stray, std::move(out));
}

void Stateless::refuse(const Stray& stray, const ngtcp2_pkt_hd& header, std::uint64_t error,
                       std::string_view reason) {
  if (!allowed()) return;
  Bytes out(NGTCP2_MAX_UDP_PAYLOAD_SIZE);
  const std::size_t size =
      crypto::write_refusal(out, header.version, header.scid, header.dcid, error, reason);
  if (size == 0) return;
  out.resize(size);
  push(stray, std::move(out));
}

}  // namespace rpcnet::quic
