#include "io/quic/core/crypto.h"

#include <algorithm>
#include <array>

#include "engine/assert.h"
#include "io/quic/core/udp_path.h"

namespace rpcnet::quic::crypto {

namespace {

// How long a Retry token is good: a few round trips, so that a captured one is soon worthless.
constexpr std::uint64_t kRetryTokenLifetime = 10 * NGTCP2_SECONDS;

ngtcp2_tstamp stamp(Instant now) {
  return static_cast<ngtcp2_tstamp>(now.time_since_epoch().count());
}

}  // namespace

void install(ngtcp2_callbacks& callbacks) {
  callbacks.client_initial = ngtcp2_crypto_client_initial_cb;
  callbacks.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb;
  callbacks.encrypt = ngtcp2_crypto_encrypt_cb;
  callbacks.decrypt = ngtcp2_crypto_decrypt_cb;
  callbacks.hp_mask = ngtcp2_crypto_hp_mask_cb;
  callbacks.recv_retry = ngtcp2_crypto_recv_retry_cb;
  callbacks.update_key = ngtcp2_crypto_update_key_cb;
  callbacks.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb;
  callbacks.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb;
  callbacks.version_negotiation = ngtcp2_crypto_version_negotiation_cb;
}

int HandshakeReader::feed(ngtcp2_conn* conn, ngtcp2_encryption_level level, BytesView bytes) {
  const auto give = [&](BytesView piece) {
    return ngtcp2_crypto_recv_crypto_data_cb(conn, level, 0, piece.data(), piece.size(), nullptr);
  };
  Level& state = levels_.at(static_cast<std::size_t>(level));
  const auto body_size = [&state] {
    return (std::size_t{state.header[1]} << 16) | (std::size_t{state.header[2]} << 8) |
           state.header[3];
  };

  BytesView rest = bytes;
  const auto take_header = [&](std::size_t from) {
    while (state.have < state.header.size() && from < rest.size()) {
      state.header[state.have++] = rest[from++];
    }
    return from;
  };

  if (state.have > 0) {
    rest = rest.subspan(take_header(0));
    if (state.have < state.header.size()) return 0;
    state.have = 0;
    state.body_left = body_size();
    if (const int error = give(state.header); error != 0) return error;
  }

  // From here on `rest` goes out as it is, up to the header that its end may have cut.
  std::size_t whole = 0;
  while (whole < rest.size()) {
    if (state.body_left > 0) {
      const std::size_t body = std::min(state.body_left, rest.size() - whole);
      state.body_left -= body;
      whole += body;
      continue;
    }
    const std::size_t after = take_header(whole);
    if (state.have < state.header.size()) break;
    state.have = 0;
    state.body_left = body_size();
    whole = after;
  }
  return whole == 0 ? 0 : give(rest.first(whole));
}

ngtcp2_stateless_reset_token reset_token(const SecretKey& key, const ConnectionId& id) {
  ngtcp2_stateless_reset_token token{};
  const ngtcp2_cid raw = id.raw();
  // Fails only without memory.
  const int result =
      ngtcp2_crypto_generate_stateless_reset_token(token.data, key.data(), key.size(), &raw);
  ENGINE_ASSERT(result == 0);
  return token;
}

std::size_t write_retry(std::span<std::uint8_t> out, const SecretKey& key, const RetryRequest& to,
                        const ConnectionId& our_id, Instant now) {
  std::array<std::uint8_t, NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN2> token{};
  const sockaddr_in6 remote = to_sockaddr(to.remote);
  const ngtcp2_cid scid = our_id.raw();
  const ngtcp2_ssize token_size =
      ngtcp2_crypto_generate_retry_token2(token.data(), key.data(), key.size(), to.version,
                                          reinterpret_cast<const ngtcp2_sockaddr*>(&remote),
                                          sizeof remote, &scid, &to.first_id, stamp(now));
  if (token_size < 0) return 0;
  const ngtcp2_ssize size =
      ngtcp2_crypto_write_retry(out.data(), out.size(), to.version, &to.dialler_id, &scid,
                                &to.first_id, token.data(), static_cast<std::size_t>(token_size));
  return size < 0 ? 0 : static_cast<std::size_t>(size);
}

bool is_retry_token(BytesView token) {
  return !token.empty() && token.front() == NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY2;
}

std::optional<ngtcp2_cid> verify_retry_token(BytesView token, const SecretKey& key,
                                             std::uint32_t version, const Address& remote,
                                             const ngtcp2_cid& our_id, Instant now) {
  const sockaddr_in6 raw_remote = to_sockaddr(remote);
  ngtcp2_cid first_id{};
  const int result = ngtcp2_crypto_verify_retry_token2(
      &first_id, token.data(), token.size(), key.data(), key.size(), version,
      reinterpret_cast<const ngtcp2_sockaddr*>(&raw_remote), sizeof raw_remote, &our_id,
      kRetryTokenLifetime, stamp(now));
  if (result != 0) return std::nullopt;
  return first_id;
}

std::size_t write_refusal(std::span<std::uint8_t> out, std::uint32_t version,
                          const ngtcp2_cid& dialler_id, const ngtcp2_cid& our_id,
                          std::uint64_t error, std::string_view reason) {
  const ngtcp2_ssize size = ngtcp2_crypto_write_connection_close(
      out.data(), out.size(), version, &dialler_id, &our_id, error,
      reinterpret_cast<const std::uint8_t*>(reason.data()), reason.size());
  return size < 0 ? 0 : static_cast<std::size_t>(size);
}

}  // namespace rpcnet::quic::crypto
