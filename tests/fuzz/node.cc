// A whole member under a stranger's hands: links of both protocols that come and go, datagrams,
// streams of calls, of comparisons and of tags, time that passes, and an application that answers.
//
// What the transport promises (engine/transport.h) is kept; all else is the input's.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/node.h"
#include "tests/fuzz/input.h"

using namespace rpcnet;

namespace {

class Stranger {
 public:
  explicit Stranger(BytesView bytes) : input_(bytes) {
    NodeConfig config{.id = *NodeId::parse("n0"),
                      .cluster = "test",
                      .advertise = Address::v4(10, 0, 0, 1, 7000),
                      .seed = 1,
                      .member = true};
    config.rpc.message_max = 1 << 16;
    node_ = std::make_unique<Node>(std::move(config));
    node_->handle(now_, Join{});
    drain();
  }

  void run() {
    for (int steps = 0; steps < 200 && !input_.empty(); ++steps) {
      step();
      drain();
    }
    // What waits comes to its end.
    for (int i = 0; i < 50; ++i) {
      pass(std::chrono::seconds(1));
      drain();
    }
  }

 private:
  struct Stream {
    bool ended = false;    // the peer's direction
    bool stopped = false;  // ours
  };
  struct Link {
    bool up = false;
    Connect dial;  // of one that the node dialled
    std::map<StreamId, Stream> streams;
  };

  void step() {
    const std::uint8_t what = input_.u8();
    switch (what % 12) {
      case 0: accept(Protocol::gossip); break;
      case 1: accept(Protocol::rpc); break;
      case 2: answer_dial(true); break;
      case 3: answer_dial(false); break;
      case 4:
      case 5:
        if (const auto link = pick(); link != links_.end()) {
          node_->handle(now_, DatagramReceived{link->first, input_.piece(1500)});
        }
        break;
      case 6:
      case 7: stream_data(); break;
      case 8: stream_end(); break;
      case 9:
        if (const auto link = pick(); link != links_.end()) {
          const LinkDown down{.link = link->first,
                              .end = static_cast<LinkEnd>(input_.u8() % 10),
                              .code = input_.u8(),
                              .detail = {}};
          links_.erase(link);
          node_->handle(now_, down);
        }
        break;
      case 10: pass(std::chrono::milliseconds(input_.u16())); break;
      default: command();
    }
  }

  std::map<LinkId, Link>::iterator pick() {
    std::vector<std::map<LinkId, Link>::iterator> up;
    for (auto it = links_.begin(); it != links_.end(); ++it) {
      if (it->second.up) up.push_back(it);
    }
    return up.empty() ? links_.end() : up[input_.u8() % up.size()];
  }

  std::optional<PeerIdentity> identity() {
    switch (input_.u8() % 5) {
      case 0: return std::nullopt;
      case 1: return PeerIdentity{"other", "n1"};
      case 2: return PeerIdentity{"test", "*"};
      case 3: return PeerIdentity{"test", "n1"};
      default: return PeerIdentity{"test", "n2"};
    }
  }

  void come_up(LinkId link, Protocol protocol, const Address& remote) {
    links_[link].up = true;
    node_->handle(now_, LinkUp{.link = link,
                               .protocol = protocol,
                               .remote = remote,
                               .identity = identity(),
                               .datagram_max = 1162,
                               .streams_allowed = 100});
  }

  void accept(Protocol protocol) {
    const LinkId link{next_link_};
    next_link_ += 2;
    come_up(link, protocol, Address::v4(10, 0, 0, input_.u8(), 7000));
  }

  void answer_dial(bool good) {
    for (auto& [id, link] : links_) {
      if (link.up) continue;
      const Connect dial = link.dial;
      if (good) return come_up(id, dial.protocol, dial.remote);
      const LinkDown down{.link = id, .end = static_cast<LinkEnd>(input_.u8() % 10), .detail = {}};
      links_.erase(id);
      node_->handle(now_, down);
      return;
    }
  }

  // Of ours, or of the peer's own, which it opens as it likes.
  StreamId stream_of(LinkId link) {
    const std::uint64_t place = input_.u8();
    const bool ours = place % 2 == 0;
    const std::uint64_t opener = ours == link.dialled() ? 0 : 1;
    return StreamId{place / 2 % 16 * 4 + opener};
  }

  void stream_data() {
    const auto link = pick();
    if (link == links_.end()) return;
    const StreamId id = stream_of(link->first);
    const bool theirs = id.opened_by_dialler() != link->first.dialled();
    if (!theirs && !link->second.streams.contains(id)) return;  // not opened by us
    Stream& stream = link->second.streams[id];
    const bool fin = input_.u8() % 4 == 0;
    const BytesView bytes = input_.piece(4096);
    if (stream.ended || stream.stopped) return;
    stream.ended = fin;
    node_->handle(now_, StreamData{link->first, id, bytes, fin});
  }

