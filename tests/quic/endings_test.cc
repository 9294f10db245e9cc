// How links end, and what each side is told.
#include <boost/test/unit_test.hpp>

#include "tests/quic/support/tls_clock.h"
#include "tests/quic/support/world.h"

using namespace rpcnet;
using namespace rpcnet::test;
using quic::RefusalKind;

BOOST_AUTO_TEST_SUITE(Endings)

BOOST_AUTO_TEST_CASE(ACloseArrivesWithCodeAndReason) {
  Pair pair;
  pair.client.order(CloseLink{pair.link, CloseCode::leaving, "going home"});
  BOOST_REQUIRE(pair.run_until([&] { return pair.server.link(pair.remote).down; }));
  const LinkDown& down = *pair.server.link(pair.remote).down;
  BOOST_TEST((down.end == LinkEnd::closed_by_peer));
  BOOST_TEST(down.code == static_cast<std::uint64_t>(CloseCode::leaving));
  BOOST_TEST(down.detail == "closed by peer: going home");
  BOOST_TEST(!pair.client.link(pair.link).down);  // its own doing is not told back
  pair.run_for(10s);
  BOOST_TEST(pair.client.counters().links == 0U);
  BOOST_TEST(pair.server.counters().closing == 0U);
}

BOOST_AUTO_TEST_CASE(ALostCloseIsRepeated) {
  Pair pair;
  pair.drop = [&](const Address& from, const Address&, BytesView) {
    return from == pair.client.address();
  };
  pair.client.order(CloseLink{pair.link, CloseCode::leaving, ""});
  pair.run_for(1ms);
  pair.drop = nullptr;
  pair.server.write(pair.remote, 1, to_bytes("are you there"), true);
  BOOST_REQUIRE(pair.run_until([&] { return pair.server.link(pair.remote).down; }, 1s));
  BOOST_TEST((pair.server.link(pair.remote).down->end == LinkEnd::closed_by_peer));
}

// What it knows of the dialler has no reset token, so only the close itself can tell it.
BOOST_AUTO_TEST_CASE(AnAcceptorWhoMissedTheCloseLearnsOfItWheneverItSpeaks) {
  quic::EndpointConfig config;
  config.idle_timeout = 30s;
  Pair pair(config);
  pair.run_for(1s);  // until packet sizes are no longer tried
  pair.drop = [&](const Address& from, const Address&, BytesView) {
    return from == pair.client.address();
  };
  pair.client.order(CloseLink{pair.link, CloseCode::leaving, ""});
  pair.run_for(1ms);
  pair.drop = nullptr;
  pair.run_for(25s);
  BOOST_REQUIRE(!pair.server.link(pair.remote).down);
  pair.server.order(SendDatagram{pair.remote, to_bytes("are you there")});
  BOOST_REQUIRE(pair.run_until([&] { return pair.server.link(pair.remote).down; }, 1s));
  BOOST_TEST((pair.server.link(pair.remote).down->end == LinkEnd::closed_by_peer));
  pair.run_for(10s);
  BOOST_TEST(pair.client.counters().closing == 0U);
}

BOOST_AUTO_TEST_CASE(AnIdleLinkEndsOnBothSides) {
  quic::EndpointConfig config;
  config.idle_timeout = 10s;
  Pair pair(config);
  pair.run_for(9s);
  BOOST_TEST(!pair.client.link(pair.link).down);
  pair.run_for(2s);
  BOOST_REQUIRE(pair.client.link(pair.link).down);
  BOOST_REQUIRE(pair.server.link(pair.remote).down);
  BOOST_TEST((pair.client.link(pair.link).down->end == LinkEnd::idle));
  BOOST_TEST((pair.server.link(pair.remote).down->end == LinkEnd::idle));
  pair.run_for(11s);
  BOOST_TEST(!pair.client.endpoint().deadline().has_value());
}

