// A simulated cluster's certificate authority: keys and certificates out of the seed, made in the
// process that needs them, so that no key is ever kept anywhere.
//
// P-256 throughout, as in production. One authority signs everybody; which cluster a certificate is
// of says its name (rpcnet://CLUSTER/NODE). Valid from a year before the beginning of the
// run (tls_turn.h) to nine years after it.
#pragma once

#include <cstdint>
#include <string>

#include "engine/bytes.h"
#include "engine/transport.h"
#include "sim/keyed.h"

namespace rpcnet::sim {

// PEM, as io/quic/tls_context.h takes it.
struct Certificate {
  std::string certificate_pem;
  std::string key_pem;
};

class Authority {
 public:
  explicit Authority(Keyed keyed);

  const std::string& certificate_pem() const { return own_.certificate_pem; }

  // The same seed, `holder` and identity give the same key and certificate, whoever asked before.
  // `holder` is the key's owner: two of them never share a key.
  Certificate issue(std::uint64_t holder, const PeerIdentity& identity) const;

 private:
  Certificate make(std::uint64_t holder, BytesView subject, BytesView extensions) const;

  Keyed keyed_;
  Certificate own_;
};

}  // namespace rpcnet::sim
