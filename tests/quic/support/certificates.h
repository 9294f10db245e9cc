// Certificates for the tests, made once in a process with the openssl command.
//
// All hang on one authority except where the name says otherwise. "short" ones live two days, the
// rest ten years: a test that wants an expired certificate moves the TLS clock (tls_clock.h).
#pragma once

#include <map>
#include <memory>
#include <string>

#include "io/quic/tls_context.h"

namespace rpcnet::test {

struct Certificate {
  std::string certificate_pem;
  std::string key_pem;
};

class Certificates {
 public:
  static const Certificates& get();

  const std::string& authority() const { return authority_; }
  const std::string& foreign_authority() const { return foreign_authority_; }

  // "a", "b": rpcnet://dev/a, rpcnet://dev/b. "any": rpcnet://dev/*. "other": rpcnet://prod/a.
  // "short": rpcnet://dev/a, two days. "foreign": rpcnet://dev/a by another authority.
  // "unnamed": no URI. "chained": rpcnet://dev/a through an intermediate.
  const Certificate& operator[](const std::string& name) const { return by_name_.at(name); }

  quic::TlsMaterial material(const std::string& name) const {
    const Certificate& one = by_name_.at(name);
    return {one.certificate_pem, one.key_pem, authority_};
  }

  // Asserts that it loads. "": a client without a certificate.
  std::shared_ptr<const quic::TlsContext> context(const std::string& name) const;

 private:
  Certificates();
  std::string authority_;
  std::string foreign_authority_;
  std::map<std::string, Certificate> by_name_;
};

}  // namespace rpcnet::test
