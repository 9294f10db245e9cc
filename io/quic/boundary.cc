// Names of refusals.
#include "io/quic/boundary.h"

namespace rpcnet::quic {

const char* to_text(RefusalKind kind) {
  switch (kind) {
    case RefusalKind::no_protocol: return "no common protocol";
    case RefusalKind::no_certificate: return "no certificate";
    case RefusalKind::expired: return "expired certificate";
    case RefusalKind::unknown_authority: return "unknown authority";
    case RefusalKind::bad_certificate: return "bad certificate";
    case RefusalKind::wrong_cluster: return "wrong cluster";
    case RefusalKind::overloaded: return "overloaded";
    case RefusalKind::handshake_timeout: return "handshake timeout";
    case RefusalKind::other: return "other";
  }
  return "unknown";
}

}  // namespace rpcnet::quic
