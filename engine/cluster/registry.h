// A registry of workers: the members whose tags match, with a strategy to choose among them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/cluster/by_zone.h"
#include "engine/command.h"
#include "engine/member.h"
#include "engine/rng.h"

namespace rpcnet::cluster {

// Tags that registries look at. A weight is 0 to 1,000,000; anything else counts as 1.
inline constexpr std::string_view kZoneTag = "zone";
inline constexpr std::string_view kWeightTag = "weight";
// Set by a member that is about to go: it gets no new calls while others are there.
inline constexpr std::string_view kDrainingTag = "rpcnet.draining";

// A worker where it stands, as far as a choice looks at it.
struct Eligible {
  const NodeId* id = nullptr;
  const Tags* tags = nullptr;
  std::uint32_t load = 0;  // calls that it serves or is about to serve
  bool avoid = false;      // WorkerView::avoid
};

class Registry {
 public:
  Registry(TagFilter filter, LoadBalancingStrategy strategy, Rng rng, ZonePreference zone = {});

  const TagFilter& filter() const { return filter_; }

  // Chooses among `workers` (in NodeId order, already matching filter()). Workers that are neither
  // excluded nor to be avoided come first; then those to be avoided; then, rather than nobody, the
  // excluded ones: the one just lost may be back. Of those that come first, the ones of the
  // preferred zone are taken while they have room.
  std::optional<std::size_t> select(std::span<const Eligible> workers, const SelectWorker& request);

 private:
  // Drops the workers (by index) of other zones, unless calls may leave this one.
  void keep_near(std::span<const Eligible> workers, std::vector<std::size_t>& chosen) const;

  TagFilter filter_;
  LoadBalancingStrategy strategy_;
  Rng rng_;
  ZonePreference zone_;
  std::optional<NodeId> last_;
};

}  // namespace rpcnet::cluster
