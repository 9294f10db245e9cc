// Timers that are hardly ever needed: of a handshake that is not answered, of a link that is idle.
//
// Every link sets some of them, and nearly all are over before their time. In the world's queue
// each would be a happening of its own; here they stand in line, those that are over leave it
// unnoticed when they come to its head, and the world hears of the head only. What is due then
// takes its turn among the happenings of its host, as the last of those of that instant. (The
// dialler's patience is in the queue: its node often has a deadline at the very same instant, and
// hears of this first.)
#include "sim/messages/messages_network.h"

namespace rpcnet::sim::messages {

void MessagesNetwork::wait(LineName name, Ref ref, Duration after) {
  Line& line = lines_[name];
  const Moment due = world_.now() + after;
  // A line has one length, that of the first in it.
  if (!line.waits.empty() && due < line.waits.back().at) {
    return set_timer(ref, after, make(line.kind, ref, true));
  }
  line.waits.push_back({due, ref, at(ref).generation});
  if (line.waits.size() == 1) schedule_line(name);
}

// Once it is, it remains so.
bool MessagesNetwork::is_over(const Line& line, const Line::Wait& wait) const {
  const Connection& connection = connections_[wait.ref.connection];
  if (!connection.in_use || connection.generation != wait.generation) return true;
  const EndState state = connection.ends[wait.ref.side].state;
  switch (line.kind) {
    case Kind::hello_retry: return state != EndState::dialling;
    case Kind::handshake_expired: return state != EndState::half_open;
    default: return state != EndState::up;
  }
}

void MessagesNetwork::schedule_line(LineName name) {
  Happening due;
  due.party = Party::network;
  due.kind = static_cast<std::uint8_t>(Kind::line_due);
  due.b = name;
  world_.schedule(lines_[name].waits.front().at, 0, std::move(due));
}

void MessagesNetwork::on_line_due(LineName name) {
  Line& line = lines_[name];
  while (!line.waits.empty()) {
    const Line::Wait wait = line.waits.front();
    const bool over = is_over(line, wait);
    if (!over && wait.at > world_.now()) break;
    line.waits.pop_front();
    if (!over) set_timer(wait.ref, Duration::zero(), make(line.kind, wait.ref, true));
  }
  if (!line.waits.empty()) schedule_line(name);
}

}  // namespace rpcnet::sim::messages
