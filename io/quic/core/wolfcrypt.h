// The functions of our half of ngtcp2's crypto helper (wolfcrypt.cc) that its other half looks for
// and that ngtcp2 declares only in a header that it does not install (1.24.0, crypto/shared.h).
// <ngtcp2/ngtcp2_crypto.h> declares the rest, and says what they do.
#pragma once

#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include <cstddef>
#include <cstdint>

extern "C" {

ngtcp2_crypto_md* ngtcp2_crypto_md_sha256(ngtcp2_crypto_md* md);
ngtcp2_crypto_aead* ngtcp2_crypto_aead_aes_128_gcm(ngtcp2_crypto_aead* aead);
// For the integrity tag of Retry packets (RFC 9001 5.8).
ngtcp2_crypto_aead* ngtcp2_crypto_aead_retry(ngtcp2_crypto_aead* aead);
// For Initial packets (RFC 9001 5.2).
ngtcp2_crypto_ctx* ngtcp2_crypto_ctx_initial(ngtcp2_crypto_ctx* context);

// Header protection. 0 on success.
int ngtcp2_crypto_cipher_ctx_encrypt_init(ngtcp2_crypto_cipher_ctx* context,
                                          const ngtcp2_crypto_cipher* cipher,
                                          const std::uint8_t* bytes);
void ngtcp2_crypto_cipher_ctx_free(ngtcp2_crypto_cipher_ctx* context);

// Between the TLS session `tls` and the connection. 0 on success.
int ngtcp2_crypto_set_remote_transport_params(ngtcp2_conn* conn, void* tls);
int ngtcp2_crypto_set_local_transport_params(void* tls, const std::uint8_t* bytes,
                                             std::size_t size);

// 0 on success.
int ngtcp2_crypto_random(std::uint8_t* data, std::size_t size);

}  // extern "C"
