#include "io/quic/core/identity.h"

// wolfSSL wants its options before any other of its headers.
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <memory>

#include "engine/bytes.h"

namespace rpcnet::quic {

namespace {

// wolfSSL's types carry no const and its macros cast freely; both stay inside this file.
// RFC 5280 4.2.1.6: GeneralName ::= CHOICE { ... uniformResourceIdentifier [6] IA5String ... }
constexpr int kUriName = 6;

struct NamesFree {
  void operator()(WOLFSSL_STACK* names) const { wolfSSL_sk_GENERAL_NAME_pop_free(names, nullptr); }
};

std::string in_quotes(std::string_view text) { return "'" + std::string(text) + "'"; }

std::string name_of(const PeerIdentity& identity) {
  return "rpcnet://" + identity.cluster + "/" + identity.node;
}

std::string format_time(const WOLFSSL_ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || wolfSSL_ASN1_TIME_to_tm(time, &parts) != WOLFSSL_SUCCESS) return "?";
  std::array<char, 80> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02d %02d:%02d:%02d UTC", parts.tm_year + 1900,
                parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return text.data();
}

}  // namespace

std::optional<PeerIdentity> parse_identity(std::string_view uri) {
  constexpr std::string_view kScheme = "rpcnet://";
  if (!uri.starts_with(kScheme)) return std::nullopt;
  uri.remove_prefix(kScheme.size());
  const std::size_t slash = uri.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view cluster = uri.substr(0, slash);
  const std::string_view node = uri.substr(slash + 1);
  // A cluster's name has the grammar of a node's.
  if (!NodeId::parse(cluster)) return std::nullopt;
  std::string_view literal = node;
  if (literal.ends_with('*')) literal.remove_suffix(1);
  if (node.empty() || (!literal.empty() && !NodeId::parse(literal))) return std::nullopt;
  return PeerIdentity{std::string(cluster), std::string(node)};
}

