// A QUIC client that is none of ours: right certificates, another ALPN name or none.
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include <wolfssl/quic.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <string>

#include "io/quic/core/connection_ids.h"
#include "io/quic/core/crypto.h"
#include "io/quic/core/udp_path.h"
#include "tests/quic/support/certificates.h"
#include "tests/quic/support/world.h"

using namespace rpcnet;
using namespace rpcnet::test;

namespace {

// As little of a client as can come to the end of a handshake.
struct Stranger {
  explicit Stranger(const std::string& alpn) : tls(Certificates::get().context("b")) {
    reference.user_data = this;
    reference.get_conn = [](ngtcp2_crypto_conn_ref* self) {
      return static_cast<Stranger*>(self->user_data)->conn;
    };
    session = wolfSSL_new(tls->dialling());
    wolfSSL_set_app_data(session, &reference);
    wolfSSL_set_connect_state(session);
    wolfSSL_set_quic_transport_version(session, 0x39);
    if (!alpn.empty()) {
      std::string names = alpn;
      wolfSSL_UseALPN(session, names.data(), static_cast<unsigned>(names.size()),
                      WOLFSSL_ALPN_CONTINUE_ON_MISMATCH);
    }
    ngtcp2_callbacks callbacks{};
    quic::crypto::install(callbacks);
    callbacks.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb;
    callbacks.rand = [](std::uint8_t* out, std::size_t size, const ngtcp2_rand_ctx*) {
      std::fill_n(out, size, std::uint8_t{7});
    };
    callbacks.get_new_connection_id2 = [](ngtcp2_conn*, ngtcp2_cid* id,
                                          ngtcp2_stateless_reset_token* token, std::size_t,
                                          void* user_data) {
      *id = static_cast<Stranger*>(user_data)->next_id().raw();
      *token = {};
      return 0;
    };
    callbacks.get_path_challenge_data2 = [](ngtcp2_conn*, ngtcp2_path_challenge_data* data, void*) {
      *data = {};
      return 0;
    };
    ngtcp2_settings settings;
    ngtcp2_settings_default(&settings);
    settings.initial_ts = stamp(Instant{});
    ngtcp2_transport_params params;
    ngtcp2_transport_params_default(&params);
    const ngtcp2_cid dcid = next_id().raw();
    const ngtcp2_cid scid = next_id().raw();
    BOOST_REQUIRE_EQUAL(ngtcp2_conn_client_new(&conn, &dcid, &scid, path.get(), NGTCP2_PROTO_VER_V1,
                                               &callbacks, &settings, &params, nullptr, this),
                        0);
    ngtcp2_conn_set_tls_native_handle(conn, session);
  }
  ~Stranger() {
    ngtcp2_conn_del(conn);
    wolfSSL_free(session);
  }

  static ngtcp2_tstamp stamp(Instant now) {
    return static_cast<ngtcp2_tstamp>(now.time_since_epoch().count());
  }

  quic::ConnectionId next_id() {
    quic::ConnectionId id;
    id.size = 12;
    id.bytes.fill(++ids);
    return id;
  }

  void send(World& world, Host& to) {
    std::array<std::uint8_t, 1200> packet;
    while (true) {
      const ngtcp2_ssize size = ngtcp2_conn_write_pkt(conn, nullptr, nullptr, packet.data(),
                                                      packet.size(), stamp(world.now()));
      if (size <= 0) return;
      world.inject(to, from, BytesView(packet).first(static_cast<std::size_t>(size)));
    }
  }

  Address from = Address::v4(10, 7, 7, 7, 7);
  quic::UdpPath path{from, Address::v4(10, 0, 0, 1, 61000)};
  std::shared_ptr<const quic::TlsContext> tls;
  ngtcp2_crypto_conn_ref reference{};
  WOLFSSL* session = nullptr;
  ngtcp2_conn* conn = nullptr;
  std::uint8_t ids = 0;
};

// What the server told the stranger in the end.
std::uint64_t dial(const std::string& alpn, World& world, Host& server) {
  Stranger stranger(alpn);
  int closed = 0;
  world.drop = [&](const Address&, const Address& to, BytesView bytes) {
    if (to != stranger.from || closed != 0) return true;
    closed = ngtcp2_conn_read_pkt(stranger.conn, stranger.path.get(), nullptr, bytes.data(),
                                  bytes.size(), Stranger::stamp(world.now()));
    return true;
  };
  for (int i = 0; i < 10 && closed == 0; ++i) {
    stranger.send(world, server);
    world.run_for(1ms);
  }
  BOOST_REQUIRE_EQUAL(closed, NGTCP2_ERR_DRAINING);
  return ngtcp2_conn_get_ccerr2(stranger.conn)->error_code;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(Strangers)

BOOST_AUTO_TEST_CASE(WithoutOurProtocolAreTurnedAway) {
  constexpr std::uint64_t kNoApplicationProtocol = 0x100 + 120;
  for (const char* alpn : {"h3", "rpcnet/2", ""}) {
    World world;
    Host& server = world.add("a");
    BOOST_TEST(dial(alpn, world, server) == kNoApplicationProtocol, alpn);
    BOOST_REQUIRE_EQUAL(server.refusals.size(), 1U);
    BOOST_TEST((server.refusals[0].kind == quic::RefusalKind::no_protocol), alpn);
    BOOST_TEST(server.links.empty());
    world.run_for(20s);
    BOOST_TEST(server.counters().links == 0U);
  }
}

BOOST_AUTO_TEST_SUITE_END()
