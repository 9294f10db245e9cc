// Counting the uses of sets.
#include "engine/swim/tag_pool.h"

#include <utility>

#include "engine/assert.h"
#include "engine/swim/message.h"

namespace rpcnet::swim {

const TagPool::Set* TagPool::hold(BytesView pairs) {
  const auto found = sets_.find(pairs);
  if (found != sets_.end()) {
    ++found->second.uses;
    return &found->second;
  }
  // A stranger may have written its lengths longer than need be.
  const auto tags = parse_tags(pairs);
  ENGINE_ASSERT(tags.has_value());
  return hold(*tags);
}

const TagPool::Set* TagPool::hold(const Tags& tags) {
  // Of many that are held one after another most are alike.
  if (latest_ != nullptr && latest_->tags == tags) {
    ++latest_->uses;
    return latest_;
  }
  const auto [position, fresh] = sets_.try_emplace(serialize(tags));
  Set& set = position->second;
  if (fresh) {
    set.tags = tags;
    set.pairs = position->first;
  }
  ++set.uses;
  latest_ = &set;
  return &set;
}

void TagPool::release(const Set* set) {
  const auto found = sets_.find(set->pairs);
  ENGINE_ASSERT(found != sets_.end() && &found->second == set);
  if (--found->second.uses > 0) return;
  if (latest_ == set) latest_ = nullptr;
  sets_.erase(found);
}

}  // namespace rpcnet::swim
