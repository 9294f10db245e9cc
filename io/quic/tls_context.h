// The process's TLS side: certificate, key and authority, checked once, shared by all links.
//
// Takes PEM bytes; reading files is the driver's job. TLS 1.3 only, no session cache, no tickets.
// Immutable: a reload makes a new TlsContext and hands it to Endpoint::use_tls; links that are up
// keep the one they began with.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/bytes.h"
#include "engine/transport.h"
#include "io/quic/config.h"

struct WOLFSSL_CTX;

namespace rpcnet::quic {

struct TlsMaterial {
  // Our certificate, then its intermediates; and its private key. Both empty: a client without a
  // certificate, which can dial rpcnet/1 where the server allows it and accept nothing.
  std::string_view certificate_pem;
  std::string_view key_pem;

  // Who signs the members of our cluster. Always needed.
  std::string_view authority_pem;
};

class TlsContext {
 public:
  struct Loaded {
    std::shared_ptr<const TlsContext> context;  // null: see error
    std::string error;                          // which of the three, and what is wrong with it
  };

  // Reads the date through the hook of tls_hooks.h, to tell an expired certificate at once.
  static Loaded load(const TlsMaterial& material);

  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

  // What our own certificate says; absent without a certificate.
  const std::optional<PeerIdentity>& identity() const { return identity_; }

  // The end of our certificate's validity, as "2027-11-23 12:00:00 UTC"; empty without one.
  const std::string& valid_until() const { return valid_until_; }

  // A key that only the holder of our private key can compute, one per label: for
  // EndpointConfig::reset_key and token_key. Without a certificate there is no such key: nullopt.
  std::optional<SecretKey> derive_key(std::string_view label) const;

  WOLFSSL_CTX* dialling() const { return dialling_; }
  WOLFSSL_CTX* accepting() const { return accepting_; }  // null without a certificate

 private:
  TlsContext();

  WOLFSSL_CTX* dialling_ = nullptr;
  WOLFSSL_CTX* accepting_ = nullptr;
  std::optional<PeerIdentity> identity_;
  std::string valid_until_;
  SecretKey root_key_{};  // hash of the private key, never the key itself
};

}  // namespace rpcnet::quic
