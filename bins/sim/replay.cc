// sim replay: a flight recording (docs/recording.md) fed to a new node, and compared.
#include <sys/wait.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <deque>
#include <exception>
#include <filesystem>
#include <fstream>
#include <limits>

#include "bins/sim/child.h"
#include "bins/sim/commands.h"
#include "bins/sim/progress.h"
#include "engine/digest.h"
#include "engine/fields.h"
#include "engine/replay.h"
#include "sim/trace.h"

namespace rpcnet::bins {
namespace {

constexpr std::size_t kLinesBefore = 20;
constexpr std::size_t kTextMax = 40;

using recording::Fingerprint;
using recording::InputRecord;
using sim::TraceKind;
using sim::TraceLine;

// ------------------------------------------------------------------------------------------- words

// The content of an input or an output, field by field, for people.
class Words {
 public:
  template <HasFields T>
  static std::string of(const T& x) {
    Words words;
    words.add_fields(x);
    return words.text_;
  }

 private:
  void say(const std::string& word) { text_ += (text_.empty() ? "" : ", ") + word; }

  template <typename T>
  void add_fields(const T& x) {
    std::apply([this](const auto&... fields) { (add(fields), ...); }, fields_of(x));
  }

  void add(bool value) { say(value ? "yes" : "no"); }
  template <typename T>
    requires std::is_unsigned_v<T>
  void add(T value) {
    say(std::to_string(value));
  }
  template <typename T>
    requires std::is_enum_v<T>
  void add(T value) {
    if constexpr (requires { to_text(value); }) {
      say(to_text(value));
    } else {
      say(std::to_string(static_cast<std::uint64_t>(value)));
    }
  }
  void add(Duration value) { say(std::to_string(value.count() / 1'000'000) + " ms"); }
  void add(Instant) { say("at a time"); }
  void add(LinkId id) { say("link " + std::to_string(id.value)); }
  void add(StreamId id) { say("stream " + std::to_string(id.value)); }
  void add(CallId id) { say("call " + std::to_string(id.value)); }
  void add(const NodeId& id) { say(id.text()); }
  void add(const Address& address) { say(to_text(address)); }
  // What somebody else wrote never reaches the terminal as it is.
  void add(const std::string& text) {
    std::string safe = text.substr(0, kTextMax);
    std::replace_if(
        safe.begin(), safe.end(), [](unsigned char c) { return std::isprint(c) == 0; }, '.');
    say('"' + safe + (text.size() > kTextMax ? "...\"" : "\""));
  }
  void add(BytesView bytes) { say(std::to_string(bytes.size()) + " bytes"); }
  void add(const Bytes& bytes) { add(BytesView(bytes)); }
  void add(const Tags& tags) {
    for (const auto& [key, value] : tags) add(key + '=' + value);
  }
  template <HasFields T>
  void add(const T& x) {
    add_fields(x);
  }
  template <typename A, typename B>
  void add(const std::pair<A, B>& pair) {
    add(pair.first);
    add(pair.second);
  }
  template <typename T>
  void add(const std::optional<T>& value) {
    if (value) add(*value);
  }
  template <typename T>
    requires(!std::is_same_v<T, std::uint8_t>)
  void add(const std::vector<T>& values) {
    for (const T& value : values) add(value);
  }

  std::string text_;
};

template <typename... T>
std::string words(const std::variant<T...>& variant) {
  return std::visit([](const auto& x) { return Words::of(x); }, variant);
}

std::string joined(const std::string& line, const std::string& more) {
  return more.empty() ? line : line + "  " + more;
}

// Lines as those of `sim trace`; the host is the one that was recorded.
class Lines {
 public:
  explicit Lines(Instant begin) : begin_(begin) {}

  std::string input(const InputRecord& record, Outcome outcome) const {
    TraceLine line = at(record.at);
    line.outcome = static_cast<std::uint64_t>(outcome);
    if (const auto* fact = std::get_if<Fact>(&record.input)) {
      line.kind = TraceKind::fact;
      line.detail = static_cast<std::uint8_t>(fact->index());
      line.payload = digest(*fact);
      return joined(sim::to_text(line), words(*fact));
    }
    if (const auto* command = std::get_if<Command>(&record.input)) {
      line.kind = TraceKind::command;
      line.detail = static_cast<std::uint8_t>(command->index());
      line.payload = digest(*command);
      return joined(sim::to_text(line), words(*command));
    }
    if (const auto* gone = std::get_if<recording::Unreachable>(&record.input)) {
      line.kind = TraceKind::unreachable;
      return joined(sim::to_text(line), to_text(gone->address));
    }
    line.kind = TraceKind::deadline;
    return sim::to_text(line);
  }

