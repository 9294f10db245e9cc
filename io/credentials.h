// The process's certificate, key and authority: where the files are, and what is wrong with them.
//
// An error says which file, what is the matter, what was expected and what to do.
#pragma once

#include <memory>
#include <string>

#include "io/quic/tls_context.h"
#include "io/result.h"

namespace rpcnet {

// Paths of PEM files. An empty one is taken from the environment, then from the default.
struct CredentialFiles {
  std::string certificate;  // RPCNET_CERT, else certs/test_cert.pem
  std::string key;          // RPCNET_KEY, else certs/test_key.pem
  std::string authority;    // RPCNET_CA, else certs/ca_cert.pem
  // A client without a certificate of its own: it can call where the server allows that, and can
  // neither serve nor be a member.
  bool anonymous = false;
};

// The same with the environment and the defaults filled in.
CredentialFiles located(CredentialFiles files);

using Credentials = std::shared_ptr<const quic::TlsContext>;

// Reads and checks all of it: files, PEM, dates, does the key belong to the certificate, did the
// authority sign it, does it carry an rpcnet:// name.
Result<Credentials> load_credentials(const CredentialFiles& files);

}  // namespace rpcnet
