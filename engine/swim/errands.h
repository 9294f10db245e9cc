// Indirect probes that this node makes for others.
//
// The asker says how long it will wait. At 80 % of that the relay admits that it has no answer
// either (a nack: "I live, but I do not hear it"), so that the nack arrives in time; an answer that
// comes later is still passed on. memberlist's relays wait a full timeout of their own and nack too
// late, which makes healthy probers doubt themselves.
#pragma once

#include <cstdint>
#include <map>

#include "engine/swim/core.h"
#include "engine/swim/courier.h"

namespace rpcnet::swim {

class Errands {
 public:
  Errands(Core& core, Courier& courier) : core_(core), courier_(courier) {}

  void begin(Instant now, LinkId asker, const PingReq& request, Outbox& out);

  // False: not the answer to an errand.
  bool on_ack(std::uint64_t seq, const NodeId& from, Outbox& out);
  void on_due(Instant now, std::uint64_t seq, Outbox& out);
  void clear();

 private:
  struct Errand {
    LinkId asker;
    std::uint64_t seq = 0;  // the asker's
    NodeId target;
    Instant end{};
    bool nacked = false;
  };

  void refuse(const Errand& errand, Outbox& out);
  void answer(const Errand& errand, const Body& body, Outbox& out);

  Core& core_;
  Courier& courier_;
  std::map<std::uint64_t, Errand> errands_;  // by our own number
};

}  // namespace rpcnet::swim