  std::string output(Instant when, const Fingerprint& print) const {
    TraceLine line = at(when);
    const bool event = (print.kind & Fingerprint::kEvent) != 0;
    line.kind = event ? TraceKind::event : TraceKind::order;
    line.detail = static_cast<std::uint8_t>(print.kind & ~Fingerprint::kEvent);
    line.payload = print.content;
    return sim::to_text(line);
  }

  std::string output(Instant when, const Fingerprint& print, const Output& output) const {
    const std::string more = std::visit([](const auto& which) { return words(which); }, output);
    return joined(this->output(when, print), more);
  }

 private:
  TraceLine at(Instant when) const {
    TraceLine line;
    line.at = sim::Moment(when - begin_);
    return line;
  }

  Instant begin_;
};

// ------------------------------------------------------------------------------------------- files

std::optional<Bytes> read_file(const std::string& name, std::string& error) {
  std::error_code fault;
  if (std::filesystem::is_directory(name, fault)) {
    error = "is a directory";
    return std::nullopt;
  }
  std::ifstream file(name, std::ios::binary);
  Bytes bytes;
  if (file) bytes.assign(std::istreambuf_iterator<char>(file), {});
  if (file && !file.bad()) return bytes;
  error = std::strerror(errno);
  return std::nullopt;
}

std::string day_and_hour(std::int64_t unix_ns) {
  const std::time_t seconds = unix_ns / 1'000'000'000;
  std::tm parts{};
  char text[32] = "?";
  if (gmtime_r(&seconds, &parts) != nullptr) {
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  }
  return text;
}

// ------------------------------------------------------------------------------------------ replay

// What a replay that dies leaves to be read: the last lines, and what it died of.
struct LastWords {
  std::deque<std::string> lines;
  const InputRecord* upcoming = nullptr;
  const Lines* how = nullptr;
  std::uint64_t number = 0;
};
LastWords* last_words = nullptr;

void on_terminate() {
  if (last_words != nullptr && last_words->upcoming != nullptr) {
    for (const std::string& line : last_words->lines) std::printf("    %s\n", line.c_str());
    std::printf("  ! %s\nsim: the engine failed at input %llu\n",
                last_words->how->input(*last_words->upcoming, Outcome::done).c_str(),
                static_cast<unsigned long long>(last_words->number));
    std::fflush(stdout);
  }
  std::abort();
}

class Run {
 public:
  Run(const ReplayChoice& choice, const Bytes& bytes)
      : choice_(choice), replay_(bytes), size_(bytes.size()) {}

  int run() {
    if (!replay_.header()) return bad_file();
    const recording::Header& header = *replay_.header();
    lines_.emplace(header.begin);
    told_.how = &*lines_;
    last_words = &told_;
    std::set_terminate(on_terminate);
    const bool window = choice_.to > choice_.from;
    if (!window) tell(header);
    const double begin = wall_seconds();
    while (step()) {
    }
    last_words = nullptr;
    progress_.clear();
    if (different_) return kNondeterminism;
    if (replay_.fault().kind == recording::Fault::Kind::bad && !past_end_) return bad_file();
    if (const auto& recorded = replay_.difference()) return tally_differs(*recorded);
    if (!window) verdict(wall_seconds() - begin);
    return kPass;
  }

 private:
  static void tell(const recording::Header& header) {
    const bool same = header.engine == recording::engine_build();
    std::printf("sim: %s of cluster %s at %s, recorded from %s on, %s payloads, engine %s%s\n",
                header.config.id.text().c_str(), header.config.cluster.c_str(),
                to_text(header.config.advertise).c_str(),
                day_and_hour(header.began_unix_ns).c_str(), header.payloads ? "with" : "without",
                header.engine.c_str(),
                same ? "" : " is not this one: a difference may be a change of the engine");
  }

  bool step() {
    told_.upcoming = replay_.upcoming();
    told_.number = replay_.tally().inputs;
    if (past_until()) return false;
    const auto step = replay_.next();
    if (!step) return false;
    last_ = step->input.at;
    if (!step->equal()) {
      show_difference(*step);
      return false;
    }
    line(lines_->input(step->input, step->replayed.outcome));
    for (std::size_t i = 0; i < step->outputs.size(); ++i) {
      line(lines_->output(step->input.at, step->replayed.outputs[i], step->outputs[i]));
    }
    if (choice_.to == 0 && step->number % 1024 == 0) {
      progress_.show(replay_.offset(), size_, std::to_string(step->number) + " inputs");
    }
    return true;
  }

  bool past_until() {
    if (!choice_.until || told_.upcoming == nullptr) return false;
    past_end_ = told_.upcoming->at - replay_.header()->begin > *choice_.until;
    return past_end_;
  }

  // One more line of the trace.
  void line(std::string text) {
    if (number_ >= choice_.from && number_ < choice_.to) std::printf("%s\n", text.c_str());
    ++number_;
    told_.lines.push_back(std::move(text));
    if (told_.lines.size() > kLinesBefore) told_.lines.pop_front();
  }

