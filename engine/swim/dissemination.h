// What still has to be told, and in which order: the piggyback queue.
//
// The queue holds whose news is pending and not what it says: the content is read from the table
// when it is sent, so newer news replaces older in place. Each piece is sent a limited number of
// times (SWIM 4.1); whoever receives it queues it again for others, which is what makes it spread
// like an epidemic. (rpcnet removed a piece at its first sending and never forwarded any.)
//
// Order: our own refutation first, since a late one costs a false failure; then deaths and
// farewells, the refutations of others, suspicions, births, tags. Within a class what was sent
// least goes first, and among equals what was queued first.
//
// A list for each (class, times sent), in the order of queueing. What is sent leaves the front of
// one list for the back of the next, so a sending costs no search, however much is queued: when a
// large cluster starts, everybody has news of everybody.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/member.h"
#include "engine/swim/membership.h"

namespace rpcnet::swim {

enum class NewsKind : std::uint8_t { liveness, tags };

class Dissemination {
 public:
  // Queues news of a member, or begins anew with what was queued of it.
  void add_liveness(Slot slot, MemberStatus status);
  void add_tags(Slot slot);

  // A suspect or dead one is alive: goes before suspicions, of which a sick member may tell so many
  // that the answer to each would come after its end.
  void add_refutation(Slot slot);

  // A newcomer that has tags: one piece tells both, so that nobody meets it without them.
  void add_birth(Slot slot);

  // Its slot is about to name somebody else.
  void forget(Slot slot);
  void clear();

  // Names the members that the next pieces are about, up to `count`, in order.
  template <typename See>
  void peek(std::size_t count, See&& see) const {
    for (const auto& lists : classes_) {
      for (const List& list : lists) {
        for (std::uint32_t at = list.first; at != kNone; at = pieces_[at].next) {
          if (count-- == 0) return;
          see(pieces_[at].slot);
        }
      }
    }
  }

  // Offers the pieces in order to write(slot, kind), which returns whether it took the piece. A
  // piece that was taken `limit` times is done. Gives up after a few that were not taken: the
  // message is full.
  template <typename Write>
  std::size_t offer(std::uint32_t limit, Write&& write) {
    constexpr int kMissesMax = 8;
    taken_.clear();
    int misses = 0;
    for (const auto& lists : classes_) {
      for (const List& list : lists) {
        for (std::uint32_t at = list.first; at != kNone && misses < kMissesMax;) {
          const Piece& piece = pieces_[at];
          if (write(piece.slot, piece.kind)) {
            taken_.push_back(at);
          } else {
            ++misses;
          }
          at = piece.next;
        }
      }
    }
    // Not before the end: nothing is to be offered twice in one message.
    for (const std::uint32_t at : taken_) advance(at, limit);
    return taken_.size();
  }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

 private:
  static constexpr std::uint32_t kNone = 0xffff'ffff;
  static constexpr std::size_t kClasses = 6;

  struct Piece {
    std::uint64_t sequence = 0;  // of queueing
    Slot slot = 0;
    std::uint32_t next = kNone;
    std::uint32_t previous = kNone;
    std::uint16_t sends = 0;
    std::uint8_t urgency = 0;  // its class; lower goes first
    NewsKind kind{};
  };
  struct List {
    std::uint32_t first = kNone;
    std::uint32_t last = kNone;
  };
  // The pieces of one member.
  struct Pending {
    std::uint32_t liveness = kNone;
    std::uint32_t tags = kNone;
  };

  std::uint32_t& pending(Slot slot, NewsKind kind);
  void add(Slot slot, NewsKind kind, std::uint8_t urgency);
  void advance(std::uint32_t at, std::uint32_t limit);
  void link(std::uint32_t at);
  void unlink(std::uint32_t at);
  void remove(Slot slot, NewsKind kind);
  void discard(std::uint32_t at);

  std::array<std::vector<List>, kClasses> classes_;  // by urgency; then by times sent
  std::vector<Piece> pieces_;
  std::vector<std::uint32_t> free_;
  std::vector<Pending> by_slot_;
  std::vector<std::uint32_t> taken_;  // within offer(); kept for its memory
  std::size_t size_ = 0;
  std::uint64_t sequence_ = 0;
};

}  // namespace rpcnet::swim
