// Recycled: an allocator for the things that every call needs one of. A block that is given back is
// kept for the next thing of its size, so that calls in a steady state allocate nothing of these.
//
// Blocks belong to the thread that gave them back; at most kKept of a size are kept.
#pragma once

#include <array>
#include <cstddef>
#include <new>

namespace rpcnet::core {

class Shelf {
 public:
  Shelf(const Shelf&) = delete;
  Shelf& operator=(const Shelf&) = delete;
  ~Shelf() {
    for (Row& row : rows_) {
      while (row.first != nullptr) ::operator delete(row.pop());
    }
    gone_ = true;
  }

  static void* take(std::size_t size) {
    const std::size_t row = row_of(size);
    if (row >= kRows || gone_) return ::operator new(size);
    Row& shelf = of_this_thread().rows_[row];
    return shelf.first != nullptr ? shelf.pop() : ::operator new((row + 1) * kStep);
  }

  static void give_back(void* block, std::size_t size) {
    const std::size_t row = row_of(size);
    if (row >= kRows || gone_) return ::operator delete(block);
    Row& shelf = of_this_thread().rows_[row];
    if (shelf.count >= kKept) return ::operator delete(block);
    shelf.push(block);
  }

 private:
  static constexpr std::size_t kStep = 64;   // sizes are rounded up to multiples of this
  static constexpr std::size_t kRows = 16;   // larger ones are not kept
  static constexpr std::size_t kKept = 512;  // of a size: about 2 MB in all at worst

  struct Block {
    Block* next;
  };
  struct Row {
    Block* first = nullptr;
    std::size_t count = 0;

    void push(void* block) {
      first = ::new (block) Block{first};
      ++count;
    }
    void* pop() {
      Block* block = first;
      first = block->next;
      --count;
      return block;
    }
  };

  Shelf() = default;
  static std::size_t row_of(std::size_t size) { return (size - 1) / kStep; }
  static Shelf& of_this_thread() {
    static thread_local Shelf shelf;
    return shelf;
  }

  // What outlives its thread's shelf is not kept.
  static inline thread_local bool gone_ = false;

  std::array<Row, kRows> rows_{};
};

template <typename T>
struct Recycled {
  using value_type = T;

  Recycled() = default;
  template <typename U>
  Recycled(const Recycled<U>&) {}

  T* allocate(std::size_t count) { return static_cast<T*>(Shelf::take(count * sizeof(T))); }
  void deallocate(T* block, std::size_t count) { Shelf::give_back(block, count * sizeof(T)); }

  friend bool operator==(const Recycled&, const Recycled&) { return true; }
};

}  // namespace rpcnet::core
