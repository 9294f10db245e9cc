#include "services/metrics.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "io/interceptor.h"

namespace rpcnet {
namespace {

// Samples under their names, in the order in which they are written.
class Page {
 public:
  void counter(std::string_view name, std::string_view help, std::uint64_t value) {
    begin(name, help, "counter");
    sample(name, {}, value);
  }
  void gauge(std::string_view name, std::string_view help, std::uint64_t value) {
    begin(name, help, "gauge");
    sample(name, {}, value);
  }
  void begin(std::string_view name, std::string_view help, std::string_view type) {
    text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
    text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
  }
  // `labels`: status="ok"; values are words of ours, which need no quoting.
  void sample(std::string_view name, const std::string& labels, std::uint64_t value) {
    text_.append(name);
    if (!labels.empty()) text_.append("{").append(labels).append("}");
    text_.append(" ").append(std::to_string(value)).append("\n");
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

template <typename Counts>
void by_status(Page& page, std::string_view name, std::string_view help, const Counts& counts) {
  page.begin(name, help, "counter");
  for (std::size_t code = 0; code < counts.size(); ++code) {
    const std::string word = to_text(static_cast<StatusCode>(code));
    page.sample(name, "status=\"" + word + "\"", counts[code]);
  }
}

template <typename Counts>
void by_number(Page& page, std::string_view name, std::string_view help, std::string_view label,
               const char* (*word)(std::size_t), const Counts& counts) {
  page.begin(name, help, "counter");
  for (std::size_t i = 0; i < counts.size(); ++i) {
    page.sample(name, std::string(label) + "=\"" + word(i) + "\"", counts[i]);
  }
}

void write_calls(Page& page, const HostCounters& all, std::uint64_t serving) {
  const rpc::Counters& rpc = all.rpc;
  page.counter("rpcnet_calls_started_total", "Outgoing calls begun.", rpc.started);
  by_status(page, "rpcnet_calls_finished_total", "Outgoing calls ended.", rpc.finished);
  page.counter("rpcnet_calls_arrived_total", "Incoming calls begun.", rpc.arrived);
  by_status(page, "rpcnet_calls_answered_total", "Incoming calls ended here.", rpc.answered);
  page.counter("rpcnet_calls_aborted_total", "Incoming calls over before their handler.",
               rpc.aborted);
  page.counter("rpcnet_calls_refused_total", "Incoming calls refused: draining, calls_max.",
               rpc.refused);
  page.counter("rpcnet_calls_turned_away_total", "Incoming calls over the admission limits.",
               all.calls_turned_away);
  page.counter("rpcnet_calls_denied_total", "Incoming calls that an authorizer denied.",
               all.calls_denied);
  page.counter("rpcnet_unknown_methods_total", "Incoming calls to no method.", all.unknown_methods);
  page.counter("rpcnet_handlers_failed_total", "Exceptions out of handlers.", all.handlers_failed);
  page.gauge("rpcnet_calls_serving", "Incoming calls that are open.", serving);
  page.counter("rpcnet_streams_malformed_total", "Streams ended for malformed bytes.",
               rpc.malformed);
  page.counter("rpcnet_streams_too_large_total", "Streams ended for a limit of size.",
               rpc.too_large);
  page.counter("rpcnet_messages_sent_total", "Messages of calls sent.", rpc.messages_sent);
  page.counter("rpcnet_messages_received_total", "Messages of calls received.",
               rpc.messages_received);
  page.counter("rpcnet_stream_bytes_sent_total", "Bytes of calls sent.", rpc.bytes_sent);
  page.counter("rpcnet_stream_bytes_received_total", "Bytes of calls received.",
               rpc.bytes_received);
}

void write_network(Page& page, const HostCounters& all) {
  const quic::Counters& quic = all.quic;
  page.gauge("rpcnet_links", "Links that are not ended.", quic.links);
  page.gauge("rpcnet_streams", "Streams that are open.", quic.streams);
  page.gauge("rpcnet_send_buffer_bytes", "Bytes written and not acknowledged.",
             quic.send_buffer_bytes);
  page.counter("rpcnet_links_dialled_total", "Links dialled.", quic.links_dialled);
  page.counter("rpcnet_links_accepted_total", "Links accepted.", quic.links_accepted);
  page.counter("rpcnet_handshakes_failed_total", "Handshakes that failed.", quic.handshakes_failed);
  by_number(
      page, "rpcnet_handshakes_refused_total", "Incoming links refused.", "reason",
      [](std::size_t i) { return quic::to_text(static_cast<quic::RefusalKind>(i)); },
      quic.refusals);
  by_number(
      page, "rpcnet_links_ended_total", "Links ended.", "reason",
      [](std::size_t i) { return to_text(static_cast<LinkEnd>(i)); }, quic.links_down);
  page.counter("rpcnet_udp_datagrams_received_total", "UDP datagrams received.", quic.datagrams_in);
  page.counter("rpcnet_udp_datagrams_sent_total", "UDP datagrams sent.", quic.datagrams_out);
  page.counter("rpcnet_udp_bytes_received_total", "Bytes of them received.", quic.bytes_in);
  page.counter("rpcnet_udp_bytes_sent_total", "Bytes of them sent.", quic.bytes_out);
  page.counter("rpcnet_udp_garbage_total", "Datagrams that were no QUIC.", quic.dropped_garbage);
  page.counter("rpcnet_udp_kernel_dropped_total", "Datagrams that met a full socket buffer.",
               all.udp.kernel_dropped);
}

void write_membership(Page& page, const ServerView& host, const swim::Counters& swim) {
  const ClusterHealth health = host.node().health(host.now());
  std::uint64_t alive = 1;  // this one
  std::uint64_t suspect = 0;
  for (const MemberHealth& member : health.members) {
    alive += member.member.status == MemberStatus::alive ? 1 : 0;
    suspect += member.member.status == MemberStatus::suspect ? 1 : 0;
  }
  page.begin("rpcnet_members", "Members of the cluster as this one sees them.", "gauge");
  page.sample("rpcnet_members", "state=\"alive\"", alive);
  page.sample("rpcnet_members", "state=\"suspect\"", suspect);
  page.gauge("rpcnet_local_health", "Lifeguard's score of this member; 0 is well.",
             health.local_health);
  page.gauge("rpcnet_partitioned", "1 while a large part is out of reach.",
             health.partition ? 1 : 0);
  page.counter("rpcnet_probes_total", "Probes begun.", swim.probes);
  page.counter("rpcnet_probes_failed_total", "Probes that ended in an accusation.",
               swim.probes_failed);
  page.counter("rpcnet_suspicions_total", "Members that became suspect.", swim.suspicions);
  page.counter("rpcnet_refutations_total", "Claims about this member refuted.", swim.refutations);
  page.counter("rpcnet_declared_dead_total", "Suspicions that ran out here.", swim.declared_dead);
  page.counter("rpcnet_gossip_malformed_total", "Gossip that made no sense.", swim.malformed);
  page.counter("rpcnet_gossip_bytes_sent_total", "Bytes of gossip sent.", swim.bytes_sent);
  page.counter("rpcnet_stalls_total", "Times this process woke much too late.", swim.stalls);
}

std::string text_of(const ServerView& host) {
  const HostCounters all = host.counters();
  Page page;
  write_calls(page, all, host.node().serving());
  write_network(page, all);
  if (host.node().config().member) write_membership(page, host, all.swim);
  return page.take();
}

}  // namespace

std::string prometheus_text(const Host& host) { return text_of(ServerView(host)); }

std::shared_ptr<Metrics> Metrics::serve(Host& host) {
  const std::shared_ptr<Metrics> metrics(new Metrics(host));
  host.authorize("rpcnet.v1.Metrics.*", require_certificate());
  host.serve(metrics);
  return metrics;
}

asio::awaitable<Result<v1::ReadMetricsResponse>> Metrics::Read(ServerCall&,
                                                               v1::ReadMetricsRequest) {
  v1::ReadMetricsResponse response;
  response.set_text(text_of(server_));
  co_return response;
}

}  // namespace rpcnet
