// Two RPC machines joined by a pipe in memory, for tests.
//
// The pipe keeps the rules of engine/transport.h and fails (throws) when a machine breaks one:
// a write after the end of a stream, streams opened out of order or beyond the limit, more credit
// than was received. What it leaves open it decides by seed: which stream moves next, how bytes
// are cut into pieces, whether a fin comes alone, and whether several facts are told before the
// orders that they caused are carried out (so that facts and orders cross).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "engine/output.h"
#include "engine/rng.h"
#include "engine/rpc/rpc.h"

namespace rpcnet::test {

enum class Side : std::uint8_t { client = 0, server = 1 };

struct PairOptions {
  std::uint64_t seed = 1;
  RpcConfig client{};
  RpcConfig server{};
  LinksConfig links{};                // of both
  std::uint64_t window = 64 * 1024;   // of each stream direction, bytes
  std::uint64_t streams = 100;        // that each side may have open
  std::uint64_t piece_max = 1 << 20;  // bytes in one StreamData
  bool cross = false;                 // facts and orders cross
};

class RpcPair {
 public:
  explicit RpcPair(PairOptions options = {});

  rpc::Rpc& rpc(Side side) { return machine(side).rpc; }
  Instant now() const { return now_; }
  static Peer server_peer() { return {Address::v4(10, 0, 0, 2, 4000), std::nullopt}; }

  // Gives a command and carries out what it ordered.
  Outcome give(Side side, StartCall command);
  Outcome give(Side side, SendMessage command);
  Outcome give(Side side, HalfClose command);
  Outcome give(Side side, CancelCall command);
  Outcome give(Side side, ConsumeMessages command);
  Outcome give(Side side, SendHeaders command);
  Outcome give(Side side, FinishCall command);
  Outcome give(Side side, StopAccepting command);

  // One thing happens in the transport, or several when facts and orders cross. False: nothing
  // is left to happen.
  bool step();
  void settle() {
    while (step()) {
    }
  }
  void advance(Duration by);  // both machines learn the time

  void lose_links(LinkEnd end = LinkEnd::silent);
  // Dials fail, and with this end.
  void refuse_dials(bool refuse, LinkEnd end = LinkEnd::unreachable) {
    refuse_dials_ = refuse;
    dial_end_ = end;
  }

  // What the machine told its application since the last call.
  std::vector<Event> take_events(Side side) { return std::exchange(machine(side).events, {}); }

  // Bytes that were written and are not delivered, on all streams of that direction.
  std::uint64_t queued(Side from) const;
  std::size_t writes(Side side) const { return machine(side).writes; }
  std::size_t open_streams() const;

 private:
  struct Machine {
    rpc::Rpc rpc;
    Outbox out{};
    std::vector<Event> events{};
    std::size_t writes = 0;
  };

  // One direction of a stream.
  struct Half {
    Bytes queue{};
    bool fin = false;
    bool over = false;  // the reader was told the end, or wants no more
    std::uint64_t received = 0;
    std::uint64_t consumed = 0;
    std::optional<std::uint64_t> reset{};
    std::optional<std::uint64_t> stop{};
    bool stop_told = false;
    std::optional<std::uint64_t> low_mark{};

    bool writable() const { return !fin && !reset; }
  };

  struct Stream {
    Side opener{};
    std::array<Half, 2> halves{};  // by who writes
    bool counted = false;          // as finished
  };

  struct LinkState {
    Side dialler{};
    std::array<LinkId, 2> ids{};
    std::array<bool, 2> up{};
    std::array<std::uint64_t, 2> opened{};
    std::array<std::uint64_t, 2> allowed{};
    std::array<std::uint64_t, 2> allowed_told{};
    std::map<std::uint64_t, Stream> streams{};
  };

  struct Action;

  static std::size_t index(Side side) { return static_cast<std::size_t>(side); }
  static Side other(Side side) { return side == Side::client ? Side::server : Side::client; }
  Machine& machine(Side side) { return machines_[index(side)]; }
  const Machine& machine(Side side) const { return machines_[index(side)]; }

  template <typename Command, typename Method>
  Outcome give(Side side, Command&& command, Method method);

  LinkState* find(Side side, LinkId link);
  void drain(Side side);
  void perform(Side side, const Order& order);
  void write(Side side, const WriteStream& order);
  std::vector<Action> possible() const;
  void tell(const Action& action);
  void tell_bytes(Side reader, LinkState& link, std::uint64_t number, Half& half);
  void count_finished(LinkState& link);

  PairOptions options_;
  Rng rng_;
  Instant now_{};
  std::array<Machine, 2> machines_;
  std::vector<LinkState> links_;
  std::uint64_t next_accepted_ = 1;
  bool refuse_dials_ = false;
  LinkEnd dial_end_{};
};

}  // namespace rpcnet::test
