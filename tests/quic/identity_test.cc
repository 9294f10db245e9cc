// Who is let in: each refusal, seen from both sides.
#include "io/quic/core/identity.h"

#include <boost/test/unit_test.hpp>

#include "tests/quic/support/certificates.h"
#include "tests/quic/support/tls_clock.h"
#include "tests/quic/support/world.h"

using namespace rpcnet;
using namespace rpcnet::test;
using quic::ClientCertificate;
using quic::RefusalKind;

namespace {

struct Attempt : World {
  Host* server = nullptr;
  Host* client = nullptr;
  LinkId link;

  void dial(Protocol protocol, std::optional<NodeId> expected = std::nullopt) {
    link = client->dial(*server, protocol, std::move(expected));
    run_until([&] { return client->link(link).up || client->link(link).down; });
    run_for(100ms);
  }
  const LinkDown& down() {
    BOOST_REQUIRE(client->link(link).down);
    BOOST_REQUIRE(!client->link(link).up);
    return *client->link(link).down;
  }
  const quic::Refusal& refusal() {
    BOOST_REQUIRE_EQUAL(server->refusals.size(), 1U);
    return server->refusals.front();
  }
};

bool has(const std::string& text, std::string_view part) {
  const bool found = text.find(part) != std::string::npos;
  BOOST_CHECK_MESSAGE(found, "'" << text << "' lacks '" << part << "'");
  return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(Identity)

BOOST_AUTO_TEST_CASE(ParsesOnlyNamesOfMembers) {
  const auto good = quic::parse_identity("rpcnet://dev/worker-1");
  BOOST_REQUIRE(good);
  BOOST_TEST(good->cluster == "dev");
  BOOST_TEST(good->node == "worker-1");
  BOOST_TEST(quic::parse_identity("rpcnet://dev/*").has_value());
  BOOST_TEST(quic::parse_identity("rpcnet://dev/worker-*").has_value());
  for (const char* bad : {"", "rpcnet://", "rpcnet://dev", "rpcnet://dev/", "rpcnet:///a",
                          "https://dev/a", "rpcnet://dev/a/b", "rpcnet://dev/*a", "rpcnet://dev/A",
                          "rpcnet://d v/a", "rpcnet://dev/a**", "RPCNET://dev/a"}) {
    BOOST_TEST(!quic::parse_identity(bad).has_value(), bad);
  }
}

BOOST_AUTO_TEST_CASE(RefusesAnExpiredServer) {
  Attempt a;
  a.server = &a.add("short");
  a.client = &a.add("b");
  set_tls_time(std::chrono::hours{24 * 5});
  a.dial(Protocol::rpc);
  BOOST_TEST((a.down().end == LinkEnd::refused_by_us));
  has(a.down().detail, "rpcnet://dev/a expired on 20");
  has(a.refusal().detail, "certificate expired");
}

BOOST_AUTO_TEST_CASE(RefusesAnExpiredClient) {
  Attempt a;
  a.server = &a.add("b");
  a.client = &a.add("short");
  set_tls_time(std::chrono::hours{24 * 5});
  a.dial(Protocol::gossip);
  BOOST_TEST((a.down().end == LinkEnd::refused_by_peer));
  has(a.down().detail, "expired");
  BOOST_TEST((a.refusal().kind == RefusalKind::expired));
  has(a.refusal().detail, "rpcnet://dev/a expired on 20");
  BOOST_TEST((a.refusal().remote == a.client->address()));
  BOOST_TEST(a.server->counters().refused(RefusalKind::expired) == 1U);
}

BOOST_AUTO_TEST_CASE(RefusesACertificateFromTheFuture) {
  Attempt a;
  a.server = &a.add("a");
  a.client = &a.add("b");
  set_tls_time(-std::chrono::hours{24});
  a.dial(Protocol::rpc);
  BOOST_TEST((a.down().end == LinkEnd::refused_by_us));
  has(a.down().detail, "is not valid before");
}

BOOST_AUTO_TEST_CASE(RefusesAServerOfAnotherAuthority) {
  Attempt a;
  a.server = &a.add("a");
  a.client = &a.add("b");
  const Certificates& all = Certificates::get();
  const auto foreign = quic::TlsContext::load(
      {all["foreign"].certificate_pem, all["foreign"].key_pem, all.foreign_authority()});
  BOOST_REQUIRE_MESSAGE(foreign.context, foreign.error);
  a.server->endpoint().use_tls(foreign.context);
  a.dial(Protocol::rpc);
  BOOST_TEST((a.down().end == LinkEnd::refused_by_us));
  has(a.down().detail, "unknown authority");
}

BOOST_AUTO_TEST_CASE(RefusesAClientOfAnotherAuthority) {
  Attempt a;
  a.server = &a.add("a");
  a.client = &a.add("b");
  // Trusts the server, presents what the server does not trust.
  const Certificates& all = Certificates::get();
  const std::string both = all.authority() + all.foreign_authority();
  const auto foreign =
      quic::TlsContext::load({all["foreign"].certificate_pem, all["foreign"].key_pem, both});
  BOOST_REQUIRE_MESSAGE(foreign.context, foreign.error);
  a.client->endpoint().use_tls(foreign.context);
  a.dial(Protocol::gossip);
  BOOST_TEST((a.down().end == LinkEnd::refused_by_peer));
  has(a.down().detail, "unknown authority");
  BOOST_TEST((a.refusal().kind == RefusalKind::unknown_authority));
}

BOOST_AUTO_TEST_CASE(RefusesAClientOfAnotherCluster) {
  Attempt a;
  a.server = &a.add("a");
  quic::EndpointConfig config;
  config.cluster = "dev";  // it claims, but its certificate says prod
  a.client = &a.add("other", config);
  a.dial(Protocol::rpc);
  BOOST_TEST((a.down().end == LinkEnd::refused_by_peer));
  BOOST_TEST(a.down().code == static_cast<std::uint64_t>(CloseCode::wrong_cluster));
  has(a.down().detail, "peer is of cluster 'prod', expected 'dev'");
  BOOST_TEST((a.refusal().kind == RefusalKind::wrong_cluster));
  BOOST_TEST((a.refusal().protocol == Protocol::rpc));
}

BOOST_AUTO_TEST_CASE(RefusesAServerOfAnotherCluster) {
  Attempt a;
  a.server = &a.add("other");
  a.client = &a.add("b");
  a.dial(Protocol::rpc);
  BOOST_TEST((a.down().end == LinkEnd::refused_by_us));
  BOOST_TEST(a.down().code == static_cast<std::uint64_t>(CloseCode::wrong_cluster));
  has(a.down().detail, "peer is of cluster 'prod', expected 'dev'");
  has(a.refusal().detail, "access denied: peer is of cluster 'prod'");
}

BOOST_AUTO_TEST_CASE(RefusesAServerThatIsAnotherNode) {
  Attempt a;
  a.server = &a.add("a");
  a.client = &a.add("b");
  a.dial(Protocol::gossip, NodeId::parse("c"));
  BOOST_TEST((a.down().end == LinkEnd::refused_by_us));
  BOOST_TEST(a.down().code == static_cast<std::uint64_t>(CloseCode::wrong_node));
  has(a.down().detail, "peer is node 'a', expected 'c'");
}

BOOST_AUTO_TEST_CASE(AcceptsTheExpectedNodeAndAPattern) {
  Attempt a;
  a.server = &a.add("a");
  a.client = &a.add("b");
  a.dial(Protocol::gossip, NodeId::parse("a"));
  BOOST_TEST(a.client->link(a.link).up.has_value());
  Attempt b;
  b.server = &b.add("any");
  b.client = &b.add("b");
  b.dial(Protocol::gossip, NodeId::parse("whoever"));
  BOOST_TEST(b.client->link(b.link).up.has_value());
}

BOOST_AUTO_TEST_CASE(RefusesGossipWithoutACertificate) {
  Attempt a;
  a.server = &a.add("a");
  a.client = &a.add("");
  a.dial(Protocol::gossip);
  BOOST_TEST((a.down().end == LinkEnd::refused_by_peer));
  BOOST_TEST(a.down().code == static_cast<std::uint64_t>(CloseCode::no_certificate));
  has(a.down().detail, "peer has no certificate");
  BOOST_TEST((a.refusal().kind == RefusalKind::no_certificate));
}

BOOST_AUTO_TEST_CASE(LetsAnonymousClientsCallWherePolicyAllows) {
  for (const auto policy : {ClientCertificate::none, ClientCertificate::optional}) {
    Attempt a;
    quic::EndpointConfig config;
    config.rpc_clients = policy;
    a.server = &a.add("a", config);
    a.client = &a.add("");
    a.dial(Protocol::rpc);
    BOOST_REQUIRE(a.client->link(a.link).up);
    BOOST_TEST(!a.server->link(a.server->accepted()).up->identity.has_value());
  }
}

BOOST_AUTO_TEST_CASE(RefusesAnonymousClientsWherePolicyForbids) {
  Attempt a;
  quic::EndpointConfig config;
  config.rpc_clients = ClientCertificate::required;
  a.server = &a.add("a", config);
  a.client = &a.add("");
  a.dial(Protocol::rpc);
  BOOST_TEST((a.down().end == LinkEnd::refused_by_peer));
  BOOST_TEST(a.down().code == static_cast<std::uint64_t>(CloseCode::no_certificate));
}

BOOST_AUTO_TEST_CASE(IgnoresAnyCertificateUnderPolicyNone) {
  Attempt a;
  quic::EndpointConfig config;
  config.rpc_clients = ClientCertificate::none;
  a.server = &a.add("a", config);
  a.client = &a.add("b");
  const Certificates& all = Certificates::get();
  const std::string both = all.authority() + all.foreign_authority();
  const auto foreign =
      quic::TlsContext::load({all["foreign"].certificate_pem, all["foreign"].key_pem, both});
  a.client->endpoint().use_tls(foreign.context);
  a.dial(Protocol::rpc);
  BOOST_REQUIRE(a.client->link(a.link).up);
  BOOST_TEST(!a.server->link(a.server->accepted()).up->identity.has_value());
}

BOOST_AUTO_TEST_CASE(VerifiesAChainThroughAnIntermediate) {
  Attempt a;
  a.server = &a.add("chained");
  a.client = &a.add("b");
  a.dial(Protocol::gossip, NodeId::parse("a"));
  BOOST_TEST(a.client->link(a.link).up.has_value());
}

BOOST_AUTO_TEST_CASE(ReloadsCertificatesWithoutHarmToLinks) {
  Pair pair;
  pair.server.echo = true;
  pair.server.endpoint().use_tls(Certificates::get().context("any"));
  pair.client.write(pair.link, 0, to_bytes("still here"), true);
  BOOST_TEST(pair.run_until([&] { return pair.client.stream(pair.link, 0).fin; }));
  const LinkId second = pair.client.dial(pair.server, Protocol::rpc);
  BOOST_REQUIRE(pair.run_until([&] { return pair.client.link(second).up.has_value(); }));
  BOOST_TEST(pair.client.link(second).up->identity->node == "*");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(TlsContext)

BOOST_AUTO_TEST_CASE(SaysWhichFileIsWrongAndHow) {
  const Certificates& all = Certificates::get();
  const auto error = [](const quic::TlsMaterial& material) {
    const auto loaded = quic::TlsContext::load(material);
    BOOST_TEST(!loaded.context);
    return loaded.error;
  };
  const std::string& cert = all["a"].certificate_pem;
  const std::string& key = all["a"].key_pem;
  const std::string& ca = all.authority();
  has(error({cert, key, ""}), "authority: no certificate");
  has(error({cert, key, "nonsense"}), "authority: not PEM");
  has(error({"nonsense", key, ca}), "certificate: not PEM");
  has(error({cert, "nonsense", ca}), "key: not PEM");
  has(error({cert, "", ca}), "key: missing");
  has(error({"", key, ca}), "certificate: missing");
  has(error({cert, all["b"].key_pem, ca}), "key: does not match the certificate");
  has(error({cert, key, all.foreign_authority()}),
      "certificate: not signed by the given authority");
  has(error({all["unnamed"].certificate_pem, all["unnamed"].key_pem, ca}),
      "certificate: no URI alternative name");
  const std::string broken = cert.substr(0, 200) + "AAAA" + cert.substr(204);
  has(error({broken, key, ca}), "certificate: ");
  set_tls_time(std::chrono::hours{24 * 5});
  has(error(all.material("short")), "certificate: expired on 20");
  set_tls_time(std::chrono::hours{24 * 4000});
  has(error({cert, key, ca}), "authority: expired on 20");
  set_tls_time({});
}

BOOST_AUTO_TEST_CASE(KnowsItsOwnIdentityAndDerivesKeys) {
  const auto a = Certificates::get().context("a");
  BOOST_REQUIRE(a->identity());
  BOOST_TEST(a->identity()->node == "a");
  BOOST_TEST(a->valid_until().ends_with(" UTC"));
  // The same key file gives the same keys after a restart; labels and key files differ.
  const auto again = Certificates::get().context("a");
  BOOST_TEST((a->derive_key("reset") == again->derive_key("reset")));
  BOOST_TEST((a->derive_key("reset") != a->derive_key("token")));
  BOOST_TEST((a->derive_key("reset") != Certificates::get().context("b")->derive_key("reset")));
  BOOST_TEST(!Certificates::get().context("")->derive_key("reset").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
