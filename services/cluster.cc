#include "services/cluster.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <variant>

#include "io/interceptor.h"

namespace rpcnet {
namespace {

v1::Member::State state_of(MemberStatus status) {
  switch (status) {
    case MemberStatus::alive: return v1::Member::ALIVE;
    case MemberStatus::suspect: return v1::Member::SUSPECT;
    case MemberStatus::dead: return v1::Member::DEAD;
    case MemberStatus::left: return v1::Member::LEFT;
  }
  return v1::Member::UNKNOWN;
}

std::uint64_t milliseconds(Duration span) {
  const auto whole = std::chrono::duration_cast<std::chrono::milliseconds>(span).count();
  return whole > 0 ? static_cast<std::uint64_t>(whole) : 0;
}

void describe(const Member& member, v1::Member& told) {
  told.set_id(member.id.text());
  told.set_address(to_text(member.address));
  told.set_state(state_of(member.status));
  told.set_incarnation(member.incarnation);
  for (const auto& [key, value] : member.tags) (*told.mutable_tags())[key] = value;
}

void describe(const MemberHealth& health, v1::Member& told) {
  describe(health.member, told);
  for (const NodeId& accuser : health.accusers) told.add_accusers(accuser.text());
  told.set_phi_milli(std::max(health.phi_heard_milli, health.phi_answered_milli));
  if (health.silent_for) told.set_silent_ms(milliseconds(*health.silent_for));
  if (health.suspicion_left) told.set_suspicion_left_ms(milliseconds(*health.suspicion_left));
  told.set_active_calls(health.active_calls);
  told.set_avoided(health.avoid);
  if (health.unanswered_for) told.set_unanswered_ms(milliseconds(*health.unanswered_for));
  told.set_local_health(health.local_health);
  told.set_degraded(health.degraded);
}

struct Describe {
  v1::ClusterEvent& told;

  void operator()(const MemberEvent& event) const {
    told.set_kind(to_text(event.kind));
    describe(event.member, *told.mutable_member());
  }
  void operator()(const MembersCut& event) const {
    told.set_kind("MembersCut");
    std::string words;
    for (const NodeId& id : event.members) words += (words.empty() ? "" : ", ") + id.text();
    told.set_words(std::move(words));
  }
  void operator()(const PartitionDetected& event) const {
    told.set_kind("PartitionDetected");
    told.set_words(to_text(event));
  }
  void operator()(const PartitionHealed& event) const {
    told.set_kind("PartitionHealed");
    told.set_words(std::to_string(event.reachable) + " of " + std::to_string(event.known) +
                   " members are within reach");
  }
  void operator()(const Coalesced& event) const {
    told.set_kind("Coalesced");
    told.set_words(std::to_string(event.events) + " events that others have overtaken");
  }
};

}  // namespace

std::shared_ptr<ClusterService> ClusterService::serve(Host& host) {
  const std::shared_ptr<ClusterService> service(new ClusterService(host));
  service->cluster_name_ = host.cluster_name();
  service->server_.on_drain([weak = std::weak_ptr<ClusterService>(service)] {
    const auto alive = weak.lock();
    if (!alive) return;
    for (EventStream& events : alive->watched_) events.close();
  });
  host.authorize("rpcnet.v1.Cluster.*", require_certificate());
  host.serve(service);
  return service;
}

asio::awaitable<Result<v1::MembersResponse>> ClusterService::Members(ServerCall&,
                                                                     v1::MembersRequest) {
  const ClusterHealth health = cluster_.health();
  v1::MembersResponse response;
  response.set_cluster(cluster_name_);
  const Member self = cluster_.self();
  response.set_self(self.id.text());
  response.set_local_health(health.local_health);
  if (health.partition) response.set_partition(to_text(*health.partition));
  bool told_self = false;
  const auto tell_self = [&] {
    describe(self, *response.add_members());
    told_self = true;
  };
  for (const MemberHealth& member : health.members) {
    if (!told_self && self.id < member.member.id) tell_self();
    describe(member, *response.add_members());
  }
  if (!told_self) tell_self();
  co_return response;
}

asio::awaitable<Status> ClusterService::Watch(ServerCall&, v1::WatchRequest,
                                              ServerWriter<v1::ClusterEvent> replies) {
  const auto events = watched_.insert(watched_.end(), cluster_.events());
  struct Unwatch {
    std::list<EventStream>& all;
    std::list<EventStream>::iterator one;
    ~Unwatch() { all.erase(one); }
  } unwatch{watched_, events};
  v1::ClusterEvent told;
  told.set_kind("Watching");
  bool written = co_await replies.write(told);
  while (written) {
    const std::optional<ClusterEvent> event = co_await events->next();
    if (!event) co_return error(StatusCode::unavailable, "this process drains");
    told.Clear();
    std::visit(Describe{told}, *event);
    written = co_await replies.write(told);
  }
  co_return error(StatusCode::cancelled, "the caller has gone");
}

}  // namespace rpcnet
