#include "tests/quic/support/certificates.h"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace rpcnet::test {

namespace {

constexpr const char* kScript = R"sh(
set -eu
cd "$1"
key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }
authority() {
  key "$1"
  openssl req -x509 -new -key "$1.key" -sha256 -days 3650 -subj "/CN=$1" -out "$1.pem" \
    -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign"
}
# leaf NAME AUTHORITY DAYS SAN
leaf() {
  key "$1"
  openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr"
  printf 'basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\n%s\n' "$4" > "$1.ext"
  openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -sha256 \
    -days "$3" -extfile "$1.ext" -out "$1.pem"
}
authority ca
authority foreign-ca
leaf a ca 3650 "subjectAltName=URI:rpcnet://dev/a"
leaf b ca 3650 "subjectAltName=DNS:localhost,URI:https://example.org/,URI:rpcnet://dev/b"
leaf any ca 3650 "subjectAltName=URI:rpcnet://dev/*"
leaf other ca 3650 "subjectAltName=URI:rpcnet://prod/a"
leaf short ca 2 "subjectAltName=URI:rpcnet://dev/a"
leaf unnamed ca 3650 "subjectAltName=DNS:localhost"
leaf foreign foreign-ca 3650 "subjectAltName=URI:rpcnet://dev/a"
key middle
openssl req -new -key middle.key -subj "/CN=middle" -out middle.csr
printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n' > middle.ext
openssl x509 -req -in middle.csr -CA ca.pem -CAkey ca.key -CAcreateserial -sha256 -days 3650 \
  -extfile middle.ext -out middle.pem
leaf chained middle 3650 "subjectAltName=URI:rpcnet://dev/a"
cat middle.pem >> chained.pem
)sh";

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

Certificates::Certificates() {
  std::string directory = (std::filesystem::temp_directory_path() / "rpcnet-quic-XXXXXX").string();
  BOOST_REQUIRE(mkdtemp(directory.data()) != nullptr);
  const std::filesystem::path place(directory);
  std::ofstream(place / "make.sh") << kScript;
  const std::string command =
      "sh " + (place / "make.sh").string() + " " + directory + " >" + directory + "/log 2>&1";
  BOOST_REQUIRE_MESSAGE(std::system(command.c_str()) == 0, read(place / "log"));
  authority_ = read(place / "ca.pem");
  foreign_authority_ = read(place / "foreign-ca.pem");
  for (const char* name : {"a", "b", "any", "other", "short", "unnamed", "foreign", "chained"}) {
    by_name_[name] = {read(place / (std::string(name) + ".pem")),
                      read(place / (std::string(name) + ".key"))};
  }
  std::filesystem::remove_all(place);
}

const Certificates& Certificates::get() {
  static const Certificates made;
  return made;
}

std::shared_ptr<const quic::TlsContext> Certificates::context(const std::string& name) const {
  const auto loaded =
      quic::TlsContext::load(name.empty() ? quic::TlsMaterial{"", "", authority_} : material(name));
  BOOST_REQUIRE_MESSAGE(loaded.context != nullptr, loaded.error);
  return loaded.context;
}

}  // namespace rpcnet::test
