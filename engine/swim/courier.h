// Writes messages and sends them: the header, the body, and as much pending news as fits.
//
// A datagram never exceeds what the link can carry now; long tags are not put into one (fetch.h).
// Whoever is suspected, dead or gone in our
// view gets that accusation with every message of ours, before any other news, so that it can
// object within one round trip (Lifeguard IV.C, "buddy system").
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "engine/swim/core.h"
#include "engine/swim/message.h"

namespace rpcnet::swim {

class Courier {
 public:
  explicit Courier(Core& core) : core_(core) {}

  // Sends by datagram, dialling if need be. nullptr: the peer cannot be reached now (backoff or
  // links_max). The link may still be in its handshake.
  Link* to_member(Instant now, Slot slot, const Body& body, Outbox& out);
  Link* to_peer(Instant now, const Peer& peer, std::optional<Slot> slot, const Body& body,
                Outbox& out);

  // Answers on the link that asked. `remind`: say what we hold of the addressee, accusation or not.
  void reply(Link& link, std::optional<Slot> slot, const Body& body, Outbox& out,
             bool remind = false);

  // One frame of a stream (varint length, then a message), with these members' news in it.
  void frame(LinkId link, StreamId stream, std::optional<Slot> slot, const Body& body,
             std::span<const Slot> states, bool fin, Outbox& out);

  // The states of these members, long tags and all, in as many frames as it takes.
  void frames(LinkId link, StreamId stream, const Body& body, std::span<const Slot> states,
              Outbox& out);

 private:
  SenderView sender() const;
  void write(LinkId link, StreamId stream, Bytes message, std::size_t updates, bool fin,
             Outbox& out);
  enum class With : std::uint8_t { liveness, news, all };  // news: of long tags the version

  UpdateView update_of(Slot slot, With what) const;
  Bytes compose(std::optional<Slot> slot, const Body& body, std::size_t room, bool remind);
  void send(Link& link, std::optional<Slot> slot, const Body& body, bool remind, Outbox& out);

  Core& core_;
};

}  // namespace rpcnet::swim