std::optional<PeerIdentity> identity_of(WOLFSSL_X509* certificate) {
  if (certificate == nullptr) return std::nullopt;
  const std::unique_ptr<WOLFSSL_STACK, NamesFree> names(static_cast<WOLFSSL_STACK*>(
      wolfSSL_X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (!names) return std::nullopt;
  const int count = wolfSSL_sk_GENERAL_NAME_num(names.get());
  for (int i = 0; i < count; ++i) {
    const WOLFSSL_GENERAL_NAME* name = wolfSSL_sk_GENERAL_NAME_value(names.get(), i);
    if (name == nullptr || name->type != kUriName) continue;
    WOLFSSL_ASN1_STRING* text = name->d.uniformResourceIdentifier;
    const int size = wolfSSL_ASN1_STRING_length(text);
    const unsigned char* data = wolfSSL_ASN1_STRING_get0_data(text);
    if (data == nullptr || size <= 0) continue;
    if (auto identity = parse_identity(as_text(BytesView(data, static_cast<std::size_t>(size))))) {
      return identity;
    }
  }
  return std::nullopt;
}

std::string valid_until(WOLFSSL_X509* certificate) {
  return format_time(wolfSSL_X509_get_notAfter(certificate));
}

std::string valid_from(WOLFSSL_X509* certificate) {
  return format_time(wolfSSL_X509_get_notBefore(certificate));
}

VerifyFault describe_verify_fault(int error, WOLFSSL_X509* certificate) {
  const auto identity = identity_of(certificate);
  const std::string whose = identity ? "certificate of " + name_of(*identity) : "certificate";
  switch (error) {
    case ASN_AFTER_DATE_E:
    case WOLFSSL_X509_V_ERR_CERT_HAS_EXPIRED:
      return {RefusalKind::expired,
              whose + " expired on " + (certificate ? valid_until(certificate) : "?")};
    case ASN_BEFORE_DATE_E:
    case WOLFSSL_X509_V_ERR_CERT_NOT_YET_VALID:
      return {RefusalKind::expired, whose + " is not valid before " +
                                        (certificate ? valid_from(certificate) : "?") +
                                        " (is a clock wrong?)"};
    case ASN_NO_SIGNER_E:
    case ASN_SELF_SIGNED_E:
    case WOLFSSL_X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case WOLFSSL_X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return {RefusalKind::unknown_authority, whose + " is signed by an unknown authority"};
    case ASN_SIG_CONFIRM_E:
    case ASN_SIG_HASH_E:
    case ASN_SIG_KEY_E:
    case ASN_SIG_OID_E:
      return {RefusalKind::bad_certificate,
              whose + " has a signature that our authority did not make"};
    default: {
      const char* text = wc_GetErrorString(error);
      return {RefusalKind::bad_certificate,
              whose + " does not verify: " + (text ? text : "unknown fault")};
    }
  }
}

std::optional<IdentityRefusal> refuse_dialler(const Presented& peer, Protocol protocol,
                                              ClientCertificate policy,
                                              std::string_view our_cluster) {
  const bool required = protocol == Protocol::gossip || policy == ClientCertificate::required;
  if (protocol == Protocol::rpc && policy == ClientCertificate::none) return std::nullopt;
  if (!peer.certificate) {
    if (!required) return std::nullopt;
    return IdentityRefusal{RefusalKind::no_certificate, CloseCode::no_certificate,
                           std::string("peer has no certificate, ") + to_text(protocol) +
                               " needs one of cluster " + in_quotes(our_cluster)};
  }
  if (!peer.identity) {
    if (!required) return std::nullopt;
    return IdentityRefusal{RefusalKind::no_certificate, CloseCode::no_certificate,
                           "peer's certificate has no rpcnet:// name"};
  }
  if (peer.identity->cluster != our_cluster) {
    return IdentityRefusal{RefusalKind::wrong_cluster, CloseCode::wrong_cluster,
                           "peer is of cluster " + in_quotes(peer.identity->cluster) +
                               ", expected " + in_quotes(our_cluster)};
  }
  return std::nullopt;
}

std::optional<IdentityRefusal> refuse_answerer(const Presented& peer,
                                               const std::optional<NodeId>& expected,
                                               std::string_view our_cluster) {
  if (!peer.identity) {
    return IdentityRefusal{RefusalKind::no_certificate, CloseCode::no_certificate,
                           "peer's certificate has no rpcnet:// name"};
  }
  if (peer.identity->cluster != our_cluster) {
    return IdentityRefusal{RefusalKind::wrong_cluster, CloseCode::wrong_cluster,
                           "peer is of cluster " + in_quotes(peer.identity->cluster) +
                               ", expected " + in_quotes(our_cluster)};
  }
  if (expected && !peer.identity->covers(*expected)) {
    return IdentityRefusal{RefusalKind::other, CloseCode::wrong_node,
                           "peer is node " + in_quotes(peer.identity->node) + ", expected " +
                               in_quotes(expected->text())};
  }
  return std::nullopt;
}

std::string describe_alert(std::uint8_t alert) {
  switch (alert) {
    case 40: return "handshake failure: nothing in common";
    case 42: return "certificate not accepted";
    case 43: return "certificate of an unsupported kind";
    case 44: return "certificate revoked";
    case 45: return "certificate expired or not yet valid";
    case 46: return "certificate not accepted (unspecified)";
    case 48: return "certificate signed by an unknown authority";
    case 49: return "access denied";
    case 51: return "signature does not verify";
    case 70: return "no common TLS version";
    case 112: return "unknown server name";
    case 116: return "certificate required";
    case 120: return "no common protocol (ALPN)";
    default: return "TLS alert " + std::to_string(alert);
  }
}

RefusalKind kind_of_alert(std::uint8_t alert) {
  switch (alert) {
    case 42:
    case 43:
    case 44:
    case 46:
    case 51: return RefusalKind::bad_certificate;
    case 45: return RefusalKind::expired;
    case 48: return RefusalKind::unknown_authority;
    case 116: return RefusalKind::no_certificate;
    case 120: return RefusalKind::no_protocol;
    default: return RefusalKind::other;
  }
}

}  // namespace rpcnet::quic
