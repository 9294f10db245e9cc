#include "io/quic/core/connection_callbacks.h"

#include <algorithm>

#include "io/quic/core/connection.h"
#include "io/quic/core/crypto.h"

namespace rpcnet::quic {

// Each hands over to the connection and returns. NGTCP2_ERR_CALLBACK_FAILURE ends the call into
// ngtcp2 at once; why is in Connection::ending().
struct ConnectionCallbacks {
  static Connection& self(void* user_data) { return *static_cast<Connection*>(user_data); }
  static Stream& stream(void* stream_user_data) { return *static_cast<Stream*>(stream_user_data); }

  static int recv_crypto_data(ngtcp2_conn* conn, ngtcp2_encryption_level level, std::uint64_t,
                              const std::uint8_t* data, std::size_t size, void* user_data) {
    Connection& connection = self(user_data);
    if (connection.tls_.native() == nullptr) return 0;  // a ticket: we resume nothing
    return connection.handshake_.feed(conn, level, BytesView(data, size));
  }

  static int handshake_completed(ngtcp2_conn*, void* user_data) {
    self(user_data).on_handshake_completed();
    return 0;
  }

  static int handshake_confirmed(ngtcp2_conn*, void* user_data) {
    return self(user_data).ensure_up() ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
  }

  static int recv_stream_data(ngtcp2_conn*, std::uint32_t flags, std::int64_t, std::uint64_t,
                              const std::uint8_t* data, std::size_t size, void* user_data,
                              void* stream_user_data) {
    if (!self(user_data).ensure_up()) return NGTCP2_ERR_CALLBACK_FAILURE;
    self(user_data).on_stream_data(stream(stream_user_data), BytesView(data, size),
                                   (flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0);
    return 0;
  }

  static int acked_stream_data_offset(ngtcp2_conn*, std::int64_t, std::uint64_t offset,
                                      std::uint64_t size, void* user_data, void* stream_user_data) {
    self(user_data).on_acknowledged(stream(stream_user_data), offset + size);
    return 0;
  }

  static int stream_open(ngtcp2_conn* conn, std::int64_t id, void* user_data) {
    if (!self(user_data).ensure_up()) return NGTCP2_ERR_CALLBACK_FAILURE;
    Stream& entered = self(user_data).enter_stream(StreamId{static_cast<std::uint64_t>(id)}, true);
    ngtcp2_conn_set_stream_user_data(conn, id, &entered);
    return 0;
  }

  static int stream_close(ngtcp2_conn*, std::uint32_t, std::int64_t, std::uint64_t, void* user_data,
                          void* stream_user_data) {
    self(user_data).on_stream_closed(stream(stream_user_data));
    return 0;
  }

  static int stream_reset(ngtcp2_conn*, std::int64_t, std::uint64_t, std::uint64_t code,
                          void* user_data, void* stream_user_data) {
    if (!self(user_data).ensure_up()) return NGTCP2_ERR_CALLBACK_FAILURE;
    self(user_data).on_stream_reset(stream(stream_user_data), code);
    return 0;
  }

  static int recv_stop_sending(ngtcp2_conn*, std::int64_t, std::uint64_t code, void* user_data,
                               void* stream_user_data) {
    if (!self(user_data).ensure_up()) return NGTCP2_ERR_CALLBACK_FAILURE;
    self(user_data).on_stream_stopped(stream(stream_user_data), code);
    return 0;
  }

  static int extend_max_stream_data(ngtcp2_conn*, std::int64_t, std::uint64_t, void* user_data,
                                    void* stream_user_data) {
    stream(stream_user_data).blocked = false;
    self(user_data).streams_.wake(stream(stream_user_data));
    return 0;
  }

  static int extend_max_local_streams_bidi(ngtcp2_conn*, std::uint64_t total, void* user_data) {
    self(user_data).on_streams_allowed(total);
    return 0;
  }

  static int recv_datagram(ngtcp2_conn*, std::uint32_t, const std::uint8_t* data, std::size_t size,
                           void* user_data) {
    Connection& connection = self(user_data);
    if (!connection.ensure_up()) return NGTCP2_ERR_CALLBACK_FAILURE;
    ++connection.shared_.counters.app_datagrams_in;
    connection.shared_.tell(DatagramReceived{connection.link_, BytesView(data, size)});
    return 0;
  }

  static int recv_stateless_reset2(ngtcp2_conn*, const ngtcp2_pkt_stateless_reset2*,
                                   void* user_data) {
    self(user_data).reset_by_peer_ = true;
    return 0;
  }

  static int dcid_status2(ngtcp2_conn*, ngtcp2_connection_id_status_type change, std::uint64_t,
                          const ngtcp2_cid*, const ngtcp2_stateless_reset_token* token,
                          void* user_data) {
    if (token == nullptr) return 0;  // a dialler's first id has none (RFC 9000 18.2)
    Connection& connection = self(user_data);
    if (change == NGTCP2_CONNECTION_ID_STATUS_TYPE_ACTIVATE) {
      connection.shared_.reset_tokens.enter(token->data, connection.link_);
      connection.reset_tokens_.push_back(*token);
    } else {
      connection.shared_.reset_tokens.remove(token->data);
      std::erase_if(connection.reset_tokens_, [token](const auto& known) {
        return std::equal(std::begin(known.data), std::end(known.data), std::begin(token->data));
      });
    }
    return 0;
  }

  static void rand(std::uint8_t* out, std::size_t size, const ngtcp2_rand_ctx* context) {
    static_cast<Entropy*>(context->native_handle)->fill({out, size});
  }

  static int get_path_challenge_data2(ngtcp2_conn*, ngtcp2_path_challenge_data* out,
                                      void* user_data) {
    self(user_data).shared_.entropy.fill(out->data);
    return 0;
  }

  static int get_new_connection_id2(ngtcp2_conn*, ngtcp2_cid* out,
                                    ngtcp2_stateless_reset_token* token, std::size_t,
                                    void* user_data) {
    Connection& connection = self(user_data);
    const ConnectionId id = connection.shared_.ids.make();
    *out = id.raw();
    *token = crypto::reset_token(connection.shared_.config.reset_key, id);
    connection.shared_.ids.enter(id, connection.link_);
    connection.ids_.push_back(id);
    return 0;
  }

  static int remove_connection_id(ngtcp2_conn*, const ngtcp2_cid* raw, void* user_data) {
    Connection& connection = self(user_data);
    const ConnectionId id = ConnectionId::of(*raw);
    connection.shared_.ids.remove(id);
    std::erase(connection.ids_, id);
    return 0;
  }
};

ngtcp2_callbacks connection_callbacks() {
  using C = ConnectionCallbacks;
  ngtcp2_callbacks callbacks{};
  crypto::install(callbacks);
  callbacks.recv_crypto_data = C::recv_crypto_data;
  callbacks.handshake_completed = C::handshake_completed;
  callbacks.handshake_confirmed = C::handshake_confirmed;
  callbacks.recv_stream_data = C::recv_stream_data;
  callbacks.acked_stream_data_offset = C::acked_stream_data_offset;
  callbacks.stream_open = C::stream_open;
  callbacks.stream_close = C::stream_close;
  callbacks.stream_reset = C::stream_reset;
  callbacks.recv_stop_sending = C::recv_stop_sending;
  callbacks.extend_max_stream_data = C::extend_max_stream_data;
  callbacks.extend_max_local_streams_bidi = C::extend_max_local_streams_bidi;
  callbacks.recv_datagram = C::recv_datagram;
  callbacks.recv_stateless_reset2 = C::recv_stateless_reset2;
  callbacks.dcid_status2 = C::dcid_status2;
  callbacks.rand = C::rand;
  callbacks.get_path_challenge_data2 = C::get_path_challenge_data2;
  callbacks.get_new_connection_id2 = C::get_new_connection_id2;
  callbacks.remove_connection_id = C::remove_connection_id;
  return callbacks;
}

}  // namespace rpcnet::quic
