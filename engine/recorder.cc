// Input, node, result.
#include "engine/recorder.h"

#include <utility>

#include "engine/recording/observer.h"

namespace rpcnet {

using recording::Ending;
using recording::ResultRecord;

namespace {

// What the last record takes at most, kept free.
constexpr std::uint64_t kEndRoom = 64;

}  // namespace

struct Recorder::Parts {
  Parts(Node& of, const RecorderOptions& with)
      : node(of), options(with), observer(with.payloads), writer(out) {}

  // Writes an input down, hands it on, and writes down what came of it.
  template <typename Write, typename HandOn>
  Outcome handle(const Write& write, const HandOn& hand_on) {
    if (ended) return hand_on();
    const recording::Writer::Place before = writer.place();
    const recording::Tally tally_before = observer.tally();
    if (!write()) {
      end(Ending::too_large, tally_before);
      return hand_on();
    }
    const std::size_t mark = node.pending();
    const Outcome outcome = hand_on();
    const ResultRecord result = observer.result(node, mark, outcome);
    if (recording::worth_writing(result)) writer.result(result);
    const recording::Tally& tally = observer.tally();
    if (tally.inputs % recording::kCheckpointEvery == 0) writer.checkpoint(tally);
    if (taken + out.size() + kEndRoom > options.bytes_max) {
      writer.back_to(before);
      end(Ending::full, tally_before);
    }
    return outcome;
  }

  void end(Ending why, const recording::Tally& tally) {
    ended = why;
    last = tally;
    writer.end(why, tally);
  }

  Node& node;
  RecorderOptions options;
  recording::Observer observer;
  Bytes out;
  recording::Writer writer;
  Bytes storage;  // of the redacted bytes of a fact
  std::uint64_t taken = 0;
  std::optional<Ending> ended;
  recording::Tally last;  // of the inputs that are in it, once it has ended
};

Recorder::Recorder(Node& node, Instant now, const RecorderOptions& options)
    : parts_(std::make_unique<Parts>(node, options)) {
  parts_->writer.begin({.engine = std::string(recording::engine_build()),
                        .began_unix_ns = options.began_unix_ns,
                        .payloads = options.payloads,
                        .begin = now,
                        .config = node.config()});
}

Recorder::~Recorder() = default;

void Recorder::handle(Instant now, const Fact& fact) {
  const auto write = [&] {
    return parts_->writer.input(now, parts_->observer.input(fact, parts_->storage));
  };
  parts_->handle(write, [&] {
    parts_->node.handle(now, fact);
    return Outcome::done;
  });
}

Outcome Recorder::handle(Instant now, Command&& command) {
  const auto write = [&] {
    if (parts_->options.payloads) return parts_->writer.input(now, command);
    return parts_->writer.input(now, recording::redacted(command));
  };
  return parts_->handle(write, [&] { return parts_->node.handle(now, std::move(command)); });
}

void Recorder::handle_unreachable(Instant now, const Address& address) {
  const auto write = [&] {
    parts_->writer.unreachable(now, address);
    return true;
  };
  parts_->handle(write, [&] {
    parts_->node.handle_unreachable(now, address);
    return Outcome::done;
  });
}

void Recorder::handle_deadline(Instant now) {
  const auto write = [&] {
    parts_->writer.deadline(now);
    return true;
  };
  parts_->handle(write, [&] {
    parts_->node.handle_deadline(now);
    return Outcome::done;
  });
}

void Recorder::close() {
  if (!parts_->ended) parts_->end(Ending::closed, parts_->observer.tally());
}

const Bytes& Recorder::pending() const { return parts_->out; }

void Recorder::take() {
  parts_->taken += parts_->out.size();
  parts_->out.clear();
}

std::uint64_t Recorder::bytes() const { return parts_->taken + parts_->out.size(); }
const recording::Tally& Recorder::tally() const { return parts_->observer.tally(); }
std::optional<Ending> Recorder::ended() const { return parts_->ended; }

}  // namespace rpcnet
