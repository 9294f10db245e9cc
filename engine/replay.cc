// Input by input, with one record of foresight.
#include "engine/replay.h"

#include <utility>

#include "engine/recording/observer.h"

namespace rpcnet {

using namespace recording;

struct Replay::Parts {
  explicit Parts(BytesView bytes) : reader(bytes), header(reader.header()) {
    if (!header) return;
    node = std::make_unique<Node>(header->config);
    observer.emplace(header->payloads);
    ahead = reader.next();
    settle();
  }

  // Compares what lies before the next input.
  void settle() {
    while (ahead && !std::holds_alternative<InputRecord>(*ahead) && !difference) {
      if (const auto* checkpoint = std::get_if<CheckpointRecord>(&*ahead)) {
        checkpoints += agrees(checkpoint->tally);
      } else if (const auto* end = std::get_if<EndRecord>(&*ahead)) {
        ended = *end;
        agrees(end->tally);
      }  // else a result without an input: the next tally tells
      ahead = reader.next();
    }
  }

  Outcome feed(InputRecord& record) {
    const auto give = [&](auto& input) {
      using Kind = std::remove_cvref_t<decltype(input)>;
      if constexpr (std::is_same_v<Kind, Fact>) {
        // The bytes are redacted already; the redactor has to see them all the same.
        static_cast<void>(observer->input(input, storage));
        node->handle(record.at, input);
      } else if constexpr (std::is_same_v<Kind, Command>) {
        return node->handle(record.at, Command(input));
      } else if constexpr (std::is_same_v<Kind, Unreachable>) {
        node->handle_unreachable(record.at, input.address);
      } else {
        node->handle_deadline(record.at);
      }
      return Outcome::done;
    };
    return std::visit(give, record.input);
  }

  bool agrees(const Tally& recorded) {
    if (recorded == observer->tally()) return true;
    difference = recorded;
    return false;
  }

  Reader reader;
  std::optional<Header> header;
  std::unique_ptr<Node> node;
  std::optional<Observer> observer;
  std::optional<Record> ahead;
  Bytes storage;
  std::optional<EndRecord> ended;
  std::optional<Tally> difference;
  std::uint64_t checkpoints = 0;
};

Replay::Replay(BytesView bytes) : parts_(std::make_unique<Parts>(bytes)) {}
Replay::~Replay() = default;

std::optional<Replay::Step> Replay::next() {
  Parts& parts = *parts_;
  if (upcoming() == nullptr) return std::nullopt;
  Step step;
  step.number = parts.observer->tally().inputs;
  const Outcome outcome = parts.feed(std::get<InputRecord>(*parts.ahead));
  step.replayed = parts.observer->result(*parts.node, 0, outcome);
  while (auto output = parts.node->poll()) step.outputs.push_back(std::move(*output));
  step.input = std::get<InputRecord>(*std::exchange(parts.ahead, parts.reader.next()));
  if (parts.ahead) {
    step.recorded.emplace();
    if (const auto* result = std::get_if<ResultRecord>(&*parts.ahead)) {
      step.recorded = *result;
      parts.ahead = parts.reader.next();
    }
  }
  parts.settle();
  return step;
}

const InputRecord* Replay::upcoming() const {
  if (!parts_->ahead || parts_->difference) return nullptr;
  return std::get_if<InputRecord>(&*parts_->ahead);
}
std::uint64_t Replay::offset() const { return parts_->reader.offset(); }
const std::optional<Header>& Replay::header() const { return parts_->header; }
const Fault& Replay::fault() const { return parts_->reader.fault(); }
const std::optional<EndRecord>& Replay::ended() const { return parts_->ended; }
const std::optional<Tally>& Replay::difference() const { return parts_->difference; }
const Tally& Replay::tally() const { return parts_->observer->tally(); }
std::uint64_t Replay::checkpoints() const { return parts_->checkpoints; }
const Node& Replay::node() const { return *parts_->node; }

}  // namespace rpcnet
