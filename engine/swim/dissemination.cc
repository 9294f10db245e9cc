// Urgency, and the lists.
#include "engine/swim/dissemination.h"

#include <utility>

namespace rpcnet::swim {
namespace {

constexpr std::uint8_t kOwn = 0;
constexpr std::uint8_t kRefutation = 2;
constexpr std::uint8_t kTags = 5;

std::uint8_t urgency_of(MemberStatus status) {
  switch (status) {
    case MemberStatus::dead: return 1;
    case MemberStatus::left: return 1;
    case MemberStatus::suspect: return 3;
    case MemberStatus::alive: return 4;
  }
  return kTags;
}

}  // namespace

void Dissemination::add_liveness(Slot slot, MemberStatus status) {
  add(slot, NewsKind::liveness, slot == kSelf ? kOwn : urgency_of(status));
}

void Dissemination::add_refutation(Slot slot) { add(slot, NewsKind::liveness, kRefutation); }

void Dissemination::add_tags(Slot slot) { add(slot, NewsKind::tags, kTags); }

void Dissemination::add_birth(Slot slot) {
  add(slot, NewsKind::tags, urgency_of(MemberStatus::alive));
}

void Dissemination::forget(Slot slot) {
  remove(slot, NewsKind::liveness);
  remove(slot, NewsKind::tags);
}

void Dissemination::clear() {
  classes_ = {};
  pieces_ = {};
  free_ = {};
  by_slot_ = {};
  size_ = 0;
}

std::uint32_t& Dissemination::pending(Slot slot, NewsKind kind) {
  if (by_slot_.size() <= slot) by_slot_.resize(slot + std::size_t{1});
  return kind == NewsKind::liveness ? by_slot_[slot].liveness : by_slot_[slot].tags;
}

void Dissemination::add(Slot slot, NewsKind kind, std::uint8_t urgency) {
  remove(slot, kind);
  std::uint32_t at = static_cast<std::uint32_t>(pieces_.size());
  if (free_.empty()) {
    pieces_.emplace_back();
  } else {
    at = free_.back();
    free_.pop_back();
  }
  pieces_[at] = {.sequence = ++sequence_, .slot = slot, .urgency = urgency, .kind = kind};
  pending(slot, kind) = at;
  ++size_;
  link(at);
}

void Dissemination::advance(std::uint32_t at, std::uint32_t limit) {
  unlink(at);
  if (++pieces_[at].sends < limit) return link(at);
  pending(pieces_[at].slot, pieces_[at].kind) = kNone;
  discard(at);
}

// Behind all that were queued before it: nearly always at the end.
void Dissemination::link(std::uint32_t at) {
  Piece& piece = pieces_[at];
  auto& lists = classes_[piece.urgency];
  if (lists.size() <= piece.sends) lists.resize(piece.sends + std::size_t{1});
  List& list = lists[piece.sends];
  std::uint32_t before = list.last;
  while (before != kNone && pieces_[before].sequence > piece.sequence) {
    before = pieces_[before].previous;
  }
  piece.previous = before;
  piece.next = before == kNone ? list.first : pieces_[before].next;
  (piece.previous == kNone ? list.first : pieces_[piece.previous].next) = at;
  (piece.next == kNone ? list.last : pieces_[piece.next].previous) = at;
}

void Dissemination::unlink(std::uint32_t at) {
  const Piece& piece = pieces_[at];
  List& list = classes_[piece.urgency][piece.sends];
  (piece.previous == kNone ? list.first : pieces_[piece.previous].next) = piece.next;
  (piece.next == kNone ? list.last : pieces_[piece.next].previous) = piece.previous;
}

void Dissemination::remove(Slot slot, NewsKind kind) {
  const std::uint32_t at = std::exchange(pending(slot, kind), kNone);
  if (at == kNone) return;
  unlink(at);
  discard(at);
}

// The memory that a start of the whole cluster took is given back when all is told.
void Dissemination::discard(std::uint32_t at) {
  free_.push_back(at);
  if (--size_ == 0) clear();
}

}  // namespace rpcnet::swim
