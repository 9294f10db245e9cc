// A registry of workers: the members whose tags match, with a strategy to choose among them.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/cluster/worker_view.h"
#include "engine/command.h"
#include "engine/rng.h"

namespace rpcnet::cluster {

class Registry {
 public:
  Registry(TagFilter filter, LoadBalancingStrategy strategy, Rng rng);

  const TagFilter& filter() const { return filter_; }

  // Chooses among `workers` (in NodeId order, already matching filter()). Workers that are neither
  // excluded nor to be avoided come first; then those to be avoided; then, rather than nobody, the
  // excluded ones: the one just lost may be back.
  std::optional<std::size_t> select(std::span<const WorkerView> workers,
                                    const SelectWorker& request);

 private:
  TagFilter filter_;
  LoadBalancingStrategy strategy_;
  Rng rng_;
  std::optional<NodeId> last_;
};

}  // namespace rpcnet::cluster
