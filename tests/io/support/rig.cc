// Certificates, hosts, coroutines to their end.
#include "tests/io/support/rig.h"

#include <asio/co_spawn.hpp>
#include <asio/this_coro.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <optional>

#include "io/system.h"

namespace rpcnet::test {
namespace {

namespace fs = std::filesystem;

// __FILE__ would not do: the compiler cache makes it relative to the build directory.
fs::path script(const char* name) { return fs::path(RPCNET_SOURCE_DIR) / "scripts" / name; }

// All directories of this process, below one that is removed at the end.
class Directory {
 public:
  Directory() {
    std::string name = (fs::temp_directory_path() / "rpcnet-io-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
    root_ = name;
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  fs::path next() { return root_ / std::to_string(++count_); }

 private:
  fs::path root_;
  int count_ = 0;
};

}  // namespace

std::string make_certificates(const std::string& options) {
  static Directory directories;
  const std::string path = directories.next().string();
  const std::string command =
      "'" + script("make-certs").string() + "' --out '" + path + "' " + options + " >/dev/null";
  BOOST_REQUIRE_EQUAL(std::system(command.c_str()), 0);
  return path;
}

CredentialFiles files_of(const std::string& directory, const std::string& stem) {
  return {.certificate = directory + "/" + stem + "_cert.pem",
          .key = directory + "/" + stem + "_key.pem",
          .authority = directory + "/ca_cert.pem"};
}

CredentialFiles dev() {
  static const std::string directory = make_certificates("--cluster dev");
  return files_of(directory);
}

HostOptions options(std::string node) {
  HostOptions options;
  options.node = std::move(node);
  options.credentials = dev();
  return options;
}

Host start(asio::io_context& context, HostOptions options) {
  auto started = Host::start(context, std::move(options));
  BOOST_REQUIRE_MESSAGE(started.ok(), to_text(started.status()));
  return std::move(*started);
}

Peer peer_of(const Host& host) { return Peer{host.address(), host.id()}; }

void run(asio::io_context& context, const std::function<asio::awaitable<void>()>& body,
         std::chrono::seconds limit) {
  std::optional<std::exception_ptr> end;
  asio::co_spawn(context, body, [&end](const std::exception_ptr& thrown) { end = thrown; });
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!end && std::chrono::steady_clock::now() < until) {
    context.restart();
    context.run_one_until(until);
  }
  BOOST_REQUIRE_MESSAGE(end.has_value(), "did not end within " << limit.count() << " s");
  if (*end) std::rethrow_exception(*end);
}

asio::awaitable<void> pause(Duration duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<bool> eventually(std::function<bool()> condition, Duration limit) {
  const Instant until = system_now() + limit;
  while (!condition()) {
    if (system_now() > until) co_return false;
    co_await pause(2ms);
  }
  co_return true;
}

Bytes pattern(std::size_t size, std::uint32_t salt) {
  Bytes bytes(size);
  std::uint32_t state = salt * 2654435761u + 1;
  for (auto& byte : bytes) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<std::uint8_t>(state >> 24);
  }
  return bytes;
}

asio::awaitable<Result<Bytes>> echo(ServerCall&, Bytes request) { co_return request; }

}  // namespace rpcnet::test
