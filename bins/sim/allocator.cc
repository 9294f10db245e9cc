// The memory of a simulation: operator new of this program.
//
// A world of a thousand nodes is half a gigabyte, and each happening begins somewhere else in it:
// with pages of 4 KiB the processor spends more time on finding memory than on using it. So all
// that is small comes out of one stretch of addresses that the kernel is asked to back with huge
// pages, in chunks of one size each, and is given back to a list of its size. Whoever asks for a
// lot gets it from malloc.
//
// Ours, because no other came near it. `sim run large --nodes 1000`, 25 s less 5 s of it, seconds
// of processor time: this 0.24 to 0.45, mimalloc 2.0.9 0.45, glibc 2.36 0.82 to 1.0, glibc with
// GLIBC_TUNABLES=glibc.malloc.hugetlb=1 0.47; 50 s less 10 s: this 0.73 to 0.83, mimalloc 0.85 to
// 1.4. The whole of 25 s with the kernel's time: 2.4, 2.6, 4.0 and 3.6 (docs/simulation.md, Speed).
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define RPCNET_SANITIZED 1
#endif
#endif
#if !defined(RPCNET_SANITIZED) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace {

constexpr std::size_t kChunk = std::size_t{1} << 16;
constexpr std::size_t kStretch = std::size_t{1} << 36;  // of addresses; memory is taken as used
constexpr std::size_t kChunks = kStretch / kChunk;
constexpr std::size_t kHugePage = std::size_t{2} << 20;
// The beginning has small pages: a run of a few nodes uses no more than that, and a sweep makes a
// process for each.
constexpr std::size_t kSmallPages = std::size_t{16} << 20;

// Sizes: steps of 16 bytes up to 1 KiB, then four in each doubling up to half a chunk, then whole
// chunks.
constexpr std::size_t kFine = 1024;
constexpr std::size_t kFineSteps = kFine / 16;
constexpr std::size_t kCoarseMax = kChunk / 2;
constexpr std::size_t kCoarseSteps = 4 * 5;
constexpr std::size_t kRunsMax = 16;
constexpr std::size_t kMost = kRunsMax * kChunk;
constexpr std::size_t kClasses = kFineSteps + kCoarseSteps + kRunsMax;

constexpr std::size_t class_of(std::size_t size) {
  if (size <= kFine) return size == 0 ? 0 : (size - 1) / 16;
  if (size <= kCoarseMax) {
    const auto doubling = static_cast<std::size_t>(std::bit_width(size - 1)) - 1;  // 10..14
    const std::size_t quarter = (size - 1) >> (doubling - 2) & 3;
    return kFineSteps + (doubling - 10) * 4 + quarter;
  }
  return kFineSteps + kCoarseSteps + (size - 1) / kChunk;
}

constexpr std::size_t size_of(std::size_t index) {
  if (index < kFineSteps) return (index + 1) * 16;
  if (index < kFineSteps + kCoarseSteps) {
    const std::size_t step = index - kFineSteps;
    return (4 + step % 4 + 1) << (step / 4 + 8);
  }
  return (index - kFineSteps - kCoarseSteps + 1) * kChunk;
}

static_assert(size_of(class_of(1)) == 16 && size_of(class_of(1024)) == 1024);
static_assert(size_of(class_of(1025)) == 1280 && size_of(class_of(1281)) == 1536);
static_assert(size_of(class_of(kCoarseMax)) == kCoarseMax);
static_assert(size_of(class_of(kCoarseMax + 1)) == kChunk && size_of(class_of(kMost)) == kMost);

struct Free {
  Free* next;
};

struct Size {
  Free* free = nullptr;
  char* next = nullptr;  // of what was never used in the chunk
  char* end = nullptr;
};

std::array<std::uint8_t, kChunks> classes;  // of the chunks in use
std::atomic<std::size_t> used{0};           // chunks
thread_local std::array<Size, kClasses> sizes;

char* stretch() {
  static char* const begin = [] {
    void* at = mmap(nullptr, kStretch + kHugePage, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) return static_cast<char*>(nullptr);
    auto address = reinterpret_cast<std::uintptr_t>(at);
    address = (address + kHugePage - 1) / kHugePage * kHugePage;
    char* aligned = reinterpret_cast<char*>(address);
    madvise(aligned + kSmallPages, kStretch - kSmallPages, MADV_HUGEPAGE);
    return aligned;
  }();
  return begin;
}

// nullptr: there is no room.
char* take_chunks(std::size_t count, std::size_t index) {
  char* const begin = stretch();
  if (begin == nullptr) return nullptr;
  const std::size_t first = used.fetch_add(count);
  if (first + count > kChunks) return nullptr;
  classes[first] = static_cast<std::uint8_t>(index);
  return begin + first * kChunk;
}

void* take(std::size_t size) {
  if (size > kMost) return std::malloc(size);
  const std::size_t index = class_of(size);
  Size& of = sizes[index];
  if (of.free != nullptr) {
    Free* const block = of.free;
    of.free = block->next;
    return block;
  }
  const std::size_t whole = size_of(index);
  if (whole >= kChunk) {
    char* const run = take_chunks(whole / kChunk, index);
    return run != nullptr ? run : std::malloc(size);
  }
  if (of.next == nullptr || of.next + whole > of.end) {
    of.next = take_chunks(1, index);
    if (of.next == nullptr) return std::malloc(size);
    of.end = of.next + kChunk;
  }
  char* const block = of.next;
  of.next += whole;
  return block;
}

}  // namespace

void* operator new(std::size_t size) {
  void* const block = take(size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void operator delete(void* block) noexcept {
  if (block == nullptr) return;
  const auto offset = static_cast<std::size_t>(static_cast<char*>(block) - stretch());
  if (offset >= kStretch) return std::free(block);
  Size& of = sizes[classes[offset / kChunk]];
  auto* const freed = static_cast<Free*>(block);
  freed->next = of.free;
  of.free = freed;
}

void operator delete(void* block, std::size_t) noexcept { operator delete(block); }

#endif
