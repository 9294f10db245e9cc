// Both ends of each call, side by side: what one end said and what the other was told.
//
// A call carries its name in its metadata (workload/payload.h), so the ledger knows the two ends to
// be one without asking the code between them. It demands that a call runs at most once, that one
// with the answer `ok` ran once and to its end, that one that never started never runs; that
// messages, half-close, headers, status and trailers arrive as they were said, in order, and none
// that was not; that a failure has a reason, and that nobody is given up for longer than backoff;
// that deadlines hold at both ends; that an end whose other end is over is freed in time; that a
// request is tried again only where that is safe; and, read off the wire, that a call waits only
// while its link is not up or has no room, and that who waited longer goes first.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/oracles/oracle.h"

namespace rpcnet::sim {

class LedgerOracle final : public Oracle {
 public:
  explicit LedgerOracle(const Ground& ground);

  const char* name() const override { return "ledger"; }
  void on_started(HostIndex host) override;
  void on_stopping(HostIndex host) override;
  void on_command(HostIndex host, const Command& command) override;
  void on_outcome(HostIndex host, Outcome outcome) override;
  void on_event(HostIndex host, const Event& event) override;
  void on_fact(HostIndex host, const Fact& fact) override;
  void on_order(HostIndex host, const Order& order) override;
  void on_tick() override;
  bool settled() override;
  std::string unsettled() override;
  Duration patience() const override { return bounds().quiet; }

  // How many calls the host's process serves now, and the least and most in the last seconds.
  struct Load {
    std::size_t now = 0;
    std::size_t least = 0;
    std::size_t most = 0;
  };
  Load load(HostIndex host) const;
  std::uint64_t executed() const { return executed_.size(); }

 private:
  using Name = std::uint64_t;  // a hash of the call's name

  // One direction of a call.
  struct Direction {
    std::vector<std::uint64_t> said;  // hashes of the messages
    std::size_t heard = 0;
    std::deque<std::size_t> untaken;  // sizes of messages that were heard and not taken
    std::size_t untaken_bytes = 0;
    std::size_t largest = 0;
  };
  struct Exchange {
    HostIndex caller = 0;
    CallId call;
    std::string method;
    Address remote;
    std::optional<NodeId> expected;
    bool opened = false;   // its stream is
    bool patient = false;  // waits for its peer to be ready
    Name attempt_of = 0;   // a request; 0: none
    Metadata metadata;
    std::optional<Moment> deadline;
    Moment began;
    Direction request;
    bool half_closed = false;
    std::optional<Moment> ended;  // at the caller
    bool gave_up = false;
    // The callee's end, once the call arrived there.
    std::optional<HostIndex> callee;
    CallId served;
    bool over = false;  // at the callee: finished, aborted, or its process is gone
    bool finished = false;
    bool half_close_heard = false;
    std::optional<Metadata> headers;
    bool headers_heard = false;
    Direction response;
    Status status;
    Metadata trailers;
  };
  struct Watch {
    Name name = 0;
    bool callee = false;  // whose end has to be over by then
    Moment since;         // of what disturbed it since then it is excused
    const char* why = "";
    bool alone = false;  // its own timer's business: nothing that the network does excuses it
    bool sound = false;  // a look ahead of time: meant only if no packet of the two was lost
  };
  // What is tried again under a name of its own.
  struct Request {
    bool safe = false;      // may be executed twice
    bool hedged = false;    // its attempts run side by side
    bool answered = false;  // of those one has ended it
    std::uint32_t attempts = 0;
    std::uint32_t executed = 0;
    bool open = false;
    bool may_go_on = true;            // its last attempt failed in a way that permits another
    Moment ended;                     // its last attempt
    std::optional<Duration> pause{};  // that the callee asked for then
  };
  // A link that its process dialled to make calls.
  struct Dialled {
    Address remote;
    std::optional<NodeId> expected;
    bool up = false;
    std::uint64_t opened = 0;
    std::uint64_t allowed = 0;
  };
  // A command that may still be refused.
  enum class Kind : std::uint8_t { other, headers, cancel, finish };
  struct Said {
    HostIndex host = 0;
    Name name = 0;
    Kind kind{};
    std::uint64_t hash = 0;
    std::size_t size = 0;
    bool message = false;
    bool last = false;
    bool was_writable = false;
    std::uint64_t taken = 0;
    Metadata metadata;
    Status status;
    std::optional<Exchange> fresh;
  };

  static std::optional<Name> name_in(const Metadata& metadata);
  Exchange* find(Name name);
  Name name_of_call(HostIndex host, CallId call) const;
  void hear(HostIndex host, Exchange& exchange, Direction& direction, const Bytes& message);
  void on_attempt(HostIndex host, const Exchange& exchange);
  void on_attempt_ended(const Exchange& exchange, const CallFinished& finished, bool elsewhere);
  bool is_left_waiting(const Exchange& exchange) const;
  void on_arrived(HostIndex host, const CallArrived& arrived);
  void turn_away(HostIndex host, Name name, const Exchange& exchange);
  void on_finished(HostIndex host, const CallFinished& finished);
  void judge_failure(HostIndex host, const Exchange& exchange, const CallFinished& finished);
  bool may_be_unavailable(const Exchange& exchange) const;
  bool was_refused_in_vain(const Exchange& exchange) const;
  void check_deadline(HostIndex host, const Exchange& exchange, const CallArrived& arrived);
  void on_opened(HostIndex host, const Dialled& link, BytesView header);
  void check_dial(HostIndex host, const Connect& connect);
  bool may_be_opened(const Exchange& exchange) const;
  void end_at_callee(Exchange& exchange);
  void end_at_caller(Name name, Exchange& exchange);
  void watch(Moment due, Watch watch) { watches_.emplace(due, watch); }
  void watch_freed(Name name, Moment since);
  void look_at(const Watch& watch);
  void count_load(HostIndex host);
  std::string text_of(const Exchange& exchange) const;
  Moment moment_of(HostIndex host, Instant instant) const;

  std::map<Name, Exchange> exchanges_;
  std::map<Name, Request> requests_;
  std::map<std::pair<HostIndex, CallId>, Name> ends_;  // open ones, of both kinds
  std::set<Name> executed_;
  std::set<Name> never_run_;  // told to be safe to try elsewhere
  std::multimap<Moment, Watch> watches_;
  std::optional<Said> said_;
  std::vector<std::map<LinkId, Dialled>> dialled_;  // by host
  std::vector<std::map<Address, Moment>> failed_;   // by host: the latest dial that came to nothing
  std::vector<std::deque<Name>> waiting_;           // by host: without a stream, oldest first
  std::vector<bool> draining_;                      // by host: it takes no new calls
  std::vector<std::size_t> serving_;                // by host
  std::vector<std::size_t> outgoing_;               // by host
  struct Extremes {
    std::size_t least = 0;
    std::size_t most = 0;
  };
  std::vector<Extremes> since_tick_;              // by host
  std::vector<std::deque<Extremes>> last_ticks_;  // by host, the latest last
  std::vector<std::uint32_t> still_;  // by host: ticks since its calls were fewer or more
  std::uint64_t ticks_ = 0;
  std::vector<std::optional<Moment>> changed_;  // latest start or end of its process, by host
};

}  // namespace rpcnet::sim
