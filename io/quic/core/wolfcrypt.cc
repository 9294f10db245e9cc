// What ngtcp2 needs of cryptography, straight on wolfCrypt.
//
// It takes the place of libngtcp2_crypto_wolfssl's own half: the archive's other half, which knows
// QUIC (key derivation, tokens, Retry), finds these functions first, so that the linker leaves the
// original out. That one goes through wolfSSL's EVP layer, which makes a key context with a random
// generator of its own for each of a handshake's 54 HKDF steps, and allocates and copies for every
// packet.
//
// Two suites are offered (tls_context.cc), so two are here; both hash with SHA-256. Everything may
// work in place: `dest` may be `plaintext`.
#include "io/quic/core/wolfcrypt.h"

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/aes.h>
#include <wolfssl/wolfcrypt/chacha.h>
#include <wolfssl/wolfcrypt/chacha20_poly1305.h>
#include <wolfssl/wolfcrypt/hmac.h>

#include <wolfssl/quic.h>

#include <algorithm>
#include <array>
#include <new>

#include "io/quic/core/crypto.h"
#include "io/quic/tls_hooks.h"

namespace rpcnet::quic {
namespace {

constexpr std::size_t kTagSize = 16;
constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kSampleSize = 16;  // RFC 9001 5.4.2

// A cipher suite. ngtcp2 carries a pointer to it around as AEAD and as header protection.
struct Suite {
  bool aes = true;  // AES-128-GCM, else ChaCha20-Poly1305
  std::size_t key_size = 0;
  std::uint64_t encryptions_max = 0;  // of one key, and failed decryptions: RFC 9001 6.6
  std::uint64_t failures_max = 0;
};
constexpr Suite kAes{true, 16, std::uint64_t{1} << 23, std::uint64_t{1} << 52};
constexpr Suite kChaCha{false, 32, std::uint64_t{1} << 62, std::uint64_t{1} << 36};

// ngtcp2's handles are not const; nobody writes through them.
void* handle(const Suite& suite) { return const_cast<Suite*>(&suite); }
const Suite& suite_of(const void* native) { return *static_cast<const Suite*>(native); }

// One direction's key of packets, or of headers.
struct CipherKey {
  const Suite* suite = nullptr;
  Aes aes{};                           // for the suite with AES
  ChaCha chacha{};                     // for headers of the other
  std::array<std::uint8_t, 32> raw{};  // for packets of the other
};

void free_key(void* native) {
  auto* key = static_cast<CipherKey*>(native);
  if (key == nullptr) return;
  if (key->suite->aes) wc_AesFree(&key->aes);
  ngtcp2_secure_clear(key, sizeof *key);
  delete key;
}

CipherKey* new_key(const void* native_suite) {
  auto* key = new (std::nothrow) CipherKey;
  if (key == nullptr) return nullptr;
  key->suite = &suite_of(native_suite);
  if (key->suite->aes && wc_AesInit(&key->aes, nullptr, INVALID_DEVID) != 0) {
    delete key;
    return nullptr;
  }
  return key;
}

// The same for both directions: GCM and ChaCha20 encrypt in order to decrypt.
int init_packet_key(ngtcp2_crypto_aead_ctx* context, const ngtcp2_crypto_aead* aead,
                    const std::uint8_t* bytes) {
  CipherKey* key = new_key(aead->native_handle);
  if (key == nullptr) return -1;
  if (key->suite->aes) {
    if (wc_AesGcmSetKey(&key->aes, bytes, static_cast<word32>(key->suite->key_size)) != 0) {
      free_key(key);
      return -1;
    }
  } else {
    std::copy_n(bytes, key->raw.size(), key->raw.begin());
  }
  context->native_handle = key;
  return 0;
}

word32 size32(std::size_t size) { return static_cast<word32>(size); }

// ------------------------------------------------------------------------- what TLS gives to QUIC

ngtcp2_conn* connection_of(WOLFSSL* session) {
  auto* reference = static_cast<ngtcp2_crypto_conn_ref*>(wolfSSL_get_app_data(session));
  return reference->get_conn(reference);
}

ngtcp2_encryption_level level_of(WOLFSSL_ENCRYPTION_LEVEL level) {
  switch (level) {
    case wolfssl_encryption_initial: return NGTCP2_ENCRYPTION_LEVEL_INITIAL;
    case wolfssl_encryption_early_data: return NGTCP2_ENCRYPTION_LEVEL_0RTT;
    case wolfssl_encryption_handshake: return NGTCP2_ENCRYPTION_LEVEL_HANDSHAKE;
    case wolfssl_encryption_application: break;
  }
  return NGTCP2_ENCRYPTION_LEVEL_1RTT;
}

WOLFSSL_ENCRYPTION_LEVEL level_of(ngtcp2_encryption_level level) {
  switch (level) {
    case NGTCP2_ENCRYPTION_LEVEL_INITIAL: return wolfssl_encryption_initial;
    case NGTCP2_ENCRYPTION_LEVEL_0RTT: return wolfssl_encryption_early_data;
    case NGTCP2_ENCRYPTION_LEVEL_HANDSHAKE: return wolfssl_encryption_handshake;
    case NGTCP2_ENCRYPTION_LEVEL_1RTT: break;
  }
  return wolfssl_encryption_application;
}

int set_secrets(WOLFSSL* session, WOLFSSL_ENCRYPTION_LEVEL level, const std::uint8_t* receive,
                const std::uint8_t* send, std::size_t size) {
  ngtcp2_conn* conn = connection_of(session);
  if (receive != nullptr &&
      ngtcp2_crypto_derive_and_install_rx_key(conn, nullptr, nullptr, nullptr, level_of(level),
                                              receive, size) != 0) {
    return 0;
  }
  if (send != nullptr && ngtcp2_crypto_derive_and_install_tx_key(
                             conn, nullptr, nullptr, nullptr, level_of(level), send, size) != 0) {
    return 0;
  }
  return 1;
}

int add_handshake_data(WOLFSSL* session, WOLFSSL_ENCRYPTION_LEVEL level, const std::uint8_t* data,
                       std::size_t size) {
  ngtcp2_conn* conn = connection_of(session);
  const int error = ngtcp2_conn_submit_crypto_data(conn, level_of(level), data, size);
  if (error == 0) return 1;
  ngtcp2_conn_set_tls_error(conn, error);
  return 0;
}

int flush_flight(WOLFSSL*) { return 1; }

int send_alert(WOLFSSL* session, WOLFSSL_ENCRYPTION_LEVEL, std::uint8_t alert) {
  ngtcp2_conn_set_tls_alert(connection_of(session), alert);
  return 1;
}

constexpr WOLFSSL_QUIC_METHOD kMethod{set_secrets, add_handshake_data, flush_flight, send_alert};

}  // namespace

bool crypto::configure(WOLFSSL_CTX* context) {
  return wolfSSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == WOLFSSL_SUCCESS &&
         wolfSSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == WOLFSSL_SUCCESS &&
         wolfSSL_CTX_set_quic_method(context, &kMethod) == WOLFSSL_SUCCESS;
}

}  // namespace rpcnet::quic