// Its own idle timeout begins anew when it speaks, and all that it says would be lost until then.
BOOST_AUTO_TEST_CASE(AnAcceptorWhoSpeaksAsTheLinkIdlesLearnsOfItAtOnce) {
  quic::EndpointConfig config;
  config.idle_timeout = 10s;
  World world;
  Host& server = world.add("a", config);
  config.idle_timeout = 9s;
  Host& client = world.add("b", config);
  const LinkId link = client.dial(server, Protocol::rpc);
  world.run_for(8s);
  BOOST_REQUIRE(client.link(link).up);
  const LinkId remote = server.links.begin()->first;
  world.drop = [&](const Address&, const Address& to, BytesView) { return to == client.address(); };
  server.order(SendDatagram{remote, to_bytes("x")});
  BOOST_REQUIRE(world.run_until([&] { return client.link(link).down; }, 5s));
  BOOST_TEST((client.link(link).down->end == LinkEnd::idle));
  BOOST_TEST(!server.link(remote).down);
  world.drop = nullptr;
  BOOST_REQUIRE(world.run_until([&] { return server.link(remote).down; }, 5s));
  BOOST_TEST((server.link(remote).down->end == LinkEnd::closed_by_peer));
}

BOOST_AUTO_TEST_CASE(KeepAliveOfTheAcceptorKeepsALinkUp) {
  quic::EndpointConfig config;
  config.idle_timeout = 10s;
  config.accept_keep_alive = 3s;
  Pair pair(config);
  pair.run_for(60s);
  BOOST_TEST(!pair.client.link(pair.link).down);
  BOOST_TEST(!pair.server.link(pair.remote).down);
}

BOOST_AUTO_TEST_CASE(ADialThatNobodyAnswersTimesOut) {
  World world;
  Host& client = world.add("b");
  Host& server = world.add("a");
  world.drop = [](const Address&, const Address&, BytesView) { return true; };
  const LinkId link = client.dial(server, Protocol::rpc, std::nullopt, 3s);
  world.run_for(2900ms);
  BOOST_TEST(!client.link(link).down);
  world.run_for(200ms);
  BOOST_REQUIRE(client.link(link).down);
  BOOST_TEST((client.link(link).down->end == LinkEnd::handshake_timeout));
  BOOST_TEST(client.link(link).down->detail == "no answer");
  BOOST_TEST(client.counters().links == 0U);
}

BOOST_AUTO_TEST_CASE(AnAnswerThatComesTooLateIsNoRefusal) {
  World world;
  Host& server = world.add("a");
  Host& client = world.add("b");  // accepts too, so that an Initial packet could begin a link
  world.conditions.latency = 600ms;
  const LinkId link = client.dial(server, Protocol::rpc, std::nullopt, 1s);
  world.run_for(5s);
  BOOST_REQUIRE(client.link(link).down);
  BOOST_TEST(client.counters().dropped_garbage > 0U);
  BOOST_TEST(client.refusals.empty());
  BOOST_TEST(client.counters().links == 0U);
}

BOOST_AUTO_TEST_CASE(AnIncomingHandshakeThatStopsIsForgotten) {
  quic::EndpointConfig config;
  config.accept_handshake_timeout = 4s;
  World world;
  Host& server = world.add("a", config);
  Host& client = world.add("b");
  // Only the first flight of the client arrives.
  int passed = 0;
  world.drop = [&](const Address& from, const Address&, BytesView) {
    return from == client.address() && ++passed > 1;
  };
  client.dial(server, Protocol::rpc);
  world.run_for(1s);
  BOOST_TEST(server.counters().half_open == 1U);
  world.run_for(5s);
  BOOST_TEST(server.counters().half_open == 0U);
  BOOST_REQUIRE_EQUAL(server.refusals.size(), 1U);
  BOOST_TEST((server.refusals[0].kind == RefusalKind::handshake_timeout));
  BOOST_TEST(server.links.empty());
}

BOOST_AUTO_TEST_CASE(ARestartedPeerResetsItsOldLinks) {
  Pair pair;
  pair.client.write(pair.link, 0, to_bytes("x"));
  pair.run_for(1s);
  pair.server.restart();
  pair.client.write(pair.link, 0, pattern(100));
  BOOST_REQUIRE(pair.run_until([&] { return pair.client.link(pair.link).down; }, 1s));
  BOOST_TEST((pair.client.link(pair.link).down->end == LinkEnd::reset));
  BOOST_TEST(pair.server.counters().resets_sent >= 1U);
  BOOST_TEST(pair.client.counters().resets_sent == 0U);  // resets do not answer each other
  const LinkId again = pair.client.dial(pair.server, Protocol::gossip);
  BOOST_TEST(pair.run_until([&] { return pair.client.link(again).up; }));
}

