// What the application asks of the engine, and how a request can be refused on the spot.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/address.h"
#include "engine/bytes.h"
#include "engine/ids.h"
#include "engine/instant.h"
#include "engine/status.h"
#include "engine/tag_filter.h"

namespace rpcnet {

// Whom to call: an address, and who must answer there (its certificate must cover the name).
struct Peer {
  Address address;
  std::optional<NodeId> expected;  // absent: any node of our cluster

  // Not left to aggregate initialization: g++ 12 copies a temporary aggregate bit by bit when it
  // stands in a co_await expression, and this is what callers write there.
  Peer() = default;
  Peer(Address address_in, std::optional<NodeId> expected_in);

  friend auto operator<=>(const Peer&, const Peer&) = default;
};

// ----------------------------------------------------------------------------------- membership

// What a node knew when it was asked (Node::snapshot): enough for its next life to find the cluster
// without seeds.
struct Snapshot {
  // Its own: the next life begins above them, so nothing that is said of this one holds it up.
  Incarnation incarnation = 0;
  std::uint64_t tags_version = 0;
  std::vector<Peer> members;  // that lived, itself apart, each with its name
};

// Joins through these addresses, all in parallel, and keeps trying for ever: a seed that cannot be
// reached, or was lost, is contacted again. Replaces an earlier list. An empty list makes this node
// the first of its cluster.
struct Join {
  std::vector<Address> seeds;
  // The former life of this node. Its members are asked like seeds, some at a time, until one lets
  // us in.
  std::optional<Snapshot> former{};
};

// Says farewell. LeaveCompleted follows when enough members acknowledged it or the time is up.
struct Leave {};

// Changes this node's own tags: a value sets, no value removes.
struct ChangeTags {
  std::vector<std::pair<std::string, std::optional<std::string>>> changes;
};

// ------------------------------------------------------------------------------- outgoing calls

// Starts a call. Exactly one CallFinished follows, whatever happens.
struct StartCall {
  CallId call;  // odd, new
  Peer peer;
  std::string method;               // "Service.method", 1 to 255 bytes
  std::optional<Instant> deadline;  // absent: none
  Metadata metadata{};
  // A first message that is known now leaves in the same write as the request header; `last`
  // half-closes after it (or at once, without a message). A unary call says both here.
  std::optional<Bytes> message{};
  bool last = false;
  // A peer that cannot be reached is dialled again, as its backoff allows, until it can or the
  // deadline passes. Otherwise a call that cannot begin ends at once, as unavailable.
  bool wait_for_ready = false;
};

// Sends one message; on an outgoing call to the callee, on an incoming call to the caller.
struct SendMessage {
  CallId call;
  Bytes message;
  bool last = false;  // outgoing calls only: half-closes after this message
};

// No more messages will follow on this outgoing call.
struct HalfClose {
  CallId call;
};

// Gives an outgoing call up. Its CallFinished{cancelled} follows at once.
struct CancelCall {
  CallId call;
};

// The application took `bytes` of message content from this call: the peer may send as many more.
// The first message of each direction needs none. Each later one does, an empty one too: what has
// arrived and was not taken is what bounds the application's queue.
struct ConsumeMessages {
  CallId call;
  std::uint64_t bytes = 0;
  std::uint64_t messages = 1;  // how many messages these bytes were
};

// ------------------------------------------------------------------------------- incoming calls

// Initial metadata of the response; optional, at most once and before the first message.
struct SendHeaders {
  CallId call;
  Metadata metadata;
};

// Ends an incoming call: an optional last message, then the status. The call is forgotten.
struct FinishCall {
  CallId call;
  std::optional<Bytes> message;
  Status status;
  Metadata trailers;
};

// Turns new incoming calls away (unavailable, safe to retry elsewhere) while running ones go on.
struct StopAccepting {};

// ------------------------------------------------------------------------------------- registry

enum class LoadBalancingStrategy : std::uint8_t {
  round_robin,
  random,
  least_connections,
  power_of_two,     // the less loaded of two drawn at random
  weighted,         // at random, in proportion to the tag "weight"
  consistent_hash,  // by SelectWorker::key
  // At random, in proportion to the tag "weight" divided by one more than the load.
  weighted_by_load,
  // The same, as the cluster chapter spells them.
  RoundRobin = round_robin,
  Random = random,
  LeastConnections = least_connections,
  PowerOfTwo = power_of_two,
  Weighted = weighted,
  ConsistentHash = consistent_hash,
  WeightedByLoad = weighted_by_load,
};

// Opens a view of the members whose tags match, with a strategy to choose among them.
struct OpenRegistry {
  std::uint32_t registry = 0;  // new
  TagFilter filter;
  LoadBalancingStrategy strategy = LoadBalancingStrategy::least_connections;
  // Workers whose tag "zone" is this are preferred; empty: none are.
  std::string zone{};
  // Calls leave the zone once its workers have on average so many each, and more than those
  // elsewhere; 0: only when it has no worker.
  std::uint32_t zone_spill = 0;
  // Its workers are those of UpdateRoster instead of members: also for a node that is no member.
  bool roster = false;
};

// Asks for a worker; WorkerSelected follows at once. The choice counts as one assignment until the
// worker's own report shows it or it expires.
struct SelectWorker {
  std::uint32_t registry = 0;
  std::uint64_t request = 0;     // given back in WorkerSelected
  TagFilter filter;              // beyond the registry's own
  std::vector<NodeId> excluded;  // e.g. the worker just lost; taken only if nobody else is left
  std::string key{};             // what consistent_hash goes by; empty: any worker
};

// The call that WorkerSelected was for is over: it no longer counts as an assignment, if it did.
struct ReleaseWorker {
  std::uint32_t registry = 0;
  std::uint64_t request = 0;
  std::optional<NodeId> worker{};  // who was selected
};

// A worker that is known otherwise than by membership.
struct RosterEntry {
  std::optional<NodeId> id{};  // absent: a name is made of its address
  Address address;
  std::vector<std::pair<std::string, std::string>> tags{};
  std::uint32_t active_calls = 0;  // as it reports
  std::uint64_t report = 0;        // numbers its reports; 0: it makes none
  bool avoid = false;
};

// Replaces the workers of a registry that was opened with `roster`. Of equal names the first
// counts.
struct UpdateRoster {
  std::uint32_t registry = 0;
  std::vector<RosterEntry> workers;
};

// Tells callers, by closing the links that they dialled, that every call which was begun here has
// been answered: what they still wait for was not begun. After StopAccepting; links on which a call
// runs stay.
struct CloseDrained {};

// How many calls the other Nodes of this process serve, if it has one for each I/O thread: the load
// that membership reports is all of them.
struct CountElsewhere {
  std::uint32_t calls = 0;
};

using Command =
    std::variant<Join, Leave, ChangeTags, StartCall, SendMessage, HalfClose, CancelCall,
                 ConsumeMessages, SendHeaders, FinishCall, StopAccepting, OpenRegistry,
                 SelectWorker, ReleaseWorker, UpdateRoster, CloseDrained, CountElsewhere>;

// What became of a command. Every value but `done` means: refused, nothing has changed.
enum class Outcome : std::uint8_t {
  done,
  unknown_call,         // no such call, or it is finished: harmless, calls end at any time
  call_exists,          // the caller's fault: this number was used before
  too_many_calls,       // RpcConfig::calls_max is reached
  message_too_large,    // over RpcConfig::message_max
  metadata_too_large,   // over RpcConfig::metadata_max; of a status: with its message and details
  bad_metadata,         // a key that is empty or has a character outside [a-z0-9._-]
  not_writable,         // far over RpcConfig::send_buffer_max: wait for CallWritable
  bad_method,           // empty or longer than 255 bytes
  already_half_closed,  // a message after the last one, or headers after a message
  not_a_member,         // the node was configured without membership
  already_left,         // after Leave
  bad_tag,              // empty or malformed key: 1 to 64 of [a-z0-9._-]
  tags_too_large,       // over SwimConfig::tags_max in all
  unknown_registry,     // or, when opening, one that exists
};

const char* to_text(Outcome outcome);
const char* to_text(LoadBalancingStrategy strategy);

}  // namespace rpcnet