  void stream_end() {
    const auto link = pick();
    if (link == links_.end()) return;
    const StreamId id = stream_of(link->first);
    const auto found = link->second.streams.find(id);
    const std::uint8_t how = input_.u8();
    if (found == link->second.streams.end()) return;
    if (how % 3 == 0) {
      if (std::exchange(found->second.ended, true)) return;
      node_->handle(now_, StreamReset{link->first, id, input_.u8()});
    } else if (how % 3 == 1) {
      node_->handle(now_, StreamStopped{link->first, id, input_.u8()});
    } else {
      node_->handle(now_, StreamDrained{link->first, id});
    }
  }

  void pass(Duration span) {
    const Instant until = now_ + span;
    // At each deadline in between, as a driver would.
    for (int i = 0; i < 100; ++i) {
      const auto due = node_->deadline();
      if (!due || *due > until) break;
      now_ = std::max(now_, *due);
      node_->handle_deadline(now_);
      drain();
    }
    now_ = std::max(now_, until);
  }

  void command() {
    switch (input_.u8() % 5) {
      case 0: node_->handle(now_, Join{{Address::v4(10, 0, 0, input_.u8(), 7000)}}); break;
      case 1: {
        StartCall call;
        call.call = CallId{next_call_};
        next_call_ += 2;
        call.peer = Peer{Address::v4(10, 0, 0, input_.u8(), 7000), std::nullopt};
        call.method = "Some.method";
        call.message = Bytes(input_.u8(), 'x');
        call.last = input_.u8() % 2 == 0;
        call.deadline = now_ + std::chrono::seconds(20);
        calls_.push_back(call.call);
        node_->handle(now_, std::move(call));
        break;
      }
      case 2:
        if (!calls_.empty()) node_->handle(now_, CancelCall{calls_[input_.u8() % calls_.size()]});
        break;
      case 3: {
        ChangeTags change;
        const BytesView value = input_.piece(2000);
        change.changes.emplace_back("k", std::string(value.begin(), value.end()));
        node_->handle(now_, std::move(change));
        break;
      }
      default: node_->handle(now_, Leave{});
    }
  }

  void drain() {
    std::vector<Command> answers;
    while (Output* output = node_->poll()) {
      if (const auto* order = std::get_if<Order>(output)) {
        carry_out(*order);
      } else {
        answer(std::get<Event>(*output), answers);
      }
    }
    for (Command& command : answers) node_->handle(now_, std::move(command));
    if (!answers.empty()) drain();
  }

  void carry_out(const Order& order) {
    if (const auto* dial = std::get_if<Connect>(&order)) {
      links_[dial->link].dial = *dial;
    } else if (const auto* close = std::get_if<CloseLink>(&order)) {
      links_.erase(close->link);
    } else if (const auto* write = std::get_if<WriteStream>(&order)) {
      if (const auto link = links_.find(write->link); link != links_.end()) {
        link->second.streams[write->stream];
      }
    } else if (const auto* stop = std::get_if<StopStream>(&order)) {
      if (const auto link = links_.find(stop->link); link != links_.end()) {
        link->second.streams[stop->stream].stopped = true;
      }
    }
  }

  void answer(const Event& event, std::vector<Command>& answers) {
    if (const auto* arrived = std::get_if<CallArrived>(&event)) {
      if (arrived->method.size() % 2 == 0) return;  // a handler that takes its time
      FinishCall finish{arrived->call, Bytes(3, 'y'), {}, {}};
      answers.emplace_back(std::move(finish));
    } else if (const auto* message = std::get_if<MessageArrived>(&event)) {
      answers.emplace_back(ConsumeMessages{message->call, message->message.size(), 1});
      if (!message->call.outgoing()) {
        answers.emplace_back(SendMessage{message->call, message->message, false});
      }
    } else if (const auto* closed = std::get_if<CallerHalfClosed>(&event)) {
      answers.emplace_back(FinishCall{closed->call, std::nullopt, {}, {}});
    }
  }

  fuzz::Input input_;
  Instant now_{};
  std::unique_ptr<Node> node_;
  std::map<LinkId, Link> links_;
  std::vector<CallId> calls_;
  std::uint64_t next_link_ = 1;
  std::uint64_t next_call_ = 1;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 20'000) return 0;
  Stranger(BytesView(data, size)).run();
  return 0;
}