BOOST_AUTO_TEST_CASE(AForgedResetIsIgnored) {
  Pair pair;
  Bytes forged = pattern(43);
  forged[0] = 0x41;
  pair.inject(pair.client, pair.server.address(), forged);
  pair.run_for(1s);
  BOOST_TEST(!pair.client.link(pair.link).down);
}

BOOST_AUTO_TEST_CASE(AnsweringStraysIsRateLimited) {
  quic::EndpointConfig config;
  config.stateless_per_second = 10;
  config.stateless_burst = 5;
  World world;
  Host& server = world.add("a", config);
  Bytes stray = pattern(200);
  stray[0] = 0x40;
  for (int i = 0; i < 100; ++i) {
    stray[5] = static_cast<std::uint8_t>(i);
    world.inject(server, Address::v4(9, 9, 9, 9, 9), stray);
  }
  BOOST_TEST(server.counters().resets_sent == 5U);
  BOOST_TEST(server.counters().stateless_suppressed == 95U);
  world.run_for(1s);
  for (int i = 0; i < 100; ++i) world.inject(server, Address::v4(9, 9, 9, 9, 9), stray);
  BOOST_TEST(server.counters().resets_sent == 10U);
  // Never longer than what it answers, and nothing for what is too short to be answered.
  const std::uint64_t before = server.counters().resets_sent;
  world.inject(server, Address::v4(9, 9, 9, 9, 9), BytesView(stray).first(20));
  BOOST_TEST(server.counters().resets_sent == before);
}

BOOST_AUTO_TEST_CASE(IcmpEndsADialAtOnce) {
  World world;
  Host& client = world.add("b");
  const LinkId link{100};
  client.order(Connect{link, Protocol::rpc, Address::v4(10, 9, 9, 9, 1), std::nullopt, 5s, {}});
  world.icmp = true;
  BOOST_REQUIRE(world.run_until([&] { return client.link(link).down; }, 100ms));
  BOOST_TEST((client.link(link).down->end == LinkEnd::unreachable));
}

BOOST_AUTO_TEST_CASE(IcmpForALivingLinkIsOnlyAHint) {
  Pair pair;
  pair.run_for(1s);
  pair.client.endpoint().unreachable(pair.now(), pair.server.address());
  pair.run_for(2s);
  BOOST_TEST(!pair.client.link(pair.link).down);
  BOOST_TEST(pair.client.counters().pings_of_doubt == 1U);
  // But the truth, if nothing answers.
  pair.drop = [](const Address&, const Address&, BytesView) { return true; };
  pair.client.endpoint().unreachable(pair.now(), pair.server.address());
  pair.run_for(50ms);
  BOOST_TEST(!pair.client.link(pair.link).down);
  pair.run_for(100ms);
  BOOST_REQUIRE(pair.client.link(pair.link).down);
  BOOST_TEST((pair.client.link(pair.link).down->end == LinkEnd::unreachable));
}

BOOST_AUTO_TEST_CASE(AFullEndpointSaysSo) {
  quic::EndpointConfig config;
  config.links_max = 2;
  World world;
  Host& server = world.add("a", config);
  Host& client = world.add("b");
  std::vector<LinkId> links;
  for (int i = 0; i < 3; ++i) {
    links.push_back(client.dial(server, Protocol::rpc));
    world.run_for(1s);
  }
  BOOST_TEST(client.link(links[1]).up.has_value());
  BOOST_REQUIRE(client.link(links[2]).down);
  BOOST_TEST((client.link(links[2]).down->end == LinkEnd::refused_by_peer));
  BOOST_TEST(client.link(links[2]).down->code == static_cast<std::uint64_t>(CloseCode::overloaded));
  BOOST_TEST(server.counters().refused(RefusalKind::overloaded) >= 1U);
}

BOOST_AUTO_TEST_CASE(ADialWithoutRoomEndsAtOnce) {
  quic::EndpointConfig config;
  config.links_max = 1;
  World world;
  Host& server = world.add("a");
  Host& client = world.add("b", config);
  client.dial(server, Protocol::rpc);
  const LinkId second = client.dial(server, Protocol::rpc);
  world.run_for(1s);
  BOOST_REQUIRE(client.link(second).down);
  BOOST_TEST((client.link(second).down->end == LinkEnd::local_limit));
}

