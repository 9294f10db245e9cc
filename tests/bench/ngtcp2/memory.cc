// The ceiling over every call: ngtcp2 itself, client and server in one thread, datagrams handed
// over in memory. A stream for each call, as RpcNet has it, and nothing else: no engine, no
// sockets, no coroutines. The crypto backend is ours, which is faster than the one that comes with
// ngtcp2.
//
// Takes the arguments of a client of the benchmark, and counts calls as one does.
#include <ngtcp2/ngtcp2.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "io/quic/core/crypto.h"
#include "io/quic/core/tls_session.h"
#include "io/quic/core/udp_path.h"
#include "io/quic/tls_hooks.h"
#include "tests/bench/load/load.h"

namespace {

using rpcnet::Address;
using rpcnet::Bytes;
using rpcnet::BytesView;
using rpcnet::quic::TlsContext;

[[noreturn]] void fail(const char* what, int error) {
  std::fprintf(stderr, "ngtcp2-memory: %s: %s\n", what, ngtcp2_strerror(error));
  std::exit(1);
}

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

ngtcp2_tstamp stamp() {
  return static_cast<ngtcp2_tstamp>(bench::Clock::now().time_since_epoch().count());
}

ngtcp2_cid random_id() {
  ngtcp2_cid id{};
  id.datalen = 8;
  rpcnet_tls_random(id.data, 8);
  return id;
}

class Endpoint {
 public:
  Endpoint(const bench::Load& load, std::shared_ptr<const TlsContext> tls, bool client)
      : load_(load),
        payload_(load.payload),
        client_(client),
        tls_(std::move(tls), reference_),
        path_(Address::v4(127, 0, 0, 1, client ? 1 : 2),
              Address::v4(127, 0, 0, 1, client ? 2 : 1)) {
    reference_.user_data = this;
    reference_.get_conn = [](ngtcp2_crypto_conn_ref* reference) {
      return static_cast<Endpoint*>(reference->user_data)->conn_;
    };
  }
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;
  ~Endpoint() { ngtcp2_conn_del(conn_); }

  void dial() {
    if (!tls_.begin_dialling(rpcnet::Protocol::rpc)) std::exit(1);
    const ngtcp2_cid scid = random_id();
    const ngtcp2_cid dcid = random_id();
    const ngtcp2_settings chosen = settings();
    const ngtcp2_transport_params params = transport_params();
    const ngtcp2_callbacks installed = callbacks();
    if (const int error =
            ngtcp2_conn_client_new(&conn_, &dcid, &scid, path_.get(), NGTCP2_PROTO_VER_V1,
                                   &installed, &chosen, &params, nullptr, this)) {
      fail("client_new", error);
    }
    ngtcp2_conn_set_tls_native_handle(conn_, tls_.native());
  }

  void accept(BytesView first) {
    ngtcp2_version_cid ids{};
    if (const int error = ngtcp2_pkt_decode_version_cid(&ids, first.data(), first.size(), 8)) {
      fail("the first packet", error);
    }
    if (!tls_.begin_accepting(rpcnet::quic::ClientCertificate::optional)) std::exit(1);
    ngtcp2_cid dcid{};
    ngtcp2_cid_init(&dcid, ids.scid, ids.scidlen);
    const ngtcp2_cid scid = random_id();
    const ngtcp2_settings chosen = settings();
    ngtcp2_transport_params params = transport_params();
    params.original_dcid_present = 1;
    ngtcp2_cid_init(&params.original_dcid, ids.dcid, ids.dcidlen);
    const ngtcp2_callbacks installed = callbacks();
    if (const int error =
            ngtcp2_conn_server_new(&conn_, &dcid, &scid, path_.get(), NGTCP2_PROTO_VER_V1,
                                   &installed, &chosen, &params, nullptr, this)) {
      fail("server_new", error);
    }
    ngtcp2_conn_set_tls_native_handle(conn_, tls_.native());
  }

  bool begun() const { return conn_ != nullptr; }
  bool up() const { return conn_ != nullptr && ngtcp2_conn_get_handshake_completed2(conn_) != 0; }

