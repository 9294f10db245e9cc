// The list of waiters.
#include "io/core/wakeup.h"

namespace rpcnet::core {

Wakeup::Waiter::~Waiter() {
  if (wakeup != nullptr) wakeup->unlink(*this);
}

void Wakeup::add(Waiter& waiter) {
  Waiter** end = &first_;
  while (*end != nullptr) end = &(*end)->next;
  *end = &waiter;
  runner_.keep(waiter);
}

void Wakeup::unlink(Waiter& waiter) {
  Waiter** place = &first_;
  while (*place != &waiter) place = &(*place)->next;
  *place = waiter.next;
  waiter.next = nullptr;
  waiter.wakeup = nullptr;
}

void Wakeup::release(Waiter& waiter) {
  unlink(waiter);
  runner_.ready(waiter);
}

void Wakeup::notify() {
  while (first_ != nullptr) release(*first_);
}

}  // namespace rpcnet::core
