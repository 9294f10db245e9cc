#include "services/state.h"

#include <chrono>
#include <cstdint>

#include "io/interceptor.h"

namespace rpcnet {
namespace {

std::uint64_t microseconds(Duration span) {
  const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(span).count();
  return whole > 0 ? static_cast<std::uint64_t>(whole) : 0;
}

v1::Link::Protocol protocol_of(const quic::LinkView& link) {
  if (!link.protocol) return v1::Link::UNKNOWN;
  return *link.protocol == Protocol::gossip ? v1::Link::GOSSIP : v1::Link::RPC;
}

void describe(const quic::LinkView& link, v1::Link& told) {
  told.set_number(link.link.value);
  told.set_remote(to_text(link.remote));
  if (link.identity) told.set_peer(link.identity->node);
  told.set_protocol(protocol_of(link));
  told.set_accepted(link.accepted);
  told.set_up(link.up);
  told.set_streams(link.streams);
  told.set_rtt_us(microseconds(link.path.rtt_smoothed));
  told.set_rtt_min_us(microseconds(link.path.rtt_min));
  told.set_congestion_window_bytes(link.path.congestion_window_bytes);
  told.set_in_flight_bytes(link.path.bytes_in_flight);
  told.set_unacknowledged_bytes(link.unacknowledged_bytes);
  told.set_uncredited_bytes(link.uncredited_bytes);
  told.set_datagrams_waiting(link.datagrams_waiting);
  told.set_bytes_in(link.path.bytes_in);
  told.set_bytes_out(link.path.bytes_out);
  told.set_packets_lost(link.path.packets_lost);
  told.set_udp_payload_max(link.path.udp_payload_max);
}

}  // namespace

std::shared_ptr<State> State::serve(Host& host) {
  const std::shared_ptr<State> service(new State(host));
  host.authorize("rpcnet.v1.State.*", require_certificate());
  host.serve(service);
  return service;
}

asio::awaitable<Result<v1::ReadStateResponse>> State::Read(ServerCall&, v1::ReadStateRequest) {
  const HostState state = server_.state();
  v1::ReadStateResponse told;
  told.set_node(server_.node().config().id.text());
  told.set_draining(state.draining);
  told.set_calls_out(state.calls_out);
  for (const auto& [method, serving] : state.serving) {
    v1::OpenMethod& open = *told.add_serving();
    open.set_method(method);
    open.set_running(serving.running);
    open.set_waiting(serving.waiting);
  }
  for (const quic::LinkView& link : state.links) describe(link, *told.add_links());
  co_return told;
}

}  // namespace rpcnet
