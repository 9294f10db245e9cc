// Urgency, and the index from members to their places in the queue.
#include "engine/swim/dissemination.h"

namespace rpcnet::swim {
namespace {

constexpr std::uint8_t kOwn = 0;
constexpr std::uint8_t kTags = 4;

std::uint8_t urgency_of(MemberStatus status) {
  switch (status) {
    case MemberStatus::dead: return 1;
    case MemberStatus::left: return 1;
    case MemberStatus::suspect: return 2;
    case MemberStatus::alive: return 3;
  }
  return kTags;
}

}  // namespace

void Dissemination::add_liveness(Slot slot, MemberStatus status) {
  add(slot, NewsKind::liveness, slot == kSelf ? kOwn : urgency_of(status));
}

void Dissemination::add_tags(Slot slot) { add(slot, NewsKind::tags, kTags); }

void Dissemination::add_birth(Slot slot) {
  add(slot, NewsKind::tags, urgency_of(MemberStatus::alive));
}

void Dissemination::forget(Slot slot) {
  remove(slot, NewsKind::liveness);
  remove(slot, NewsKind::tags);
}

void Dissemination::clear() {
  queue_.clear();
  by_slot_.clear();
}

std::optional<Dissemination::Ticket>& Dissemination::entry(Slot slot, NewsKind kind) {
  if (by_slot_.size() <= slot) by_slot_.resize(slot + std::size_t{1});
  return kind == NewsKind::liveness ? by_slot_[slot].first : by_slot_[slot].second;
}

void Dissemination::add(Slot slot, NewsKind kind, std::uint8_t urgency) {
  remove(slot, kind);
  put({urgency, 0, ++sequence_, slot, kind});
}

void Dissemination::put(const Ticket& ticket) {
  queue_.insert(ticket);
  entry(ticket.slot, ticket.kind) = ticket;
}

void Dissemination::remove(Slot slot, NewsKind kind) {
  auto& ticket = entry(slot, kind);
  if (!ticket) return;
  queue_.erase(*ticket);
  ticket.reset();
}

}  // namespace rpcnet::swim