  void read(BytesView datagram) {
    const ngtcp2_pkt_info info{};
    const int error =
        ngtcp2_conn_read_pkt(conn_, path_.get(), &info, datagram.data(), datagram.size(), stamp());
    if (error != 0) fail("reading", error);
  }

  // Writes all that there is to write, and gives each datagram to `take`.
  template <typename Take>
  bool write(const Take& take) {
    bool any = false;
    while (true) {
      const std::size_t size = write_packet();
      if (size == 0) return any;
      take(BytesView(packet_).first(size));
      any = true;
    }
  }

  void handle_timeout() {
    if (ngtcp2_conn_get_expiry2(conn_) <= stamp()) ngtcp2_conn_handle_expiry(conn_, stamp());
  }

  // Begins calls until `in_flight` are under way.
  void begin_calls() {
    while (in_flight_ < load_.in_flight && meter_ != nullptr && !meter_->over()) {
      std::int64_t id = 0;
      if (ngtcp2_conn_open_bidi_stream(conn_, &id, nullptr) != 0) return;
      ++in_flight_;
      to_send_.push_back({id, 0});
      if (starts_.size() <= static_cast<std::size_t>(id / 4)) starts_.resize(id / 4 + 1024);
      starts_[static_cast<std::size_t>(id / 4)] = bench::Clock::now();
    }
  }
  void measure(bench::Meter& meter) { meter_ = &meter; }

 private:
  struct Outgoing {
    std::int64_t id;
    std::size_t sent;
  };

  ngtcp2_settings settings() const {
    ngtcp2_settings chosen;
    ngtcp2_settings_default(&chosen);
    chosen.initial_ts = stamp();
    chosen.max_tx_udp_payload_size = 1452;
    chosen.no_tx_udp_payload_size_shaping = 1;
    chosen.glitch_ratelim_burst = UINT64_MAX;
    chosen.glitch_ratelim_rate = UINT64_MAX;
    return chosen;
  }
  static ngtcp2_transport_params transport_params() {
    ngtcp2_transport_params params;
    ngtcp2_transport_params_default(&params);
    params.initial_max_stream_data_bidi_local = std::uint64_t{1} << 20;
    params.initial_max_stream_data_bidi_remote = std::uint64_t{1} << 20;
    params.initial_max_data = std::uint64_t{1} << 40;
    params.initial_max_streams_bidi = 4096;
    params.max_idle_timeout = 30 * NGTCP2_SECONDS;
    return params;
  }

  static Endpoint& self(void* user_data) { return *static_cast<Endpoint*>(user_data); }

