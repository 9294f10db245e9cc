// What still has to be told, and in which order: the piggyback queue.
//
// The queue holds whose news is pending and not what it says: the content is read from the table
// when it is sent, so newer news replaces older in place. Each piece is sent a limited number of
// times (SWIM 4.1); whoever receives it queues it again for others, which is what makes it spread
// like an epidemic. (rpcnet removed a piece at its first sending and never forwarded any.)
//
// Order: our own refutation first, since a late one costs a false failure; then deaths and
// farewells, suspicions, births, tags. Within a class what was sent least goes first, and among
// equals what was queued first.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
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

  // A newcomer that has tags: one piece tells both, so that nobody meets it without them.
  void add_birth(Slot slot);

  // Its slot is about to name somebody else.
  void forget(Slot slot);
  void clear();

  // Offers the pieces in order to write(slot, kind), which returns whether it took the piece. A
  // piece that was taken `limit` times is done. Gives up after a few that were not taken: the
  // message is full.
  template <typename Write>
  std::size_t offer(std::uint32_t limit, Write&& write) {
    constexpr int kMissesMax = 8;
    std::vector<Ticket> taken;
    int misses = 0;
    for (auto it = queue_.begin(); it != queue_.end() && misses < kMissesMax;) {
      if (!write(it->slot, it->kind)) {
        ++misses;
        ++it;
        continue;
      }
      taken.push_back(*it);
      it = queue_.erase(it);
    }
    for (Ticket& ticket : taken) {
      if (++ticket.sends < limit) {
        put(ticket);
      } else {
        entry(ticket.slot, ticket.kind).reset();
      }
    }
    return taken.size();
  }

  bool empty() const { return queue_.empty(); }
  std::size_t size() const { return queue_.size(); }

 private:
  struct Ticket {
    std::uint8_t urgency = 0;  // lower goes first
    std::uint32_t sends = 0;
    std::uint64_t sequence = 0;
    Slot slot = 0;
    NewsKind kind{};

    friend auto operator<=>(const Ticket&, const Ticket&) = default;
  };

  std::optional<Ticket>& entry(Slot slot, NewsKind kind);
  void add(Slot slot, NewsKind kind, std::uint8_t urgency);
  void put(const Ticket& ticket);
  void remove(Slot slot, NewsKind kind);

  std::set<Ticket> queue_;
  std::vector<std::pair<std::optional<Ticket>, std::optional<Ticket>>> by_slot_;
  std::uint64_t sequence_ = 0;
};

}  // namespace rpcnet::swim
