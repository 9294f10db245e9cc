// The cost of the engine alone: calls between two RPC machines, and messages into a membership
// machine. Facts are handed over in memory; no clock, no socket, no encryption.
//
// Where the machine lets perf count, --benchmark_perf_counters=INSTRUCTIONS,CYCLES adds them.
#include <benchmark/benchmark.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "engine/rpc/rpc.h"
#include "engine/swim/message.h"
#include "engine/swim/swim.h"

namespace rpcnet {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kManyStreams = std::uint64_t{1} << 40;
constexpr std::size_t kMessageSize = 64;

// A transport that loses nothing, delays nothing and allows everything.
class Pair {
 public:
  Pair() { start(0); }

  // Starts a call and carries orders and events to and fro until it and its answer are done.
  std::uint64_t run(std::size_t at_once) {
    finished_ = 0;
    for (std::size_t i = 0; i < at_once; ++i) start(i);
    while (finished_ < at_once) {
      carry(client_out_, server_, server_out_, LinkId{2}, LinkId{1});
      carry(server_out_, client_, client_out_, LinkId{1}, LinkId{2});
    }
    return finished_;
  }

 private:
  void start(std::size_t) {
    StartCall call{.call = CallId{next_call_},
                   .peer = {Address::v4(10, 0, 0, 2, 4000), std::nullopt},
                   .method = "Echo.say",
                   .deadline = std::nullopt,
                   .message = Bytes(kMessageSize),
                   .last = true};
    next_call_ += 2;
    client_.start(now_, std::move(call), client_out_);
  }

  // What one machine wants done becomes what happens to the other.
  void carry(Outbox& from, rpc::Rpc& to, Outbox& to_out, LinkId here, LinkId there) {
    rpc::Rpc& self = &to == &server_ ? client_ : server_;
    while (auto* output = from.poll()) {
      if (auto* order = std::get_if<Order>(output)) {
        if (auto* write = std::get_if<WriteStream>(order)) {
          to.on_stream_data(now_, {there, write->stream, write->bytes, write->fin}, to_out);
        } else if (std::holds_alternative<Connect>(*order)) {
          const LinkUp up{.link = here,
                          .protocol = Protocol::rpc,
                          .remote = {},
                          .identity = std::nullopt,
                          .datagram_max = 1200,
                          .streams_allowed = kManyStreams};
          LinkUp other = up;
          other.link = there;
          self.on_link_up(now_, up, from);
          to.on_link_up(now_, other, to_out);
        } else if (const auto* watch = std::get_if<WatchDrain>(order)) {
          self.on_stream_drained(now_, {here, watch->stream}, from);
        }
        continue;
      }
      Event& event = std::get<Event>(*output);
      if (auto* message = std::get_if<MessageArrived>(&event)) {
        if (message->call.outgoing()) {
          client_.consume(now_, {message->call, message->message.size(), 1}, client_out_);
        } else {
          server_.finish(now_, {message->call, std::move(message->message), {}, {}}, server_out_);
        }
      } else if (std::holds_alternative<CallFinished>(event)) {
        ++finished_;
      }
    }
  }

  Instant now_{1s};
  rpc::Rpc client_{RpcConfig{}, LinksConfig{}, Rng(1)};
  rpc::Rpc server_{RpcConfig{}, LinksConfig{}, Rng(2)};
  Outbox client_out_;
  Outbox server_out_;
  std::uint64_t next_call_ = 1;
  std::uint64_t finished_ = 0;
};

void UnaryCalls(benchmark::State& state) {
  Pair pair;
  std::uint64_t calls = 0;
  for (auto _ : state) calls += pair.run(static_cast<std::size_t>(state.range(0)));
  state.counters["calls"] =
      benchmark::Counter(static_cast<double>(calls), benchmark::Counter::kIsRate);
}
BENCHMARK(UnaryCalls)->Arg(1)->Arg(64);

NodeId name(std::size_t number) { return *NodeId::parse("worker-" + std::to_string(number)); }

Address address(std::size_t number) {
  return Address::v4(10, 0, static_cast<std::uint8_t>(number >> 8),
                     static_cast<std::uint8_t>(number & 0xff), 4000);
}

// One membership machine that knows `members` others, each on a link of its own.
class Member {
 public:
  explicit Member(std::size_t members) : members_(members) {
    for (std::size_t i = 1; i <= members; ++i) {
      const LinkId link{2 * i - 1};
      swim_.on_link_up(
          now_, {link, Protocol::gossip, address(i), PeerIdentity{"c", "worker-*"}, 1200, 100},
          out_);
      const swim::Sender sender{name(i), 0, address(i), 0};
      swim::Message hello{sender, swim::Gossip{}, {}};
      hello.updates.push_back({name(i),
                               {0, MemberStatus::alive, address(i)},
                               std::nullopt,
                               swim::TagSet{1, {{"role", "worker"}}}});
      receive(i, serialize(hello));
    }
    drain();
  }

  void receive(std::size_t from, const Bytes& bytes) {
    swim_.on_datagram(now_, {LinkId{2 * from - 1}, bytes}, out_);
  }

  std::size_t drain() {
    std::size_t outputs = 0;
    while (out_.poll() != nullptr) ++outputs;
    return outputs;
  }

  // What everybody says in turn, ready to be received.
  std::vector<Bytes> said(const swim::Body& body, std::size_t updates) const {
    std::vector<Bytes> all;
    for (std::size_t i = 1; i <= members_; ++i) {
      const swim::Sender sender{name(i), 0, address(i), 0};
      swim::Message message{sender, body, {}};
      for (std::size_t j = 0; j < updates; ++j) {
        const std::size_t about = (i * 31 + j * 7) % members_ + 1;
        message.updates.push_back({name(about),
                                   {0, MemberStatus::alive, address(about)},
                                   std::nullopt,
                                   swim::TagSet{1, {{"role", "worker"}}}});
      }
      all.push_back(serialize(message));
    }
    return all;
  }

 private:
  std::size_t members_;
  Instant now_{1s};
  swim::Swim swim_{
      {.self = *NodeId::parse("director"), .cluster = "c", .advertise = address(0), .rng = Rng(1)}};
  Outbox out_;
};

void receive_all(benchmark::State& state, const swim::Body& body, std::size_t updates) {
  Member member(static_cast<std::size_t>(state.range(0)));
  const std::vector<Bytes> said = member.said(body, updates);
  std::size_t at = 0;
  for (auto _ : state) {
    member.receive(at + 1, said[at]);
    at = (at + 1) % said.size();
    member.drain();
  }
  state.counters["messages"] = benchmark::Counter(1, benchmark::Counter::kIsIterationInvariantRate);
}

// A ping comes and its answer leaves.
void PingsAnswered(benchmark::State& state) {
  receive_all(state, swim::Ping{7, 1s, *NodeId::parse("director")}, 0);
}
BENCHMARK(PingsAnswered)->Arg(60)->Arg(1000);

// Forty states that are known already, as when a cluster starts and all tell all.
void KnownNews(benchmark::State& state) { receive_all(state, swim::Gossip{}, 40); }
BENCHMARK(KnownNews)->Arg(60)->Arg(1000);

}  // namespace
}  // namespace rpcnet
