// What is wrong with a certificate is said in words, at the start or when a link is refused.
#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "io/core/setup.h"
#include "tests/io/support/rig.h"

namespace rpcnet::test {
namespace {

namespace fs = std::filesystem;

void write_file(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

// Fails with words that hold each of `parts`.
void check_refused(const CredentialFiles& files, const std::vector<std::string>& parts) {
  const auto loaded = load_credentials(files);
  BOOST_REQUIRE(!loaded.ok());
  BOOST_TEST_MESSAGE(to_text(loaded.status()));
  for (const std::string& part : parts) {
    BOOST_CHECK_MESSAGE(loaded.status().message.find(part) != std::string::npos,
                        "\"" << part << "\" is not in: " << loaded.status().message);
  }
}

struct Directory {
  std::string path = make_certificates("--cluster dev");
  CredentialFiles files = files_of(path);
};

BOOST_AUTO_TEST_SUITE(CredentialFaults)

BOOST_AUTO_TEST_CASE(GoodOnesLoad) {
  const auto loaded = load_credentials(dev());
  BOOST_REQUIRE_MESSAGE(loaded.ok(), to_text(loaded.status()));
  BOOST_CHECK((*loaded)->identity()->cluster == "dev");
}

BOOST_FIXTURE_TEST_CASE(AMissingFileIsNamedWithWhatToDo, Directory) {
  CredentialFiles none = files;
  none.certificate = path + "/nowhere.pem";
  check_refused(none, {"certificate file", none.certificate, "RPCNET_CERT", "scripts/make-certs"});
  none = files;
  none.key = path + "/nowhere.pem";
  check_refused(none, {"private key file", none.key, "RPCNET_KEY"});
  none = files;
  none.authority = path + "/nowhere.pem";
  check_refused(none, {"authority file", none.authority, "RPCNET_CA"});
}

BOOST_FIXTURE_TEST_CASE(AnUnreadableFileIsNamed, Directory) {
  CredentialFiles folder = files;
  folder.key = path;
  check_refused(folder, {"private key file", path, "Is a directory"});
  if (::geteuid() == 0) return;  // root reads everything
  fs::permissions(files.key, fs::perms::none);
  check_refused(files, {"private key file", files.key, "Permission denied", "readable"});
}

BOOST_FIXTURE_TEST_CASE(WhatIsNoPemIsNamed, Directory) {
  const std::string text = path + "/text.pem";
  write_file(text, "hello\n");
  CredentialFiles wrong = files;
  wrong.certificate = text;
  check_refused(wrong, {"certificate file", text, "not PEM", "BEGIN CERTIFICATE"});
  wrong = files;
  std::swap(wrong.certificate, wrong.key);
  check_refused(wrong, {"certificate file", files.key, "mixed up"});
  write_file(text, "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n");
  wrong = files;
  wrong.certificate = text;
  check_refused(wrong, {"certificate file", text});
  write_file(text, "");
  check_refused(wrong, {"empty"});
}

BOOST_FIXTURE_TEST_CASE(AnExpiredCertificateSaysSinceWhen, Directory) {
  const std::string expired = make_certificates("--cluster dev --expired");
  check_refused(files_of(expired), {"certificate file", expired, "expired on 20"});
}

BOOST_FIXTURE_TEST_CASE(AKeyOfAnotherCertificateIsNamed, Directory) {
  const CredentialFiles other = files_of(make_certificates("--cluster dev"));
  CredentialFiles mixed = files;
  mixed.key = other.key;
  check_refused(mixed, {"private key file", mixed.key, "does not match", mixed.certificate});
  mixed = files;
  mixed.authority = other.authority;
  check_refused(mixed, {"certificate file", mixed.certificate, "not signed", mixed.authority});
}

BOOST_FIXTURE_TEST_CASE(TheEnvironmentChoosesOthers, Directory) {
  ::setenv("RPCNET_CERT", files.certificate.c_str(), 1);
  ::setenv("RPCNET_KEY", files.key.c_str(), 1);
  ::setenv("RPCNET_CA", files.authority.c_str(), 1);
  const auto loaded = load_credentials({});
  ::unsetenv("RPCNET_CERT");
  ::unsetenv("RPCNET_KEY");
  ::unsetenv("RPCNET_CA");
  BOOST_CHECK_MESSAGE(loaded.ok(), to_text(loaded.status()));
  BOOST_CHECK_EQUAL(located({}).certificate, "certs/test_cert.pem");
  BOOST_CHECK_EQUAL(located({}).key, "certs/test_key.pem");
  BOOST_CHECK_EQUAL(located({}).authority, "certs/ca_cert.pem");
}

BOOST_FIXTURE_TEST_CASE(WhatWasLoadedServesManyHosts, Directory) {
  asio::io_context context;
  HostOptions shared = options("");
  shared.credentials = files_of("/nowhere");
  BOOST_CHECK(!Host::start(context, shared).ok());
  shared.loaded = *load_credentials(files);
  for (int i = 0; i < 2; ++i) {
    const auto host = Host::start(context, shared);
    BOOST_REQUIRE_MESSAGE(host.ok(), to_text(host.status()));
  }
  // The name in it is checked as that of the files is.
  shared.cluster_name = "other";
  BOOST_CHECK(!Host::start(context, shared).ok());
}

BOOST_FIXTURE_TEST_CASE(ANodeMustBeTheCertificates, Directory) {
  asio::io_context context;
  const std::string node = make_certificates("--cluster dev --authority '" + path + "' worker-a");
  HostOptions wrong = options("worker-b");
  wrong.credentials = files_of(node, "worker-a");
  wrong.credentials.authority = files.authority;
  auto host = Host::start(context, wrong);
  BOOST_REQUIRE(!host.ok());
  BOOST_TEST_MESSAGE(to_text(host.status()));
  const std::string& said = host.status().message;
  BOOST_CHECK(said.find("rpcnet://dev/worker-a") != std::string::npos);
  BOOST_CHECK(said.find("worker-b") != std::string::npos);
  BOOST_CHECK(said.find("make-certs --node worker-b") != std::string::npos);
  wrong.node.clear();
  host = Host::start(context, wrong);
  BOOST_REQUIRE_MESSAGE(host.ok(), to_text(host.status()));
  BOOST_CHECK_EQUAL(host->id().text(), "worker-a");
}

BOOST_AUTO_TEST_SUITE_END()

// ---------------------------------------------------------------------------------- between hosts

BOOST_AUTO_TEST_SUITE(Refused)

// A caller with these options is refused by a server with those, for that reason; nobody else is
// disturbed.
void check_link_refused(HostOptions server_options, HostOptions client_options,
                        quic::RefusalKind kind, const std::string& word) {
  asio::io_context context;
  Host server = start(context, std::move(server_options));
  Host friendly = start(context, options("friendly"));
  Host client = start(context, std::move(client_options));
  server.serve("Echo.echo", echo);
  run(context, [&]() -> asio::awaitable<void> {
    Result<Bytes> got = co_await friendly.call(peer_of(server), "Echo.echo", {});
    BOOST_CHECK_MESSAGE(got.ok(), to_text(got.status()));
    got = co_await client.call(Peer(server.address(), std::nullopt), "Echo.echo", {});
    BOOST_CHECK_MESSAGE(!got.ok(), "was not refused");
    BOOST_TEST_MESSAGE(to_text(got.status()));
    BOOST_CHECK_MESSAGE(got.status().message.find(word) != std::string::npos, got.status().message);
    got = co_await friendly.call(peer_of(server), "Echo.echo", {});
    BOOST_CHECK(got.ok());
  });
  if (kind != quic::RefusalKind::other) {
    BOOST_CHECK_EQUAL(server.counters().quic.refused(kind), 1u);
  }
  BOOST_CHECK_EQUAL(friendly.counters().quic.links_dialled, 1u);
}

BOOST_AUTO_TEST_CASE(ACallerOfAnotherAuthority) {
  HostOptions stranger = options("stranger");
  stranger.credentials = files_of(make_certificates("--cluster dev"));
  // It trusts the server, so that it is the server who judges.
  const std::string both = stranger.credentials.authority + ".both";
  std::ofstream joined(both);
  joined << std::ifstream(stranger.credentials.authority).rdbuf()
         << std::ifstream(dev().authority).rdbuf();
  joined.close();
  stranger.credentials.authority = both;
  check_link_refused(options("server"), stranger, quic::RefusalKind::unknown_authority, "");
}

BOOST_AUTO_TEST_CASE(AServerOfAnotherAuthority) {
  HostOptions server = options("server");
  HostOptions stranger = options("stranger");
  stranger.credentials = files_of(make_certificates("--cluster dev"));
  check_link_refused(server, stranger, quic::RefusalKind::other, "refused");
}

BOOST_AUTO_TEST_CASE(ACallerOfAnotherCluster) {
  const CredentialFiles ours = dev();
  const std::string authority = fs::path(ours.authority).parent_path().string();
  const std::string other =
      make_certificates("--cluster prod --authority '" + authority + "' intruder");
  HostOptions intruder = options("intruder");
  intruder.credentials = files_of(other, "intruder");
  intruder.credentials.authority = ours.authority;
  // Our own dialler sees the difference first. What an accepting endpoint makes of a dialler that
  // does not look is tested in tests/quic.
  check_link_refused(options("server"), intruder, quic::RefusalKind::other, "cluster");
}

BOOST_AUTO_TEST_CASE(ACallerWithoutACertificateWhereOneIsRequired) {
  HostOptions server = options("server");
  server.callers = quic::ClientCertificate::required;
  HostOptions anonymous = options();
  anonymous.credentials.anonymous = true;
  anonymous.member = false;
  anonymous.cluster_name = "dev";
  check_link_refused(server, anonymous, quic::RefusalKind::no_certificate, "certificate");
}

BOOST_AUTO_TEST_CASE(ACallerWithoutACertificateIsServedWhereThatIsAllowed) {
  asio::io_context context;
  Host server = start(context, options("server"));
  HostOptions anonymous = options();
  anonymous.credentials.anonymous = true;
  anonymous.member = false;
  anonymous.cluster_name = "dev";
  Host client = start(context, anonymous);
  bool known = true;
  server.serve("Who.am_i", [&](ServerCall& call, Bytes) -> asio::awaitable<Result<Bytes>> {
    known = call.identity().has_value();
    co_return Bytes{};
  });
  run(context, [&]() -> asio::awaitable<void> {
    Result<Bytes> got = co_await client.call(peer_of(server), "Who.am_i", {});
    BOOST_CHECK_MESSAGE(got.ok(), to_text(got.status()));
  });
  BOOST_CHECK(!known);
}

BOOST_AUTO_TEST_CASE(AnotherNodeThanTheOneMeantIsNotSpokenTo) {
  const CredentialFiles ours = dev();
  const std::string authority = fs::path(ours.authority).parent_path().string();
  const std::string node =
      make_certificates("--cluster dev --authority '" + authority + "' worker-a");
  HostOptions server = options();
  server.credentials = files_of(node, "worker-a");
  server.credentials.authority = ours.authority;
  asio::io_context context;
  Host worker = start(context, server);
  worker.serve("Echo.echo", echo);
  Host client = start(context, options("client"));
  run(context, [&]() -> asio::awaitable<void> {
    Peer wrong(worker.address(), NodeId::parse("worker-b"));
    Result<Bytes> got = co_await client.call(wrong, "Echo.echo", {});
    BOOST_CHECK(got.code() == StatusCode::unavailable);
    BOOST_TEST_MESSAGE(to_text(got.status()));
    BOOST_CHECK_MESSAGE(got.status().message.find("worker-b") != std::string::npos,
                        got.status().message);
    // After the failed dial the address is left alone for a moment (LinksConfig::backoff_min).
    const Instant until = client.now() + 2s;
    while (!got.ok() && client.now() < until) {
      co_await pause(20ms);
      got = co_await client.call(peer_of(worker), "Echo.echo", {});
    }
    BOOST_CHECK_MESSAGE(got.ok(), to_text(got.status()));
  });
}

// RFC 9000 21.11: whoever can make another process with the same key answer a packet of a link of
// this one would get the token that resets it.
BOOST_AUTO_TEST_CASE(ProcessesWithOneCertificateHaveResetKeysOfTheirOwn) {
  asio::io_context context;
  const auto set_up_at = [&](const std::string& bind) {
    HostOptions where = options("shared");
    where.bind = bind;
    auto made = core::set_up(context, where);
    BOOST_REQUIRE_MESSAGE(made.ok(), to_text(made.status()));
    return std::optional<core::Setup>(std::move(*made));
  };
  auto first = set_up_at("127.0.0.1:0");
  const auto second = set_up_at("127.0.0.1:0");
  const quic::SecretKey key = first->endpoint.reset_key;
  BOOST_CHECK(key != second->endpoint.reset_key);
  BOOST_CHECK(first->endpoint.token_key != second->endpoint.token_key);
  BOOST_CHECK(key != first->endpoint.token_key);
  // After a restart in the same place it is the same again: so peers learn of it at once.
  const std::string place = to_text(first->socket->local());
  first.reset();
  BOOST_CHECK(set_up_at(place)->endpoint.reset_key == key);
}

BOOST_AUTO_TEST_CASE(RenewedFilesServeNewLinks) {
  asio::io_context context;
  const CredentialFiles ours = dev();
  const std::string authority = fs::path(ours.authority).parent_path().string();
  const std::string node =
      make_certificates("--cluster dev --authority '" + authority + "' server");
  Host server = start(context, options("server"));
  server.serve("Echo.echo", echo);
  CredentialFiles renewed = files_of(node, "server");
  renewed.authority = ours.authority;
  CredentialFiles broken = renewed;
  broken.key = ours.key;
  BOOST_CHECK(!server.reload(broken).ok());
  BOOST_CHECK(server.reload(renewed).ok());
  Host client = start(context, options("client"));
  run(context, [&]() -> asio::awaitable<void> {
    Result<Bytes> got = co_await client.call(peer_of(server), "Echo.echo", {});
    BOOST_CHECK_MESSAGE(got.ok(), to_text(got.status()));
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rpcnet::test
