// The only door to ngtcp2's crypto helper. The part of it that knows QUIC comes from
// libngtcp2_crypto_wolfssl; the part that encrypts and hashes is ours (wolfcrypt.cc).
#pragma once

#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "engine/address.h"
#include "engine/bytes.h"
#include "engine/instant.h"
#include "io/quic/config.h"
#include "io/quic/core/connection_ids.h"

struct WOLFSSL;
struct WOLFSSL_CTX;

namespace rpcnet::quic::crypto {

// Ties a context to QUIC: TLS 1.3 only, records replaced by CRYPTO frames.
bool configure(WOLFSSL_CTX* context);

// Packet protection and the TLS exchange, all but recv_crypto_data: see HandshakeReader.
void install(ngtcp2_callbacks& callbacks);

// Gives handshake bytes to TLS such that no message's 4-byte header arrives in pieces.
//
// wolfSSL 5.7.2 fails the handshake when the end of a CRYPTO frame completes a header of which an
// earlier frame brought a part (quic_record_append gives 0, which means failure there, where it has
// nothing left to do). ngtcp2 cuts a dialler's ClientHello at random places, so about one handshake
// in 400 would break.
class HandshakeReader {
 public:
  // The result of ngtcp2's recv_crypto_data callback.
  int feed(ngtcp2_conn* conn, ngtcp2_encryption_level level, BytesView bytes);

 private:
  // One state for each of Initial, Handshake and 1-RTT; 0-RTT has no CRYPTO frames.
  struct Level {
    std::array<std::uint8_t, 4> header{};  // type and length (RFC 8446 4)
    std::size_t have = 0;                  // bytes of `header` that are held back
    std::size_t body_left = 0;
  };
  std::array<Level, 4> levels_{};
};

// The token that proves to the peer that we have forgotten `id` (RFC 9000 10.3.2: the same key and
// id always give the same token, which is why a restarted process can still reset).
ngtcp2_stateless_reset_token reset_token(const SecretKey& key, const ConnectionId& id);

// Retry (RFC 9000 8.1.2). 0: could not be written.
struct RetryRequest {
  std::uint32_t version = 0;
  ngtcp2_cid dialler_id{};  // its source id
  ngtcp2_cid first_id{};    // the destination id that it chose
  Address remote;
};
std::size_t write_retry(std::span<std::uint8_t> out, const SecretKey& key, const RetryRequest& to,
                        const ConnectionId& our_id, Instant now);

bool is_retry_token(BytesView token);

// The dialler's first destination id, if the token is ours, fresh, and for this address.
std::optional<ngtcp2_cid> verify_retry_token(BytesView token, const SecretKey& key,
                                             std::uint32_t version, const Address& remote,
                                             const ngtcp2_cid& our_id, Instant now);

// An Initial packet that closes a connection which we never began (RFC 9000 5.2.2).
std::size_t write_refusal(std::span<std::uint8_t> out, std::uint32_t version,
                          const ngtcp2_cid& dialler_id, const ngtcp2_cid& our_id,
                          std::uint64_t error, std::string_view reason);

}  // namespace rpcnet::quic::crypto
