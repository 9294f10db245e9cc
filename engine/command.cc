// Names of command outcomes and strategies.
#include "engine/command.h"

namespace rpcnet {

Peer::Peer(Address address_in, std::optional<NodeId> expected_in)
    : address(address_in), expected(std::move(expected_in)) {}

const char* to_text(Outcome outcome) {
  switch (outcome) {
    case Outcome::done: return "done";
    case Outcome::unknown_call: return "unknown or finished call";
    case Outcome::call_exists: return "call number used before";
    case Outcome::too_many_calls: return "too many calls";
    case Outcome::message_too_large: return "message too large";
    case Outcome::metadata_too_large: return "metadata too large";
    case Outcome::bad_metadata: return "bad metadata key";
    case Outcome::not_writable: return "not writable";
    case Outcome::bad_method: return "bad method name";
    case Outcome::already_half_closed: return "already half-closed";
    case Outcome::not_a_member: return "not a member";
    case Outcome::already_left: return "already left";
    case Outcome::bad_tag: return "bad tag";
    case Outcome::tags_too_large: return "tags too large";
    case Outcome::unknown_registry: return "unknown registry";
  }
  return "unknown";
}

const char* to_text(LoadBalancingStrategy strategy) {
  switch (strategy) {
    case LoadBalancingStrategy::round_robin: return "RoundRobin";
    case LoadBalancingStrategy::random: return "Random";
    case LoadBalancingStrategy::least_connections: return "LeastConnections";
    case LoadBalancingStrategy::power_of_two: return "PowerOfTwo";
    case LoadBalancingStrategy::weighted: return "Weighted";
    case LoadBalancingStrategy::consistent_hash: return "ConsistentHash";
    case LoadBalancingStrategy::weighted_by_load: return "WeightedByLoad";
  }
  return "unknown";
}

}  // namespace rpcnet
