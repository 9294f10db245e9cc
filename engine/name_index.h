// Finds a thing by a name: a hash table from names to 32-bit positions in a table elsewhere.
//
// The same open addressing as engine/key_index.h, but a cell holds no name: only 32 bits of its
// hash and the position of what has it. At thousands of members a cell of eight bytes is what
// keeps a look-up to one cache line here and one in the table. It cannot be iterated, so no order
// that depends on hashing is ever visible (DESIGN invariant 3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace rpcnet {

// Not for secrets: a peer that chose names to collide would have to have them certified first.
// Words are read as they lie in memory: the number is seen by nobody outside of the process.
inline std::uint64_t hash_name(std::string_view name) {
  std::uint64_t hash = name.size() * 0x9e37'79b9'7f4a'7c15;
  const auto take = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * 0xbf58'476d'1ce4'e5b9;
    hash ^= hash >> 29;
  };
  const auto word_at = [name](std::size_t at) {
    std::uint64_t word = 0;
    std::memcpy(&word, name.data() + at, sizeof(word));
    return word;
  };
  if (name.size() >= 8) {
    for (std::size_t at = 0; at + 8 <= name.size(); at += 8) take(word_at(at));
    if (name.size() % 8 != 0) take(word_at(name.size() - 8));
  } else {
    std::uint64_t word = 0;
    for (const char c : name) word = word << 8 | static_cast<unsigned char>(c);
    take(word);
  }
  hash *= 0x94d0'49bb'1331'11eb;
  return hash ^ (hash >> 32);
}

class NameIndex {
 public:
  static constexpr std::uint32_t kNone = 0xffff'ffff;

  // The position for which is(position) holds, among those whose name has this hash; kNone: there
  // is none.
  template <typename Is>
  std::uint32_t find(std::uint64_t hash, Is&& is) const {
    if (cells_.empty()) return kNone;
    for (std::size_t i = home(hash);; i = (i + 1) & mask()) {
      const Cell& cell = cells_[i];
      if (cell.position == kNone) return kNone;
      if (cell.tag == tag(hash) && is(cell.position)) return cell.position;
    }
  }

  // Brings the cells of this hash nearer; and what find() would most likely give, unchecked.
  void fetch(std::uint64_t hash) const {
    if (!cells_.empty()) __builtin_prefetch(&cells_[home(hash)]);
  }
  std::uint32_t likely(std::uint64_t hash) const {
    return find(hash, [](std::uint32_t) { return true; });
  }

  // Room for so many names.
  void reserve(std::size_t count) {
    while (4 * count > 3 * cells_.size()) grow();
  }

  // The name must not be there yet.
  void add(std::uint64_t hash, std::uint32_t position) {
    if (4 * (size_ + 1) > 3 * cells_.size()) grow();
    put({tag(hash), position});
    ++size_;
  }

  // The position must be there under this hash. What follows the hole moves back into it unless
  // that would put it before its home (Knuth 6.4, Algorithm R).
  void remove(std::uint64_t hash, std::uint32_t position) {
    std::size_t hole = home(hash);
    while (cells_[hole].position != position) hole = (hole + 1) & mask();
    for (std::size_t i = (hole + 1) & mask(); cells_[i].position != kNone; i = (i + 1) & mask()) {
      const std::size_t from_home = (i - (cells_[i].tag & mask())) & mask();
      const std::size_t from_hole = (i - hole) & mask();
      if (from_home < from_hole) continue;
      cells_[hole] = cells_[i];
      hole = i;
    }
    cells_[hole].position = kNone;
    --size_;
  }

 private:
  struct Cell {
    std::uint32_t tag = 0;
    std::uint32_t position = kNone;
  };

  // The low bits of the tag say where it belongs, so that growing needs no names.
  static std::uint32_t tag(std::uint64_t hash) { return static_cast<std::uint32_t>(hash); }
  std::size_t home(std::uint64_t hash) const { return tag(hash) & mask(); }
  std::size_t mask() const { return cells_.size() - 1; }

  void put(Cell cell) {
    std::size_t i = cell.tag & mask();
    while (cells_[i].position != kNone) i = (i + 1) & mask();
    cells_[i] = cell;
  }

  void grow() {
    const std::vector<Cell> old = std::exchange(cells_, {});
    cells_.resize(old.empty() ? 16 : 2 * old.size());
    for (const Cell& cell : old) {
      if (cell.position != kNone) put(cell);
    }
  }

  std::vector<Cell> cells_;
  std::size_t size_ = 0;
};

}  // namespace rpcnet
