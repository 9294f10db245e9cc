#include "bins/membership.h"

#include <asio/signal_set.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <csignal>

#include "io/signals.h"

namespace rpcnet::bins {
namespace {

const char* symbol_of(MemberEventKind kind) {
  switch (kind) {
    case MemberEventKind::joined: return "👋";
    case MemberEventKind::left: return "🚪";
    case MemberEventKind::failed: return "❌";
    case MemberEventKind::recovered: return "✅";
    case MemberEventKind::tags_changed: return "🏷️ ";
    case MemberEventKind::degraded: return "⚠️ ";
    case MemberEventKind::restored: return "✅";
  }
  return "";
}

}  // namespace

const std::string& label_of(const Member& member) {
  const auto label = member.tags.find("label");
  return label == member.tags.end() ? member.id.text() : label->second;
}

void outlive_readers() { std::signal(SIGPIPE, SIG_IGN); }

asio::awaitable<void> tell_events(EventStream events, Console console) {
  while (true) {
    const std::optional<ClusterEvent> event = co_await events.next();
    if (!event) co_return;
    if (const auto* coalesced = std::get_if<Coalesced>(&*event)) {
      console.warn("⚠️ ", "too slow for {} cluster events, which others have overtaken",
                   coalesced->events);
      continue;
    }
    if (const auto* partition = std::get_if<PartitionDetected>(&*event)) {
      console.warn("✂️ ", "PartitionDetected: {}", to_text(*partition));
      continue;
    }
    if (const auto* healed = std::get_if<PartitionHealed>(&*event)) {
      console.info("🩹", "PartitionHealed: {} of {} members are within reach", healed->reachable,
                   healed->known);
      continue;
    }
    const auto* change = std::get_if<MemberEvent>(&*event);
    if (change == nullptr) continue;  // a cut: each of its members has been told
    const auto& [kind, member] = *change;
    // Tags change with every simulated failure; who they make available is the pool's to tell.
    if (kind == MemberEventKind::tags_changed) continue;
    console.info(symbol_of(kind), "{}: {} at {}", to_text(kind), label_of(member),
                 to_text(member.address));
  }
}

asio::awaitable<void> tell_health_on_signal(ClusterMembership cluster, Console console) {
  asio::signal_set asked(co_await asio::this_coro::executor, SIGUSR1);
  while (true) {
    co_await asked.async_wait(asio::use_awaitable);
    const ClusterHealth health = cluster.health();
    console.info("🩺", "members: {} known beside this node; local health {}, {} stalls{}",
                 health.members.size(), health.local_health, health.stalls,
                 health.partition ? "; partition: " + to_text(*health.partition) : "");
    for (const MemberHealth& member : health.members) {
      console.info("🩺", "member {}", to_text(member));
    }
  }
}

asio::awaitable<void> told_to_leave(ShutdownSignal& shutdown) {
  const int signal = co_await shutdown.wait();
  if (signal == SIGINT) std::raise(SIGINT);  // no longer handled: ends the process
}

asio::awaitable<void> leave(Host& host, ClusterMembership& cluster, const Console& console) {
  console.info("👋", "Leaving: running calls end, the cluster is told");
  (void)cluster.remove_tag("role");
  const bool finished = co_await host.drain(std::chrono::seconds(5));
  const Status left = co_await cluster.leave();
  host.stop();
  if (!finished) console.warn("⚠️ ", "some calls did not end in 5 seconds and were cut");
  console.info("✅", "Left the cluster{}", left.ok() ? "" : " (nobody there to confirm it)");
}

}  // namespace rpcnet::bins
