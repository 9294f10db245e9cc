// Finds a thing by its key: a hash table from keys to 32-bit positions in an array elsewhere.
//
// Written for the tables that every call goes through: open addressing in one flat array, so that
// a look-up is one or two cache lines and an insertion allocates only when the table doubles. It
// cannot be iterated, so no order that depends on hashing is ever visible (DESIGN invariant 3).
// Linear probing, deletion by shifting back (Knuth 6.4, Algorithm R), at most three quarters full.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "engine/assert.h"
#include "engine/ids.h"

namespace rpcnet {

// A key's bits, found by argument-dependent look-up. They need not be mixed: KeyIndex does that.
constexpr std::uint64_t hash_bits(CallId id) { return id.value; }
constexpr std::uint64_t hash_bits(LinkId id) { return id.value; }
constexpr std::uint64_t hash_bits(StreamId id) { return id.value; }

template <typename Key>
class KeyIndex {
 public:
  static constexpr std::uint32_t kNone = 0xffff'ffff;

  // kNone: no such key.
  std::uint32_t find(const Key& key) const {
    if (size_ == 0) return kNone;
    for (std::size_t i = home(key);; i = (i + 1) & mask()) {
      const Cell& cell = cells_[i];
      if (cell.position == kNone) return kNone;
      if (cell.key == key) return cell.position;
    }
  }

  bool contains(const Key& key) const { return find(key) != kNone; }

  // Adds the key or changes its position.
  void set(const Key& key, std::uint32_t position) {
    ENGINE_ASSERT(position != kNone);
    if (4 * (size_ + 1) > 3 * cells_.size()) grow();
    if (put(key, position)) ++size_;
  }

  // False: there was none.
  bool erase(const Key& key) {
    if (size_ == 0) return false;
    std::size_t hole = home(key);
    for (;; hole = (hole + 1) & mask()) {
      if (cells_[hole].position == kNone) return false;
      if (cells_[hole].key == key) break;
    }
    // What follows the hole moves back into it unless that would put it before its home.
    for (std::size_t i = (hole + 1) & mask(); cells_[i].position != kNone; i = (i + 1) & mask()) {
      const std::size_t from_home = (i - home(cells_[i].key)) & mask();
      const std::size_t from_hole = (i - hole) & mask();
      if (from_home < from_hole) continue;
      cells_[hole] = std::move(cells_[i]);
      hole = i;
    }
    cells_[hole].position = kNone;
    --size_;
    return true;
  }

  std::size_t size() const { return size_; }

 private:
  struct Cell {
    Key key{};
    std::uint32_t position = kNone;
  };

  std::size_t mask() const { return cells_.size() - 1; }

  // Fibonacci hashing (Knuth 6.4): consecutive numbers, which calls and streams have, spread
  // evenly, and the top bits depend on all bits of the key.
  std::size_t home(const Key& key) const {
    return static_cast<std::size_t>((hash_bits(key) * 0x9e37'79b9'7f4a'7c15) >> shift_);
  }

  bool put(const Key& key, std::uint32_t position) {
    for (std::size_t i = home(key);; i = (i + 1) & mask()) {
      Cell& cell = cells_[i];
      const bool fresh = cell.position == kNone;
      if (!fresh && !(cell.key == key)) continue;
      if (fresh) cell.key = key;
      cell.position = position;
      return fresh;
    }
  }

  void grow() {
    std::vector<Cell> old = std::exchange(cells_, {});
    cells_.resize(old.empty() ? 16 : 2 * old.size());
    shift_ = old.empty() ? 60 : shift_ - 1;
    for (const Cell& cell : old) {
      if (cell.position != kNone) put(cell.key, cell.position);
    }
  }

  std::vector<Cell> cells_;
  std::size_t size_ = 0;
  unsigned shift_ = 64;  // 64 - log2 of the number of cells
};

}  // namespace rpcnet
