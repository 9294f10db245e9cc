// Who a certificate says it is, and whether that is good enough.
//
// A member's name is a URI SAN, rpcnet://CLUSTER/NODE (DESIGN section 3). DNS names and the common
// name mean nothing here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/codes.h"
#include "engine/ids.h"
#include "engine/transport.h"
#include "io/quic/boundary.h"
#include "io/quic/config.h"

struct WOLFSSL_X509;

namespace rpcnet::quic {

// "rpcnet://dev/worker-1" or "rpcnet://dev/*". nullopt: another scheme, an empty part, a character
// or a length that a name cannot have, a '*' elsewhere than at the end.
std::optional<PeerIdentity> parse_identity(std::string_view uri);

// The first rpcnet:// URI among the certificate's alternative names.
std::optional<PeerIdentity> identity_of(WOLFSSL_X509* certificate);

// "2027-11-23 12:00:00 UTC".
std::string valid_until(WOLFSSL_X509* certificate);
std::string valid_from(WOLFSSL_X509* certificate);

// Why verification failed, in words, from wolfSSL's error number.
struct VerifyFault {
  RefusalKind kind{};
  std::string detail;
};
VerifyFault describe_verify_fault(int error, WOLFSSL_X509* certificate);

// What a peer presented after its chain was verified.
struct Presented {
  bool certificate = false;
  std::optional<PeerIdentity> identity;
};

struct IdentityRefusal {
  RefusalKind kind{};
  CloseCode code{};
  std::string detail;
};

// An incoming link: nullopt means welcome.
std::optional<IdentityRefusal> refuse_dialler(const Presented& peer, Protocol protocol,
                                              ClientCertificate policy,
                                              std::string_view our_cluster);

// A link that we dialled.
std::optional<IdentityRefusal> refuse_answerer(const Presented& peer,
                                               const std::optional<NodeId>& expected,
                                               std::string_view our_cluster);

// What a TLS alert of the peer means for us (RFC 8446 6.2).
std::string describe_alert(std::uint8_t alert);
RefusalKind kind_of_alert(std::uint8_t alert);

}  // namespace rpcnet::quic
