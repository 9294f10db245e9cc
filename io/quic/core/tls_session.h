// One link's TLS exchange: RAII over WOLFSSL, with what we need to know of it afterwards.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "engine/transport.h"
#include "io/quic/core/crypto.h"
#include "io/quic/core/identity.h"
#include "io/quic/tls_context.h"

struct WOLFSSL;
struct WOLFSSL_X509_STORE_CTX;

namespace rpcnet::quic {

class TlsSession {
 public:
  // `get_conn` of the reference must work as long as the session lives.
  TlsSession(std::shared_ptr<const TlsContext> context, ngtcp2_crypto_conn_ref& reference);
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;
  ~TlsSession();

  // False: wolfSSL could not make the session.
  bool begin_dialling(Protocol protocol);
  bool begin_accepting(ClientCertificate rpc_clients);

  // The handshake is over: nothing is kept but what protocol() tells. What is left to TLS in QUIC
  // are session tickets, which our acceptors do not send, and it takes over 25 kB.
  void finish();

  // Null: finished.
  WOLFSSL* native() const { return session_; }

  // What ALPN agreed on.
  std::optional<Protocol> protocol() const;

  // After the handshake: the peer's certificate, as far as it was asked for.
  Presented presented() const;

  // Set if the peer's certificate did not verify.
  const std::optional<VerifyFault>& fault() const { return fault_; }

 private:
  static int on_verify(int verified, WOLFSSL_X509_STORE_CTX* store);
  int judge(int verified, WOLFSSL_X509_STORE_CTX* store);

  std::shared_ptr<const TlsContext> context_;  // keeps the certificates of a handshake alive
  ngtcp2_crypto_conn_ref& reference_;
  WOLFSSL* session_ = nullptr;
  std::optional<Protocol> agreed_;  // once finished
  bool accepting_ = false;
  ClientCertificate rpc_clients_ = ClientCertificate::optional;
  bool ignored_ = false;  // a certificate that this protocol's policy does not look at
  std::optional<VerifyFault> fault_;
};

}  // namespace rpcnet::quic