BOOST_AUTO_TEST_CASE(ADrainingEndpointRefusesNewLinksAndKeepsOldOnes) {
  Pair pair;
  pair.server.echo = true;
  pair.server.endpoint().set_accepting(false);
  const LinkId second = pair.client.dial(pair.server, Protocol::rpc);
  BOOST_REQUIRE(pair.run_until([&] { return pair.client.link(second).down; }, 1s));
  BOOST_TEST((pair.client.link(second).down->end == LinkEnd::refused_by_peer));
  pair.client.write(pair.link, 0, to_bytes("x"), true);
  BOOST_TEST(pair.run_until([&] { return pair.client.stream(pair.link, 0).fin; }));
}

BOOST_AUTO_TEST_CASE(ClosingDuringTheHandshakeTellsNothing) {
  World world;
  Host& server = world.add("a");
  Host& client = world.add("b");
  for (const Duration wait : {Duration{0}, Duration{1ms}, Duration{2ms}, Duration{3ms}}) {
    const LinkId link = client.dial(server, Protocol::rpc);
    world.run_for(wait);
    client.order(CloseLink{link, CloseCode::none, ""});
    world.run_for(20s);
    BOOST_TEST(!client.link(link).down);
    BOOST_TEST(client.counters().links == 0U);
    BOOST_TEST(server.counters().links == 0U);
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(Silence)

BOOST_AUTO_TEST_CASE(EndsALinkWithOpenStreamsInTime) {
  Pair pair({}, 1, Protocol::rpc, 4s);
  pair.client.write(pair.link, 0, to_bytes("x"));
  pair.run_for(1s);
  pair.drop = [](const Address&, const Address&, BytesView) { return true; };
  pair.run_for(3s);
  BOOST_TEST(!pair.client.link(pair.link).down);
  BOOST_REQUIRE(pair.run_until([&] { return pair.client.link(pair.link).down; }, 3s));
  BOOST_TEST((pair.client.link(pair.link).down->end == LinkEnd::silent));
}

BOOST_AUTO_TEST_CASE(DoesNotJudgeALinkWithoutStreams) {
  Pair pair({}, 1, Protocol::rpc, 4s);
  pair.drop = [](const Address&, const Address&, BytesView) { return true; };
  pair.run_for(20s);
  BOOST_TEST(!pair.client.link(pair.link).down);
}

BOOST_AUTO_TEST_CASE(PingsKeepAQuietCallAlive) {
  Pair pair({}, 1, Protocol::rpc, 4s);
  pair.client.write(pair.link, 0, to_bytes("a long computation"), true);
  const std::uint64_t before = pair.sent;
  pair.run_for(120s);  // four idle timeouts
  BOOST_TEST(!pair.client.link(pair.link).down);
  BOOST_TEST(!pair.server.link(pair.remote).down);
  // A PING and its answers once a quarter of silence_max (ngtcp2 also acknowledges an answer that
  // asks for it), not more.
  BOOST_TEST(pair.sent - before < 320U);
}

BOOST_AUTO_TEST_CASE(ASuspendedProcessDoesNotBlameItsPeers) {
  Pair pair({}, 1, Protocol::rpc, 4s);
  pair.client.write(pair.link, 0, to_bytes("x"));
  pair.run_for(1s);
  // Too short for the idle timeout, far longer than silence_max; whatever the server said is lost.
  pair.suspend(pair.client, 20s);
  pair.drop = [](const Address&, const Address&, BytesView) { return true; };
  pair.run_for(20s);
  pair.drop = nullptr;
  pair.run_for(10s);
  BOOST_TEST(!pair.client.link(pair.link).down);
}

BOOST_AUTO_TEST_CASE(AfterAStallAPingMustGoUnanswered) {
  Pair pair({}, 1, Protocol::rpc, 4s);
  pair.client.write(pair.link, 0, to_bytes("x"));
  pair.run_for(1s);
  pair.drop = [](const Address&, const Address&, BytesView) { return true; };
  pair.suspend(pair.client, 20s);
  pair.run_for(20s);
  pair.run_for(1500ms);
  BOOST_TEST(!pair.client.link(pair.link).down);
  BOOST_REQUIRE(pair.run_until([&] { return pair.client.link(pair.link).down; }, 4s));
  BOOST_TEST((pair.client.link(pair.link).down->end == LinkEnd::silent));
}

BOOST_AUTO_TEST_SUITE_END()