  static ngtcp2_callbacks callbacks() {
    ngtcp2_callbacks made{};
    rpcnet::quic::crypto::install(made);
    made.recv_crypto_data = [](ngtcp2_conn* conn, ngtcp2_encryption_level level, std::uint64_t,
                               const std::uint8_t* data, std::size_t size, void* user_data) {
      return self(user_data).handshake_.feed(conn, level, BytesView(data, size));
    };
    made.recv_stream_data = [](ngtcp2_conn*, std::uint32_t flags, std::int64_t id, std::uint64_t,
                               const std::uint8_t*, std::size_t size, void* user_data, void*) {
      self(user_data).on_data(id, size, (flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0);
      return 0;
    };
    made.stream_close = [](ngtcp2_conn*, std::uint32_t, std::int64_t, std::uint64_t,
                           void* user_data, void*) {
      Endpoint& endpoint = self(user_data);
      if (!endpoint.client_ && ++endpoint.credit_ >= 512) {
        ngtcp2_conn_extend_max_streams_bidi(endpoint.conn_, endpoint.credit_);
        endpoint.credit_ = 0;
      }
      return 0;
    };
    made.rand = [](std::uint8_t* out, std::size_t size, const ngtcp2_rand_ctx*) {
      rpcnet_tls_random(out, static_cast<unsigned>(size));
    };
    made.get_path_challenge_data2 = [](ngtcp2_conn*, ngtcp2_path_challenge_data* out, void*) {
      return rpcnet_tls_random(out->data, sizeof out->data);
    };
    made.get_new_connection_id2 = [](ngtcp2_conn*, ngtcp2_cid* id,
                                     ngtcp2_stateless_reset_token* token, std::size_t, void*) {
      *id = random_id();
      return rpcnet_tls_random(token->data, sizeof token->data);
    };
    return made;
  }

  void on_data(std::int64_t id, std::size_t size, bool fin) {
    ngtcp2_conn_extend_max_stream_offset(conn_, id, size);
    ngtcp2_conn_extend_max_offset(conn_, size);
    if (!fin) return;
    if (client_) {
      --in_flight_;
      meter_->done(starts_[static_cast<std::size_t>(id / 4)]);
    } else {
      to_send_.push_back({id, 0});
    }
  }

  // One packet with as many calls as fit; 0: nothing to send.
  std::size_t write_packet() {
    const ngtcp2_tstamp now = stamp();
    ngtcp2_pkt_info info{};
    ngtcp2_path_storage path;
    ngtcp2_path_storage_zero(&path);
    while (true) {
      std::int64_t id = -1;
      std::uint32_t flags = NGTCP2_WRITE_STREAM_FLAG_NONE;
      ngtcp2_vec content{};
      if (!to_send_.empty() && up()) {
        Outgoing& next = to_send_.front();
        id = next.id;
        flags = NGTCP2_WRITE_STREAM_FLAG_MORE | NGTCP2_WRITE_STREAM_FLAG_FIN;
        content = {payload_.data() + next.sent, payload_.size() - next.sent};
      }
      ngtcp2_ssize taken = -1;
      const ngtcp2_ssize written =
          ngtcp2_conn_writev_stream(conn_, &path.path, &info, packet_.data(), 1452, &taken, flags,
                                    id, &content, id < 0 ? 0 : 1, now);
      if (taken >= 0 && id >= 0) {
        to_send_.front().sent += static_cast<std::size_t>(taken);
        if (to_send_.front().sent == payload_.size()) to_send_.pop_front();
      }
      if (written == NGTCP2_ERR_WRITE_MORE) continue;
      if (written < 0) fail("writing", static_cast<int>(written));
      return static_cast<std::size_t>(written);
    }
  }

  const bench::Load& load_;
  Bytes payload_;
  bool client_;
  ngtcp2_crypto_conn_ref reference_{};
  rpcnet::quic::TlsSession tls_;
  rpcnet::quic::crypto::HandshakeReader handshake_;
  rpcnet::quic::UdpPath path_;
  ngtcp2_conn* conn_ = nullptr;
  std::array<std::uint8_t, 1500> packet_{};
  std::deque<Outgoing> to_send_;
  std::vector<bench::Clock::time_point> starts_;  // by stream
  std::size_t in_flight_ = 0;
  std::size_t credit_ = 0;
  bench::Meter* meter_ = nullptr;
};

std::shared_ptr<const TlsContext> load_tls(const std::string& certs) {
  const std::string certificate = content_of(certs + "/test_cert.pem");
  const std::string key = content_of(certs + "/test_key.pem");
  const std::string authority = content_of(certs + "/ca_cert.pem");
  const auto loaded = TlsContext::load({certificate, key, authority});
  if (!loaded.context) {
    std::fprintf(stderr, "ngtcp2-memory: %s\n", loaded.error.c_str());
    std::exit(1);
  }
  return loaded.context;
}

}  // namespace

int main(int argc, char** argv) {
  const bench::Load load = bench::parse_load(argc, argv);
  const auto tls = load_tls(load.certs);
  Endpoint client(load, tls, true);
  Endpoint server(load, tls, false);
  client.dial();
  const auto to_server = [&](BytesView datagram) {
    if (!server.begun()) server.accept(datagram);
    server.read(datagram);
  };
  const auto to_client = [&](BytesView datagram) { client.read(datagram); };
  while (!client.up() || !server.up()) {
    client.write(to_server);
    if (server.begun()) server.write(to_client);
  }
  bench::Meter meter(load);
  client.measure(meter);
  meter.begin();
  while (!meter.over()) {
    client.begin_calls();
    const bool sent = client.write(to_server);
    const bool answered = server.write(to_client);
    if (sent || answered) continue;
    // Everything waits for an acknowledgement that is held back.
    client.handle_timeout();
    server.handle_timeout();
    meter.check();
  }
  return meter.report();
}
