// Reading PEM files, and saying which of them is at fault.
#include "io/credentials.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <system_error>

namespace rpcnet {
namespace {

// Certificates and keys are a few KB; a chain with many intermediates fits too.
constexpr std::size_t kFileMax = std::size_t{1} << 20;

struct Kind {
  const char* what;
  const char* variable;
  const char* fallback;
};
constexpr Kind kCertificate{"certificate", "RPCNET_CERT", "certs/test_cert.pem"};
constexpr Kind kKey{"private key", "RPCNET_KEY", "certs/test_key.pem"};
constexpr Kind kAuthority{"authority", "RPCNET_CA", "certs/ca_cert.pem"};

std::string locate(const std::string& given, const Kind& kind) {
  if (!given.empty()) return given;
  const char* variable = std::getenv(kind.variable);
  return variable != nullptr && *variable != '\0' ? variable : kind.fallback;
}

Status fault(const Kind& kind, const std::string& path, const std::string& what) {
  return error(StatusCode::failed_precondition,
               std::string(kind.what) + " file \"" + path + "\": " + what);
}

class File {
 public:
  explicit File(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

Result<std::string> read_pem(const std::string& path, const Kind& kind, std::string_view mark) {
  const auto unreadable = [&](int number) {
    std::string what = std::error_code(number, std::generic_category()).message();
    if (number == ENOENT) {
      what += std::string("; name another with ") + kind.variable +
              ", or make certificates for development with scripts/make-certs";
    } else if (number == EACCES) {
      what += "; it must be readable by the user that runs this program";
    } else if (number == EISDIR) {
      what += "; expected a PEM file";
    }
    return fault(kind, path, what);
  };
  const File file(path);
  if (file.fd() < 0) return unreadable(errno);
  std::string content;
  std::array<char, 4096> part{};
  while (true) {
    const ssize_t got = ::read(file.fd(), part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable(errno);
    if (got == 0) break;
    content.append(part.data(), static_cast<std::size_t>(got));
    if (content.size() > kFileMax) return fault(kind, path, "larger than 1 MiB: no PEM file");
  }
  if (content.empty()) return fault(kind, path, "empty; expected PEM");
  if (content.find(mark) == std::string::npos) {
    std::string what = "not PEM; expected a line with \"" + std::string(mark) + "\"";
    if (content.find("-----BEGIN ") != std::string::npos) what += "; are two files mixed up?";
    return fault(kind, path, what);
  }
  return content;
}

// The private key's copy in this function's memory is not left behind for a core file to find.
void wipe(std::string& secret) {
  volatile char* bytes = secret.data();
  for (std::size_t i = 0; i < secret.size(); ++i) bytes[i] = 0;
}

// TlsContext names the part ("certificate: ...", "key: ...", "authority: ..."); we name its file.
Status with_file(const std::string& text, const CredentialFiles& files) {
  struct Part {
    std::string_view prefix;
    const Kind& kind;
    const std::string& path;
  };
  const std::array<Part, 3> parts{Part{"certificate: ", kCertificate, files.certificate},
                                  Part{"key: ", kKey, files.key},
                                  Part{"authority: ", kAuthority, files.authority}};
  for (const Part& part : parts) {
    if (!text.starts_with(part.prefix)) continue;
    std::string what = text.substr(part.prefix.size());
    if (&part.kind == &kKey) what += " (certificate \"" + files.certificate + "\")";
    if (&part.kind == &kCertificate) what += " (authority \"" + files.authority + "\")";
    return fault(part.kind, part.path, what);
  }
  return error(StatusCode::failed_precondition, "certificates: " + text);
}

}  // namespace

CredentialFiles located(CredentialFiles files) {
  files.authority = locate(files.authority, kAuthority);
  if (files.anonymous) return files;
  files.certificate = locate(files.certificate, kCertificate);
  files.key = locate(files.key, kKey);
  return files;
}

Result<Credentials> load_credentials(const CredentialFiles& wanted) {
  const CredentialFiles files = located(wanted);
  auto authority = read_pem(files.authority, kAuthority, "-----BEGIN CERTIFICATE-----");
  if (!authority.ok()) return authority.status();
  std::string certificate;
  std::string key;
  if (!files.anonymous) {
    auto chain = read_pem(files.certificate, kCertificate, "-----BEGIN CERTIFICATE-----");
    if (!chain.ok()) return chain.status();
    certificate = std::move(*chain);
    auto key_read = read_pem(files.key, kKey, "PRIVATE KEY-----");
    if (!key_read.ok()) return key_read.status();
    key = std::move(*key_read);
  }
  auto loaded = quic::TlsContext::load(
      {.certificate_pem = certificate, .key_pem = key, .authority_pem = *authority});
  wipe(key);
  if (!loaded.context) return with_file(loaded.error, files);
  return Credentials(std::move(loaded.context));
}

}  // namespace rpcnet
