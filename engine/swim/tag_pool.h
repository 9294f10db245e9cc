// Sets of tags, each held once however many members have it.
//
// In a large cluster most members say the same of themselves (role=worker), and every node holds
// the tags of all. A set is known by its bytes on the wire, so that hearing again what is known
// costs a comparison of bytes, and telling it a copy of them.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>

#include "engine/bytes.h"
#include "engine/member.h"

namespace rpcnet::swim {

class TagPool {
 public:
  struct Set {
    Tags tags;
    BytesView pairs;  // as serialize(tags) writes them
    std::uint32_t uses = 0;
  };

  TagPool() = default;
  TagPool(const TagPool&) = delete;
  TagPool& operator=(const TagPool&) = delete;

  // The set of these tags, with one use more; it stays where it is until its last use is released.
  // `pairs` are well formed (message.h, TagsView).
  const Set* hold(BytesView pairs);
  const Set* hold(const Tags& tags);
  void release(const Set* set);

  std::size_t size() const { return sets_.size(); }

 private:
  struct Less {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return as_text(BytesView(a)) < as_text(BytesView(b));
    }
  };

  std::map<Bytes, Set, Less> sets_;
  Set* latest_ = nullptr;  // of hold(tags), while it is there
};

}  // namespace rpcnet::swim
