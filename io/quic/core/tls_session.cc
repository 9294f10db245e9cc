#include "io/quic/core/tls_session.h"

// wolfSSL's headers depend on this order.
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include <wolfssl/quic.h>

#include <array>
#include <string_view>

namespace rpcnet::quic {

namespace {

constexpr std::string_view kRpc = "rpcnet/1";
constexpr std::string_view kGossip = "rpcnet-gossip/1";

// The TLS extension number of the QUIC transport parameters (RFC 9001 8.2).
constexpr int kTransportParametersV1 = 0x39;

struct X509Free {
  void operator()(WOLFSSL_X509* certificate) const { wolfSSL_X509_free(certificate); }
};

bool offer(WOLFSSL* session, std::string_view names) {
  // wolfSSL wants a mutable comma-separated list, which it copies.
  std::array<char, 64> list{};
  names.copy(list.data(), list.size());
  return wolfSSL_UseALPN(session, list.data(), static_cast<unsigned>(names.size()),
                         WOLFSSL_ALPN_FAILED_ON_MISMATCH) == WOLFSSL_SUCCESS;
}

}  // namespace

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, ngtcp2_crypto_conn_ref& reference)
    : context_(std::move(context)), reference_(reference) {}

TlsSession::~TlsSession() {
  if (session_ != nullptr) wolfSSL_free(session_);
}

bool TlsSession::begin_dialling(Protocol protocol) {
  session_ = wolfSSL_new(context_->dialling());
  if (session_ == nullptr) return false;
  wolfSSL_set_app_data(session_, &reference_);
  wolfSSL_SetCertCbCtx(session_, this);
  wolfSSL_set_connect_state(session_);
  wolfSSL_set_quic_transport_version(session_, kTransportParametersV1);
  wolfSSL_set_verify(session_, WOLFSSL_VERIFY_PEER, on_verify);
  return offer(session_, protocol == Protocol::rpc ? kRpc : kGossip);
}

bool TlsSession::begin_accepting(ClientCertificate rpc_clients) {
  accepting_ = true;
  rpc_clients_ = rpc_clients;
  session_ = wolfSSL_new(context_->accepting());
  if (session_ == nullptr) return false;
  wolfSSL_set_app_data(session_, &reference_);
  wolfSSL_SetCertCbCtx(session_, this);
  wolfSSL_set_accept_state(session_);
  wolfSSL_set_quic_transport_version(session_, kTransportParametersV1);
  // Asked for and not demanded: which protocol the peer wants is only known inside the handshake,
  // so what it must present is judged when the handshake is complete.
  wolfSSL_set_verify(session_, WOLFSSL_VERIFY_PEER, on_verify);
  return offer(session_, "rpcnet/1,rpcnet-gossip/1");
}

void TlsSession::finish() {
  agreed_ = protocol();
  wolfSSL_free(session_);
  session_ = nullptr;
  context_.reset();
}

std::optional<Protocol> TlsSession::protocol() const {
  if (session_ == nullptr) return agreed_;
  char* name = nullptr;
  unsigned short size = 0;
  if (wolfSSL_ALPN_GetProtocol(session_, &name, &size) != WOLFSSL_SUCCESS || name == nullptr) {
    return std::nullopt;
  }
  const std::string_view agreed(name, size);
  if (agreed == kRpc) return Protocol::rpc;
  if (agreed == kGossip) return Protocol::gossip;
  return std::nullopt;
}

Presented TlsSession::presented() const {
  if (ignored_) return {};
  const std::unique_ptr<WOLFSSL_X509, X509Free> certificate(wolfSSL_get_peer_certificate(session_));
  if (!certificate) return {};
  return {true, identity_of(certificate.get())};
}

int TlsSession::on_verify(int verified, WOLFSSL_X509_STORE_CTX* store) {
  return static_cast<TlsSession*>(store->userCtx)->judge(verified, store);
}

int TlsSession::judge(int verified, WOLFSSL_X509_STORE_CTX* store) {
  if (accepting_ && rpc_clients_ == ClientCertificate::none && protocol() == Protocol::rpc) {
    ignored_ = true;
    return 1;
  }
  if (verified == 1) return 1;
  // The leaf is reported last and its name helps most, but the first fault is the cause.
  if (!fault_) {
    fault_ = describe_verify_fault(wolfSSL_X509_STORE_CTX_get_error(store),
                                   wolfSSL_X509_STORE_CTX_get_current_cert(store));
  }
  return 0;
}

}  // namespace rpcnet::quic