// ------------------------------------------------------- the functions of <ngtcp2/ngtcp2_crypto.h>

using rpcnet::quic::CipherKey;
using rpcnet::quic::handle;
using rpcnet::quic::kAes;
using rpcnet::quic::kChaCha;
using rpcnet::quic::size32;
using rpcnet::quic::suite_of;

extern "C" {

ngtcp2_crypto_aead* ngtcp2_crypto_aead_init(ngtcp2_crypto_aead* aead, void* native) {
  aead->native_handle = native;
  aead->max_overhead = rpcnet::quic::kTagSize;
  return aead;
}

ngtcp2_crypto_aead* ngtcp2_crypto_aead_aes_128_gcm(ngtcp2_crypto_aead* aead) {
  return ngtcp2_crypto_aead_init(aead, handle(kAes));
}

ngtcp2_crypto_aead* ngtcp2_crypto_aead_retry(ngtcp2_crypto_aead* aead) {
  return ngtcp2_crypto_aead_aes_128_gcm(aead);
}

ngtcp2_crypto_md* ngtcp2_crypto_md_sha256(ngtcp2_crypto_md* md) {
  md->native_handle = nullptr;  // there is no other
  return md;
}

ngtcp2_crypto_ctx* ngtcp2_crypto_ctx_initial(ngtcp2_crypto_ctx* ctx) {
  ngtcp2_crypto_aead_aes_128_gcm(&ctx->aead);
  ngtcp2_crypto_md_sha256(&ctx->md);
  ctx->hp.native_handle = handle(kAes);
  ctx->max_encryption = 0;
  ctx->max_decryption_failure = 0;
  return ctx;
}

ngtcp2_crypto_ctx* ngtcp2_crypto_ctx_tls(ngtcp2_crypto_ctx* ctx, void* tls_native_handle) {
  const WOLFSSL_EVP_CIPHER* agreed =
      wolfSSL_quic_get_aead(static_cast<WOLFSSL*>(tls_native_handle));
  if (agreed == nullptr) return nullptr;
  const bool aes = wolfSSL_quic_aead_is_gcm(agreed) != 0;
  if (!aes && wolfSSL_quic_aead_is_chacha20(agreed) == 0) return nullptr;
  const auto& suite = aes ? kAes : kChaCha;
  if (static_cast<std::size_t>(wolfSSL_EVP_Cipher_key_length(agreed)) != suite.key_size) {
    return nullptr;  // AES-256, which we do not offer
  }
  ngtcp2_crypto_aead_init(&ctx->aead, handle(suite));
  ngtcp2_crypto_md_sha256(&ctx->md);
  ctx->hp.native_handle = handle(suite);
  ctx->max_encryption = suite.encryptions_max;
  ctx->max_decryption_failure = suite.failures_max;
  return ctx;
}

ngtcp2_crypto_ctx* ngtcp2_crypto_ctx_tls_early(ngtcp2_crypto_ctx* ctx, void* tls_native_handle) {
  return ngtcp2_crypto_ctx_tls(ctx, tls_native_handle);
}

std::size_t ngtcp2_crypto_md_hashlen(const ngtcp2_crypto_md*) { return WC_SHA256_DIGEST_SIZE; }

std::size_t ngtcp2_crypto_aead_keylen(const ngtcp2_crypto_aead* aead) {
  return suite_of(aead->native_handle).key_size;
}

std::size_t ngtcp2_crypto_aead_noncelen(const ngtcp2_crypto_aead*) {
  return rpcnet::quic::kNonceSize;
}

int ngtcp2_crypto_aead_ctx_encrypt_init(ngtcp2_crypto_aead_ctx* context,
                                        const ngtcp2_crypto_aead* aead, const std::uint8_t* key,
                                        std::size_t) {
  return rpcnet::quic::init_packet_key(context, aead, key);
}

int ngtcp2_crypto_aead_ctx_decrypt_init(ngtcp2_crypto_aead_ctx* context,
                                        const ngtcp2_crypto_aead* aead, const std::uint8_t* key,
                                        std::size_t) {
  return rpcnet::quic::init_packet_key(context, aead, key);
}

void ngtcp2_crypto_aead_ctx_free(ngtcp2_crypto_aead_ctx* context) {
  rpcnet::quic::free_key(context->native_handle);
}

int ngtcp2_crypto_cipher_ctx_encrypt_init(ngtcp2_crypto_cipher_ctx* context,
                                          const ngtcp2_crypto_cipher* cipher,
                                          const std::uint8_t* bytes) {
  CipherKey* key = rpcnet::quic::new_key(cipher->native_handle);
  if (key == nullptr) return -1;
  const word32 size = size32(key->suite->key_size);
  const int error = key->suite->aes
                        ? wc_AesSetKeyDirect(&key->aes, bytes, size, nullptr, AES_ENCRYPTION)
                        : wc_Chacha_SetKey(&key->chacha, bytes, size);
  if (error != 0) {
    rpcnet::quic::free_key(key);
    return -1;
  }
  context->native_handle = key;
  return 0;
}

void ngtcp2_crypto_cipher_ctx_free(ngtcp2_crypto_cipher_ctx* context) {
  rpcnet::quic::free_key(context->native_handle);
}

int ngtcp2_crypto_hkdf_extract(std::uint8_t* dest, const ngtcp2_crypto_md*,
                               const std::uint8_t* secret, std::size_t secret_size,
                               const std::uint8_t* salt, std::size_t salt_size) {
  return wc_HKDF_Extract(WC_SHA256, salt, size32(salt_size), secret, size32(secret_size), dest) == 0
             ? 0
             : -1;
}

int ngtcp2_crypto_hkdf_expand(std::uint8_t* dest, std::size_t dest_size, const ngtcp2_crypto_md*,
                              const std::uint8_t* secret, std::size_t secret_size,
                              const std::uint8_t* info, std::size_t info_size) {
  return wc_HKDF_Expand(WC_SHA256, secret, size32(secret_size), info, size32(info_size), dest,
                        size32(dest_size)) == 0
             ? 0
             : -1;
}

int ngtcp2_crypto_hkdf(std::uint8_t* dest, std::size_t dest_size, const ngtcp2_crypto_md*,
                       const std::uint8_t* secret, std::size_t secret_size,
                       const std::uint8_t* salt, std::size_t salt_size, const std::uint8_t* info,
                       std::size_t info_size) {
  return wc_HKDF(WC_SHA256, secret, size32(secret_size), salt, size32(salt_size), info,
                 size32(info_size), dest, size32(dest_size)) == 0
             ? 0
             : -1;
}

int ngtcp2_crypto_encrypt(std::uint8_t* dest, const ngtcp2_crypto_aead*,
                          const ngtcp2_crypto_aead_ctx* context, const std::uint8_t* plaintext,
                          std::size_t plaintext_size, const std::uint8_t* nonce,
                          std::size_t nonce_size, const std::uint8_t* aad, std::size_t aad_size) {
  auto* key = static_cast<CipherKey*>(context->native_handle);
  std::uint8_t* tag = dest + plaintext_size;
  const int error = key->suite->aes
                        ? wc_AesGcmEncrypt(&key->aes, dest, plaintext, size32(plaintext_size),
                                           nonce, size32(nonce_size), tag,
                                           size32(rpcnet::quic::kTagSize), aad, size32(aad_size))
                        : wc_ChaCha20Poly1305_Encrypt(key->raw.data(), nonce, aad, size32(aad_size),
                                                      plaintext, size32(plaintext_size), dest, tag);
  return error == 0 ? 0 : -1;
}

int ngtcp2_crypto_decrypt(std::uint8_t* dest, const ngtcp2_crypto_aead*,
                          const ngtcp2_crypto_aead_ctx* context, const std::uint8_t* ciphertext,
                          std::size_t ciphertext_size, const std::uint8_t* nonce,
                          std::size_t nonce_size, const std::uint8_t* aad, std::size_t aad_size) {
  if (ciphertext_size < rpcnet::quic::kTagSize) return -1;
  auto* key = static_cast<CipherKey*>(context->native_handle);
  const std::size_t size = ciphertext_size - rpcnet::quic::kTagSize;
  const std::uint8_t* tag = ciphertext + size;
  const int error =
      key->suite->aes
          ? wc_AesGcmDecrypt(&key->aes, dest, ciphertext, size32(size), nonce, size32(nonce_size),
                             tag, size32(rpcnet::quic::kTagSize), aad, size32(aad_size))
          : wc_ChaCha20Poly1305_Decrypt(key->raw.data(), nonce, aad, size32(aad_size), ciphertext,
                                        size32(size), tag, dest);
  return error == 0 ? 0 : -1;
}

// RFC 9001 5.4.3 and 5.4.4. `dest` has room for a block; five bytes of it count.
int ngtcp2_crypto_hp_mask(std::uint8_t* dest, const ngtcp2_crypto_cipher*,
                          const ngtcp2_crypto_cipher_ctx* context, const std::uint8_t* sample) {
  auto* key = static_cast<CipherKey*>(context->native_handle);
  if (key->suite->aes) return wc_AesEncryptDirect(&key->aes, dest, sample) == 0 ? 0 : -1;
  static constexpr std::array<std::uint8_t, 5> kZeros{};
  const word32 counter = static_cast<word32>(sample[0]) | static_cast<word32>(sample[1]) << 8 |
                         static_cast<word32>(sample[2]) << 16 |
                         static_cast<word32>(sample[3]) << 24;
  static_assert(rpcnet::quic::kSampleSize == 4 + CHACHA_IV_BYTES);
  if (wc_Chacha_SetIV(&key->chacha, sample + 4, counter) != 0) return -1;
  return wc_Chacha_Process(&key->chacha, dest, kZeros.data(), size32(kZeros.size())) == 0 ? 0 : -1;
}

int ngtcp2_crypto_read_write_crypto_data(ngtcp2_conn* conn, ngtcp2_encryption_level level,
                                         const std::uint8_t* data, std::size_t size) {
  auto* session = static_cast<WOLFSSL*>(ngtcp2_conn_get_tls_native_handle2(conn));
  const auto waits = [session](int result) {
    const int error = wolfSSL_get_error(session, result);
    return error == WOLFSSL_ERROR_WANT_READ || error == WOLFSSL_ERROR_WANT_WRITE;
  };
  if (size > 0 && wolfSSL_provide_quic_data(session, rpcnet::quic::level_of(level), data, size) !=
                      WOLFSSL_SUCCESS) {
    return -1;
  }
  if (!ngtcp2_conn_get_handshake_completed2(conn)) {
    const int result = wolfSSL_quic_do_handshake(session);
    if (result <= 0) return waits(result) ? 0 : -1;
    ngtcp2_conn_tls_handshake_completed(conn);
  }
  const int result = wolfSSL_process_quic_post_handshake(session);
  return result == 1 || waits(result) ? 0 : -1;
}

int ngtcp2_crypto_set_remote_transport_params(ngtcp2_conn* conn, void* tls) {
  const std::uint8_t* params = nullptr;
  std::size_t size = 0;
  wolfSSL_get_peer_quic_transport_params(static_cast<WOLFSSL*>(tls), &params, &size);
  const int error = ngtcp2_conn_decode_and_set_remote_transport_params(conn, params, size);
  if (error == 0) return 0;
  ngtcp2_conn_set_tls_error(conn, error);
  return -1;
}

int ngtcp2_crypto_set_local_transport_params(void* tls, const std::uint8_t* bytes,
                                             std::size_t size) {
  return wolfSSL_set_quic_transport_params(static_cast<WOLFSSL*>(tls), bytes, size) ==
                 WOLFSSL_SUCCESS
             ? 0
             : -1;
}

int ngtcp2_crypto_random(std::uint8_t* data, std::size_t size) {
  return rpcnet_tls_random(data, size32(size)) == 0 ? 0 : -1;
}

}  // extern "C"
