#include "io/quic/tls_context.h"

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/hmac.h>
#include <wolfssl/wolfcrypt/sha256.h>

#include <ctime>
#include <vector>

#include "engine/assert.h"
#include "io/quic/core/crypto.h"
#include "io/quic/core/identity.h"
#include "io/quic/tls_hooks.h"

namespace rpcnet::quic {

namespace {

// Certificate dates are judged by the same clock as everything else in TLS.
std::time_t certificate_time(std::time_t* out) {
  const auto seconds = static_cast<std::time_t>(rpcnet_tls_time_ms(0) / 1000);
  if (out != nullptr) *out = seconds;
  return seconds;
}

const unsigned char* raw(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

struct X509Free {
  void operator()(WOLFSSL_X509* certificate) const { wolfSSL_X509_free(certificate); }
};
using X509 = std::unique_ptr<WOLFSSL_X509, X509Free>;

struct ManagerFree {
  void operator()(WOLFSSL_CERT_MANAGER* manager) const { wolfSSL_CertManagerFree(manager); }
};
using Manager = std::unique_ptr<WOLFSSL_CERT_MANAGER, ManagerFree>;

constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----";

std::vector<std::string_view> certificates_of(std::string_view pem) {
  std::vector<std::string_view> found;
  while (true) {
    const std::size_t begin = pem.find(kBegin);
    if (begin == std::string_view::npos) return found;
    const std::size_t end = pem.find(kEnd, begin);
    if (end == std::string_view::npos) return found;
    // wolfSSL wants the line's end as well.
    std::size_t after = end + kEnd.size();
    while (after < pem.size() && (pem[after] == '\r' || pem[after] == '\n')) ++after;
    found.push_back(pem.substr(begin, after - begin));
    pem.remove_prefix(after);
  }
}

X509 parse(std::string_view pem) {
  return X509(wolfSSL_X509_load_certificate_buffer(raw(pem), static_cast<int>(pem.size()),
                                                   WOLFSSL_FILETYPE_PEM));
}

std::string why(int error) {
  const char* text = wc_GetErrorString(error);
  return text != nullptr ? text : "unknown fault";
}

// Loads the authority into `manager`; the empty string means success.
std::string check_authority(WOLFSSL_CERT_MANAGER* manager, std::string_view pem) {
  if (pem.empty()) return "authority: no certificate given";
  const auto list = certificates_of(pem);
  if (list.empty()) return "authority: not PEM (no BEGIN CERTIFICATE)";
  for (const std::string_view one : list) {
    const X509 certificate = parse(one);
    if (!certificate) return "authority: not a readable certificate";
    const int result = wolfSSL_CertManagerLoadCABuffer(
        manager, raw(one), static_cast<long>(one.size()), WOLFSSL_FILETYPE_PEM);
    if (result == WOLFSSL_SUCCESS) continue;
    if (result == ASN_AFTER_DATE_E) {
      return "authority: expired on " + valid_until(certificate.get());
    }
    if (result == ASN_BEFORE_DATE_E) {
      return "authority: not valid before " + valid_from(certificate.get());
    }
    return "authority: " + why(result);
  }
  return {};
}

// Verifies the chain from its far end, as a peer will: each certificate by what stands after it.
std::string check_chain(WOLFSSL_CERT_MANAGER* manager, const std::vector<std::string_view>& chain) {
  for (std::size_t i = chain.size(); i-- > 0;) {
    const std::string_view one = chain[i];
    const std::string which = i == 0 ? "certificate: " : "certificate: intermediate ";
    const X509 certificate = parse(one);
    if (!certificate) return which + "not readable";
    const int result = wolfSSL_CertManagerVerifyBuffer(
        manager, raw(one), static_cast<long>(one.size()), WOLFSSL_FILETYPE_PEM);
    if (result == ASN_AFTER_DATE_E) return which + "expired on " + valid_until(certificate.get());
    if (result == ASN_BEFORE_DATE_E) {
      return which + "not valid before " + valid_from(certificate.get()) + " (is the clock wrong?)";
    }
    if (result == ASN_NO_SIGNER_E || result == ASN_SELF_SIGNED_E || result == ASN_SIG_CONFIRM_E) {
      return which + "not signed by the given authority";
    }
    if (result != WOLFSSL_SUCCESS) return which + why(result);
    if (i > 0) {
      wolfSSL_CertManagerLoadCABuffer(manager, raw(one), static_cast<long>(one.size()),
                                      WOLFSSL_FILETYPE_PEM);
    }
  }
  return {};
}

// What both directions have in common; the empty string means success.
std::string prepare(WOLFSSL_CTX* context, const TlsMaterial& material) {
  // AES-128-GCM first: in hardware on every server of the last decade; ChaCha20 for the rest.
  // P-256 first: the cheapest group of this wolfSSL build (reference rpc.md 2.2).
  if (wolfSSL_CTX_set_cipher_list(
          context, "TLS13-AES128-GCM-SHA256:TLS13-CHACHA20-POLY1305-SHA256") != WOLFSSL_SUCCESS) {
    return "TLS: this wolfSSL lacks the cipher suites";
  }
  if (wolfSSL_CTX_set1_groups_list(context, "P-256:X25519") != WOLFSSL_SUCCESS) {
    return "TLS: this wolfSSL lacks the key exchange groups";
  }
  // What a restarted process must not remember, and what a simulated crash must forget.
  wolfSSL_CTX_set_session_cache_mode(context, WOLFSSL_SESS_CACHE_OFF);
  const int authority = wolfSSL_CTX_load_verify_buffer(
      context, raw(material.authority_pem), static_cast<long>(material.authority_pem.size()),
      WOLFSSL_FILETYPE_PEM);
  if (authority != WOLFSSL_SUCCESS) return "authority: " + why(authority);
  if (material.certificate_pem.empty()) return {};
  const int certificate = wolfSSL_CTX_use_certificate_chain_buffer(
      context, raw(material.certificate_pem), static_cast<long>(material.certificate_pem.size()));
  if (certificate != WOLFSSL_SUCCESS) return "certificate: " + why(certificate);
  const int key = wolfSSL_CTX_use_PrivateKey_buffer(context, raw(material.key_pem),
                                                    static_cast<long>(material.key_pem.size()),
                                                    WOLFSSL_FILETYPE_PEM);
  if (key != WOLFSSL_SUCCESS) {
    return "key: " + (key == ASN_NO_PEM_HEADER ? std::string("not PEM") : why(key));
  }
  if (wolfSSL_CTX_check_private_key(context) != WOLFSSL_SUCCESS) {
    return "key: does not match the certificate";
  }
  return {};
}

SecretKey expand(std::span<const std::uint8_t> secret, std::string_view label) {
  SecretKey key{};
  const int result =
      wc_HKDF(WC_SHA256, secret.data(), static_cast<word32>(secret.size()), nullptr, 0, raw(label),
              static_cast<word32>(label.size()), key.data(), static_cast<word32>(key.size()));
  ENGINE_ASSERT(result == 0);
  return key;
}

}  // namespace

// wolfSSL counts its users itself; the last context to go releases its global state, so that a
// simulated restart begins anew.
TlsContext::TlsContext() {
  wolfSSL_Init();
  wc_SetTimeCb(certificate_time);
}

TlsContext::~TlsContext() {
  wolfSSL_CTX_free(dialling_);
  wolfSSL_CTX_free(accepting_);
  wolfSSL_Cleanup();
}

TlsContext::Loaded TlsContext::load(const TlsMaterial& material) {
  const std::shared_ptr<TlsContext> made(new TlsContext);

  const Manager manager(wolfSSL_CertManagerNew());
  if (!manager) return {nullptr, "TLS: out of memory"};
  if (std::string error = check_authority(manager.get(), material.authority_pem); !error.empty()) {
    return {nullptr, error};
  }

  const bool with_certificate = !material.certificate_pem.empty();
  if (with_certificate != !material.key_pem.empty()) {
    return {nullptr, with_certificate ? "key: missing, but a certificate is given"
                                      : "certificate: missing, but a key is given"};
  }
  if (with_certificate) {
    const auto chain = certificates_of(material.certificate_pem);
    if (chain.empty()) return {nullptr, "certificate: not PEM (no BEGIN CERTIFICATE)"};
    if (material.key_pem.find("-----BEGIN") == std::string_view::npos) {
      return {nullptr, "key: not PEM (no BEGIN ... PRIVATE KEY)"};
    }
    if (std::string error = check_chain(manager.get(), chain); !error.empty()) {
      return {nullptr, error};
    }
    const X509 own = parse(chain.front());
    made->identity_ = identity_of(own.get());
    if (!made->identity_) {
      return {nullptr, "certificate: no URI alternative name rpcnet://CLUSTER/NODE"};
    }
    made->valid_until_ = quic::valid_until(own.get());
  }

  made->dialling_ = wolfSSL_CTX_new(wolfTLSv1_3_client_method());
  if (made->dialling_ == nullptr || !crypto::configure(made->dialling_)) {
    return {nullptr, "TLS: this wolfSSL cannot make a client context"};
  }
  if (std::string error = prepare(made->dialling_, material); !error.empty()) {
    return {nullptr, error};
  }
  if (with_certificate) {
    made->accepting_ = wolfSSL_CTX_new(wolfTLSv1_3_server_method());
    if (made->accepting_ == nullptr || !crypto::configure(made->accepting_)) {
      return {nullptr, "TLS: this wolfSSL cannot make a server context"};
    }
    if (std::string error = prepare(made->accepting_, material); !error.empty()) {
      return {nullptr, error};
    }
    wolfSSL_CTX_no_ticket_TLSv13(made->accepting_);

    std::vector<std::uint8_t> der(material.key_pem.size());
    const int size =
        wc_KeyPemToDer(raw(material.key_pem), static_cast<int>(material.key_pem.size()), der.data(),
                       static_cast<int>(der.size()), nullptr);
    if (size <= 0) return {nullptr, "key: " + why(size)};
    made->root_key_ = expand(std::span(der).first(static_cast<std::size_t>(size)), "rpcnet root");
    ngtcp2_secure_clear(der.data(), der.size());
  }
  return {made, {}};
}

std::optional<SecretKey> TlsContext::derive_key(std::string_view label) const {
  if (accepting_ == nullptr) return std::nullopt;
  return expand(root_key_, label);
}

}  // namespace rpcnet::quic