  void show_difference(const Replay::Step& step) {
    different_ = true;
    progress_.clear();
    std::printf("sim: the replay differs from line %llu of the trace on, input %llu; before it:\n",
                static_cast<unsigned long long>(number_),
                static_cast<unsigned long long>(step.number));
    for (const std::string& before : told_.lines) std::printf("    %s\n", before.c_str());
    std::printf("    %s\n", lines_->input(step.input, step.replayed.outcome).c_str());
    if (step.recorded->outcome != step.replayed.outcome) {
      std::printf("  recorded: outcome %s\n  replayed: outcome %s\n",
                  to_text(step.recorded->outcome), to_text(step.replayed.outcome));
    }
    const auto& recorded = step.recorded->outputs;
    const auto& replayed = step.replayed.outputs;
    const std::size_t count = std::max(recorded.size(), replayed.size());
    for (std::size_t i = 0; i < count; ++i) {
      const bool both = i < recorded.size() && i < replayed.size();
      if (both && recorded[i] == replayed[i]) {
        std::printf("    %s\n",
                    lines_->output(step.input.at, replayed[i], step.outputs[i]).c_str());
        continue;
      }
      std::printf("  recorded: %s\n", i < recorded.size()
                                          ? lines_->output(step.input.at, recorded[i]).c_str()
                                          : "nothing more");
      std::printf("  replayed: %s\n",
                  i < replayed.size()
                      ? lines_->output(step.input.at, replayed[i], step.outputs[i]).c_str()
                      : "nothing more");
      break;
    }
    std::printf("sim: replay=differs file=%s input=%llu\n", choice_.file.c_str(),
                static_cast<unsigned long long>(step.number));
  }

  int tally_differs(const recording::Tally& recorded) const {
    std::printf(
        "sim: replay=differs file=%s: recorded after %llu inputs and %llu outputs %s, "
        "replayed after %llu and %llu %s\n",
        choice_.file.c_str(), static_cast<unsigned long long>(recorded.inputs),
        static_cast<unsigned long long>(recorded.outputs), to_text(recorded.hash).c_str(),
        static_cast<unsigned long long>(replay_.tally().inputs),
        static_cast<unsigned long long>(replay_.tally().outputs),
        to_text(replay_.tally().hash).c_str());
    return kNondeterminism;
  }

  int bad_file() const {
    const recording::Fault& fault = replay_.fault();
    const bool cut = fault.kind != recording::Fault::Kind::bad;
    std::fprintf(
        stderr, "sim: file \"%s\", offset %llu: expected %s\n", choice_.file.c_str(),
        static_cast<unsigned long long>(fault.offset),
        cut ? "a whole recording; it ends before the header does" : fault.expected.c_str());
    return kUsage;
  }

  void verdict(double wall_s) const {
    const char* end = "killed";
    if (past_end_) {
      end = "until";
    } else if (replay_.ended()) {
      end = to_text(replay_.ended()->ending);
    } else if (replay_.fault().kind == recording::Fault::Kind::cut) {
      end = "cut";
      std::printf("sim: cut off inside the record at offset %llu; all before it was replayed\n",
                  static_cast<unsigned long long>(replay_.fault().offset));
    }
    const auto seconds = std::chrono::duration<double>(last_ - replay_.header()->begin).count();
    std::printf(
        "sim: replay=equal file=%s node=%s inputs=%llu outputs=%llu checkpoints=%llu "
        "recorded_s=%.3f wall_s=%.3f end=%s hash=%s\n",
        choice_.file.c_str(), replay_.header()->config.id.text().c_str(),
        static_cast<unsigned long long>(replay_.tally().inputs),
        static_cast<unsigned long long>(replay_.tally().outputs),
        static_cast<unsigned long long>(replay_.checkpoints()), seconds, wall_s, end,
        to_text(replay_.tally().hash).c_str());
  }

  const ReplayChoice& choice_;
  Replay replay_;
  std::size_t size_;
  std::optional<Lines> lines_;
  LastWords told_;
  Progress progress_;
  std::uint64_t number_ = 0;
  Instant last_{};
  bool different_ = false;
  bool past_end_ = false;
};

}  // namespace

int replay_command(const ReplayChoice& choice) {
  std::string error;
  const auto bytes = read_file(choice.file, error);
  if (!bytes) {
    std::fprintf(stderr, "sim: file \"%s\": %s\n", choice.file.c_str(), error.c_str());
    return kUsage;
  }
  Child child = fork_child([&](int) { return Run(choice, *bytes).run(); });
  const int status = finish(child);
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  std::printf("sim: crash: %s\n", describe(status).c_str());
  return kCrash;
}

}  // namespace rpcnet::bins
