// Entries of the ledger, and what they have to add up to.
#include "sim/oracles/ledger.h"

#include <algorithm>
#include <utility>

#include "engine/hash.h"
#include "sim/fault_runner.h"
#include "sim/trace.h"
#include "sim/workload/payload.h"

namespace rpcnet::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// How late something may be told that falls due at a process that nothing holds up.
constexpr Duration kSlack = milliseconds(50);
// What a deadline may be off by between two hosts: microseconds on the wire, and rounding.
constexpr Duration kRounding = milliseconds(2);
// Loads are remembered for so many ticks.
constexpr std::size_t kTicks = 8;
// Whose calls have not changed for longer is looked at once in so many ticks: of thousands of hosts
// hardly any makes calls.
constexpr std::uint64_t kTurns = 8;
// A lost packet halves the congestion window; it is repeated, and the window open again, by then.
constexpr Duration kRecovery = seconds(1);
// A fault can cost it the whole window, and packets that were held are samples of a round trip of
// seconds, of which an eighth is forgotten with each further sample (RFC 9002 5.3).
constexpr Duration kConvalescence = seconds(10);
// Beyond the idle timeout of links: how long a lost peer may still explain a failure.
constexpr Duration kMemory = seconds(1);

// Trailers (docs/wire.md).
constexpr std::string_view kNeverRan = "rpcnet-not-started";
constexpr std::string_view kComeBackMs = "rpcnet-retry-after-ms";

std::string value_of(const Metadata& metadata, std::string_view wanted) {
  for (const auto& [key, value] : metadata) {
    if (key == wanted) return value;
  }
  return {};
}

}  // namespace

LedgerOracle::LedgerOracle(const Ground& ground)
    : Oracle(ground),
      dialled_(plan().hosts()),
      failed_(plan().hosts()),
      waiting_(plan().hosts()),
      draining_(plan().hosts()),
      serving_(plan().hosts()),
      outgoing_(plan().hosts()),
      since_tick_(plan().hosts()),
      last_ticks_(plan().hosts()),
      still_(plan().hosts()),
      changed_(plan().hosts()) {}

std::optional<LedgerOracle::Name> LedgerOracle::name_in(const Metadata& metadata) {
  const std::string text = value_of(metadata, kCallName);
  if (text.empty()) return std::nullopt;
  return hash_text(text);
}

LedgerOracle::Exchange* LedgerOracle::find(Name name) {
  const auto found = exchanges_.find(name);
  return found == exchanges_.end() ? nullptr : &found->second;
}

LedgerOracle::Name LedgerOracle::name_of_call(HostIndex host, CallId call) const {
  const auto found = ends_.find({host, call});
  return found == ends_.end() ? 0 : found->second;
}

std::string LedgerOracle::text_of(const Exchange& exchange) const {
  return exchange.method + " call " + std::to_string(exchange.call.value) + " of " +
         name_of(exchange.caller);
}

Moment LedgerOracle::moment_of(HostIndex host, Instant instant) const {
  return world().host(host).clock.when(instant);
}

// --------------------------------------------------------------------------- lives of processes

void LedgerOracle::on_started(HostIndex host) {
  changed_[host] = world().now();
  draining_[host] = false;
}

void LedgerOracle::on_stopping(HostIndex host) {
  changed_[host] = world().now();
  std::vector<Name> names;
  for (auto it = ends_.lower_bound({host, CallId{0}});
       it != ends_.end() && it->first.first == host;) {
    names.push_back(it->second);
    it = ends_.erase(it);
  }
  for (const Name name : names) {
    Exchange* exchange = find(name);
    if (exchange == nullptr) continue;
    if (exchange->callee == host && !exchange->over) {
      exchange->over = true;
      if (exchange->caller != host &&
          world().host(exchange->caller).setup.config.rpc_links.silence_max > Duration::zero()) {
        watch(world().now() + bounds().silence,
              {name, false, world().now(), "whose callee is dead"});
      }
    }
    if (exchange->caller == host && !exchange->ended) {
      exchange->ended = world().now();
      if (exchange->callee && !exchange->over) {
        watch(world().now() + bounds().lost_peer,
              {name, true, world().now(), "whose caller is dead"});
      }
    }
  }
  dialled_[host].clear();
  failed_[host].clear();
  waiting_[host].clear();
  serving_[host] = 0;
  outgoing_[host] = 0;
  since_tick_[host] = {};
  last_ticks_[host].clear();
  still_[host] = 0;
}

// -------------------------------------------------------------------------------------- commands

void LedgerOracle::on_command(HostIndex host, const Command& command) {
  said_.reset();
  Said said{.host = host};
  const auto about = [&](CallId call) {
    said.name = name_of_call(host, call);
    return said.name != 0;
  };
  const auto message = [&](const Bytes& bytes) {
    said.message = true;
    said.hash = hash_bytes(bytes);
    said.size = bytes.size();
  };
  if (const auto* start = std::get_if<StartCall>(&command)) {
    const auto name = name_in(start->metadata);
    if (!name) return;
    said.name = *name;
    Exchange fresh{.caller = host, .call = start->call, .method = start->method};
    fresh.remote = start->peer.address;
    fresh.expected = start->peer.expected;
    fresh.metadata = start->metadata;
    fresh.patient = start->wait_for_ready;
    const std::string request = value_of(start->metadata, kRequestName);
    if (!request.empty()) fresh.attempt_of = hash_text(request);
    fresh.began = world().now();
    fresh.half_closed = start->last;
    if (start->deadline) fresh.deadline = moment_of(host, *start->deadline);
    if (start->message) message(*start->message);
    said.fresh = std::move(fresh);
  } else if (const auto* send = std::get_if<SendMessage>(&command)) {
    if (!about(send->call)) return;
    message(send->message);
    said.last = send->last;
    said.was_writable = world().host(host).node->is_writable(send->call);
  } else if (const auto* close = std::get_if<HalfClose>(&command)) {
    if (!about(close->call)) return;
    said.last = true;
  } else if (const auto* headers = std::get_if<SendHeaders>(&command)) {
    if (!about(headers->call)) return;
    said.kind = Kind::headers;
    said.metadata = headers->metadata;
  } else if (const auto* take = std::get_if<ConsumeMessages>(&command)) {
    if (!about(take->call)) return;
    said.taken = take->messages;
  } else if (const auto* finish = std::get_if<FinishCall>(&command)) {
    if (!about(finish->call)) return;
    if (finish->message) message(*finish->message);
    said.kind = Kind::finish;
    said.status = finish->status;
    said.metadata = finish->trailers;
  } else if (const auto* cancel = std::get_if<CancelCall>(&command)) {
    if (!about(cancel->call)) return;
    said.kind = Kind::cancel;
  } else {
    if (std::holds_alternative<StopAccepting>(command)) draining_[host] = true;
    return;
  }
  said_ = std::move(said);
}

void LedgerOracle::on_outcome(HostIndex host, Outcome outcome) {
  if (!said_ || said_->host != host) return;
  Said said = *std::exchange(said_, std::nullopt);
  if (said.was_writable && !check(outcome != Outcome::not_writable)) {
    return fail(host, "refused a message though the call was writable");
  }
  if (outcome != Outcome::done) return;
  if (said.fresh) {
    Exchange& fresh = exchanges_.insert_or_assign(said.name, std::move(*said.fresh)).first->second;
    if (said.message) {
      fresh.request.said.push_back(said.hash);
      fresh.request.largest = said.size;
    }
    ends_[{host, fresh.call}] = said.name;
    ++outgoing_[host];
    still_[host] = 0;
    waiting_[host].push_back(said.name);
    if (fresh.attempt_of != 0) on_attempt(host, fresh);
    if (fresh.deadline) {
      watch(*fresh.deadline + kSlack, {said.name, false, fresh.began, "past its deadline", true});
    }
    return;
  }
  Exchange* exchange = find(said.name);
  if (exchange == nullptr) return;
  const bool caller = exchange->caller == host && !exchange->ended;
  Direction& direction = caller ? exchange->request : exchange->response;
  if (said.message) {
    direction.said.push_back(said.hash);
    direction.largest = std::max(direction.largest, said.size);
  }
  if (caller && said.last) exchange->half_closed = true;
  if (said.taken > 0) {
    Direction& taken = caller ? exchange->response : exchange->request;
    for (std::uint64_t i = 0; i < said.taken && !taken.untaken.empty(); ++i) {
      taken.untaken_bytes -= taken.untaken.front();
      taken.untaken.pop_front();
    }
  }
  if (said.kind == Kind::headers) exchange->headers = said.metadata;
  if (said.kind == Kind::cancel) exchange->gave_up = true;
  if (said.kind != Kind::finish) return;
  exchange->finished = true;
  exchange->status = said.status;
  exchange->trailers = said.metadata;
  if (value_of(said.metadata, kNeverRan) == "1") turn_away(host, said.name, *exchange);
  ends_.erase({host, exchange->served});
  end_at_callee(*exchange);
}

// The program says that it has not begun it, so it may run elsewhere.
void LedgerOracle::turn_away(HostIndex host, Name name, const Exchange& exchange) {
  if (!check(!exchange.headers && exchange.response.said.empty())) {
    return fail(host, text_of(exchange) + " was turned away after a part of its answer");
  }
  executed_.erase(name);
  const auto request = requests_.find(exchange.attempt_of);
  if (request != requests_.end()) --request->second.executed;
}

void LedgerOracle::on_attempt(HostIndex host, const Exchange& exchange) {
  const auto [found, first] = requests_.try_emplace(exchange.attempt_of);
  Request& request = found->second;
  if (first) request.safe = value_of(exchange.metadata, kSafe) == "1";
  if (first) request.hedged = value_of(exchange.metadata, kHedged) == "1";
  ++request.attempts;
  if (request.hedged) {
    request.open = true;
    if (!check(request.safe && !request.answered && request.attempts <= kHedgedMax)) {
      fail(host, text_of(exchange) + " is made once more, though it is answered, not safe, or " +
                     std::to_string(kHedgedMax) + " attempts were made");
    }
    return;
  }
  if (!check(!request.open && request.may_go_on)) {
    return fail(host, text_of(exchange) + " tries again what must not be tried again");
  }
  const RetryConfig& retries = RetryConfig{};
  // Half of the least wait is jitter; a clock may be fast by a fifth.
  const Duration pause = request.pause ? *request.pause * 4 / 5 : retries.backoff_min * 2 / 5;
  const Duration least = request.attempts > 1 ? pause : Duration::zero();
  if (!check(request.attempts <= retries.attempts_max &&
             world().now() - request.ended >= (first ? Duration::zero() : least))) {
    return fail(host, text_of(exchange) + " is attempt " + std::to_string(request.attempts) +
                          ", too many or too soon");
  }
  request.open = true;
}

void LedgerOracle::on_attempt_ended(const Exchange& exchange, const CallFinished& finished,
                                    bool elsewhere) {
  const auto found = requests_.find(exchange.attempt_of);
  if (found == requests_.end()) return;
  Request& request = found->second;
  const StatusCode code = finished.status.code;
  const bool transient = code == StatusCode::unavailable || code == StatusCode::resource_exhausted;
  request.open = false;
  request.answered = request.answered || !transient;
  request.may_go_on = transient && (request.safe || elsewhere);
  request.ended = world().now();
  request.pause.reset();
  const std::string pause = value_of(finished.trailers, kComeBackMs);
  if (!pause.empty()) request.pause = milliseconds(std::stoll(pause));
}

// ---------------------------------------------------------------------------------------- events

void LedgerOracle::on_event(HostIndex host, const Event& event) {
  if (const auto* arrived = std::get_if<CallArrived>(&event)) return on_arrived(host, *arrived);
  if (const auto* finished = std::get_if<CallFinished>(&event)) return on_finished(host, *finished);
  if (const auto* message = std::get_if<MessageArrived>(&event)) {
    const std::size_t limit = world().host(host).setup.config.rpc.message_max;
    if (!check(message->message.size() <= limit)) {
      return fail(host, "was given a message over message_max");
    }
    Exchange* exchange = find(name_of_call(host, message->call));
    if (exchange == nullptr) return;
    return hear(host, *exchange, message->call.outgoing() ? exchange->response : exchange->request,
                message->message);
  }
  if (const auto* half = std::get_if<CallerHalfClosed>(&event)) {
    Exchange* exchange = find(name_of_call(host, half->call));
    if (exchange == nullptr) return;
    if (!check(!std::exchange(exchange->half_close_heard, true))) {
      return fail(host, "heard the half-close of " + text_of(*exchange) + " twice");
    }
    if (!check(exchange->half_closed && exchange->request.heard == exchange->request.said.size())) {
      fail(host, "heard a half-close of " + text_of(*exchange) + " before its end");
    }
  } else if (const auto* headers = std::get_if<HeadersArrived>(&event)) {
    Exchange* exchange = find(name_of_call(host, headers->call));
    if (exchange == nullptr) return;
    const bool first = !std::exchange(exchange->headers_heard, true);
    if (!check(first && exchange->headers == headers->metadata)) {
      fail(host, "was given headers of " + text_of(*exchange) + " that nobody sent");
    }
  } else if (const auto* aborted = std::get_if<CallAborted>(&event)) {
    const auto end = ends_.find({host, aborted->call});
    if (end == ends_.end()) return;
    Exchange* exchange = find(end->second);
    ends_.erase(end);
    if (exchange == nullptr || exchange->over) return;
    const bool oversize =
        exchange->request.largest > world().host(host).setup.config.rpc.message_max;
    const StatusCode code = aborted->status.code;
    const bool known = code == StatusCode::cancelled || code == StatusCode::unavailable ||
                       code == StatusCode::deadline_exceeded ||
                       (code == StatusCode::resource_exhausted && oversize);
    if (!check(known)) {
      return fail(host,
                  text_of(*exchange) + " was aborted for no reason: " + aborted->status.message);
    }
    end_at_callee(*exchange);
  }
}

void LedgerOracle::on_arrived(HostIndex host, const CallArrived& arrived) {
  const auto name = name_in(arrived.metadata);
  if (!check(name.has_value())) {
    return fail(host, "was given a call without its metadata: " + arrived.method);
  }
  if (!check(!draining_[host])) return fail(host, "takes a new call though it is draining");
  if (!check(executed_.insert(*name).second)) return fail(host, "ran a call twice");
  if (!check(!never_run_.contains(*name))) {
    return fail(host, "ran a call that its caller was told to try elsewhere");
  }
  Exchange* exchange = find(*name);
  if (exchange == nullptr) return;
  if (const auto request = requests_.find(exchange->attempt_of); request != requests_.end()) {
    const bool again = ++request->second.executed > 1;
    if (!check(!again || request->second.safe)) {
      return fail(host, "ran a request twice that may run once: " + text_of(*exchange));
    }
  }
  exchange->callee = host;
  exchange->served = arrived.call;
  ends_[{host, arrived.call}] = *name;
  ++serving_[host];
  count_load(host);
  if (!check(arrived.method == exchange->method && arrived.metadata == exchange->metadata)) {
    return fail(host, text_of(*exchange) + " came with another method or other metadata");
  }
  const NodeId& id = world().host(host).setup.config.id;
  if (!check(!exchange->expected || *exchange->expected == id)) {
    return fail(host, text_of(*exchange) + " was meant for " + exchange->expected->text());
  }
  const bool member = !plan().is_client(exchange->caller);
  if (!check(arrived.identity.has_value() == member &&
             arrived.remote.ip == World::address(exchange->caller).ip)) {
    return fail(host, text_of(*exchange) + " came from somebody else");
  }
  check_deadline(host, *exchange, arrived);
  if (arrived.deadline) {
    watch(moment_of(host, *arrived.deadline) + kSlack,
          {*name, true, world().now(), "past its deadline", true});
  }
  if (exchange->ended) {
    // The news of its end may have been lost before the call came: excused is who was disturbed
    // since then.
    watch_freed(*name, *exchange->ended);
  }
}

// The deadline travels as time left: it may come out later by the way, never earlier.
void LedgerOracle::check_deadline(HostIndex host, const Exchange& exchange,
                                  const CallArrived& arrived) {
  if (!check(arrived.deadline.has_value() == exchange.deadline.has_value())) {
    return fail(host, text_of(exchange) + " lost or gained a deadline");
  }
  const Moment since = exchange.began;
  if (!arrived.deadline || faults().held_up_since(host, since) ||
      faults().held_up_since(exchange.caller, since)) {
    return;
  }
  const Moment here = moment_of(host, *arrived.deadline);
  const Duration drift =
      (*exchange.deadline - exchange.began) / 1'000'000 * (2 * plan().clock_drift_ppm + 1);
  const Duration way = world().now() - exchange.began;
  if (!check(here + drift + kRounding >= *exchange.deadline &&
             here <= *exchange.deadline + way + drift + kRounding)) {
    fail(host, text_of(exchange) + " has a deadline that is off by " +
                   std::to_string((here - *exchange.deadline).count() / 1'000'000) + " ms");
  }
}

void LedgerOracle::hear(HostIndex host, Exchange& exchange, Direction& direction,
                        const Bytes& message) {
  const bool right = direction.heard < direction.said.size() &&
                     direction.said[direction.heard] == hash_bytes(message);
  if (!check(right)) {
    return fail(host, "was given a message of " + text_of(exchange) + " that nobody sent there");
  }
  if (!check(!exchange.half_close_heard || &direction == &exchange.response)) {
    return fail(host, "heard a message of " + text_of(exchange) + " after its end");
  }
  // The first needs no taking (command.h).
  if (direction.heard++ == 0) return;
  direction.untaken.push_back(message.size());
  direction.untaken_bytes += message.size();
  // Withheld is everything behind the first that was not taken, itself included: its own bytes were
  // credited while they came, and one window may follow them.
  const auto window = static_cast<std::size_t>(plan().stream_window_bytes);
  if (!check(direction.untaken_bytes <= direction.untaken.front() + window)) {
    fail(host, text_of(exchange) + " has " + std::to_string(direction.untaken_bytes) +
                   " bytes that were not taken; the window is " + std::to_string(window));
  }
}

void LedgerOracle::on_finished(HostIndex host, const CallFinished& finished) {
  const auto end = ends_.find({host, finished.call});
  if (end == ends_.end()) return;
  const Name name = end->second;
  ends_.erase(end);
  Exchange* exchange = find(name);
  if (exchange == nullptr) return;
  const bool elsewhere = value_of(finished.trailers, kNeverRan) == "1";
  if (elsewhere) {
    never_run_.insert(name);
    if (!check(!executed_.contains(name))) {
      fail(host, "was told that " + text_of(*exchange) + " never ran, but it did");
    }
  }
  const bool told = exchange->finished && finished.status == exchange->status &&
                    finished.trailers == exchange->trailers;
  if (finished.status.ok() && !check(told)) {
    return fail(host, text_of(*exchange) + " is ok, but nobody answered that");
  }
  if (told && !check(exchange->response.heard == exchange->response.said.size() &&
                     exchange->headers_heard == exchange->headers.has_value())) {
    return fail(host, text_of(*exchange) + " ended before all of its answer was heard");
  }
  if (!told) judge_failure(host, *exchange, finished);
  if (exchange->attempt_of != 0) on_attempt_ended(*exchange, finished, elsewhere);
  end_at_caller(name, *exchange);
}

// A failure that the callee did not ask for: has it a reason?
void LedgerOracle::judge_failure(HostIndex host, const Exchange& exchange,
                                 const CallFinished& finished) {
  const RpcConfig& own = world().host(host).setup.config.rpc;
  bool known = false;
  switch (finished.status.code) {
    case StatusCode::cancelled: known = exchange.gave_up; break;
    case StatusCode::deadline_exceeded: {
      // Its own clock, or the callee's, which may run ahead.
      const Duration ahead = exchange.deadline ? (*exchange.deadline - exchange.began) / 1'000'000 *
                                                     (2 * plan().clock_drift_ppm + 1)
                                               : Duration::zero();
      const bool bent =
          faults().held_up_since(host, exchange.began) ||
          (exchange.callee && faults().held_up_since(*exchange.callee, exchange.began));
      known =
          exchange.deadline && (bent || world().now() + ahead + kRounding >= *exchange.deadline);
      break;
    }
    case StatusCode::resource_exhausted: {
      const bool limited = std::any_of(plan().knobs.begin(), plan().knobs.end(),
                                       [](const auto& knob) { return knob.first == "calls_max"; });
      // Clients' limits are above the members' (simulation.cc).
      known = limited || exchange.request.largest > own.message_max / 2;
      break;
    }
    case StatusCode::unavailable:
      known = may_be_unavailable(exchange) && !was_refused_in_vain(exchange);
      break;
    default: break;
  }
  if (!check(known)) {
    fail(host, text_of(exchange) + " failed for no reason: " + to_text(finished.status.code) +
                   " (" + finished.status.message + ")");
  }
}

// Turned down at once, without a dial: only for as long as the last one that failed is a reason.
bool LedgerOracle::was_refused_in_vain(const Exchange& exchange) const {
  if (exchange.began != world().now()) return false;
  const Duration patience = world().host(exchange.caller).setup.config.rpc_links.backoff_max;
  const Moment since = world().now() - patience - patience / 4;  // a slow clock's
  const auto& failed = failed_[exchange.caller];
  const auto dial = failed.find(exchange.remote);
  return (dial == failed.end() || dial->second < since) &&
         !faults().held_up_since(exchange.caller, since);
}

bool LedgerOracle::may_be_unavailable(const Exchange& exchange) const {
  const Moment began = exchange.began;
  const Duration memory = plan().idle_timeout + kMemory;
  if (faults().disturbed_since(began - seconds(10))) return true;
  // Whose clock jumped, or who was paused, may have forgotten idle links that the peer still has.
  const auto lately = [&](HostIndex host) {
    return !world().host(host).running() || draining_[host] ||
           (changed_[host] && *changed_[host] >= began - memory) ||
           faults().was_absent_since(host, began - memory);
  };
  if (!exchange.expected || lately(exchange.caller)) return true;
  const auto nobody = static_cast<HostIndex>(plan().hosts());
  const HostIndex peer = world().index_of(*exchange.expected).value_or(nobody);
  return peer == nobody || lately(peer) || world().host(peer).setup.config.id != *exchange.expected;
}

void LedgerOracle::end_at_callee(Exchange& exchange) {
  if (exchange.over) return;
  exchange.over = true;
  --serving_[*exchange.callee];
  count_load(*exchange.callee);
}

void LedgerOracle::end_at_caller(Name name, Exchange& exchange) {
  exchange.ended = world().now();
  --outgoing_[exchange.caller];
  still_[exchange.caller] = 0;
  if (exchange.callee && !exchange.over) watch_freed(name, world().now());
}

// What disturbed it from `since` on excuses it; if no packet was lost, it has less time.
void LedgerOracle::watch_freed(Name name, Moment since) {
  Watch freed{name, true, since, "that is over"};
  watch(world().now() + bounds().freed, freed);
  freed.sound = true;
  watch(world().now() + bounds().freed_unlost, freed);
}

// ------------------------------------------------------------------------------------- on the wire

void LedgerOracle::on_fact(HostIndex host, const Fact& fact) {
  auto& links = dialled_[host];
  if (const auto* up = std::get_if<LinkUp>(&fact)) {
    const auto link = links.find(up->link);
    if (link == links.end()) return;
    link->second.up = true;
    link->second.allowed = up->streams_allowed;
  } else if (const auto* more = std::get_if<StreamsAllowed>(&fact)) {
    const auto link = links.find(more->link);
    if (link != links.end()) link->second.allowed = std::max(link->second.allowed, more->total);
  } else if (const auto* down = std::get_if<LinkDown>(&fact)) {
    const auto ended = links.extract(down->link);
    if (!ended.empty() && !ended.mapped().up) failed_[host][ended.mapped().remote] = world().now();
  }
}

void LedgerOracle::on_order(HostIndex host, const Order& order) {
  auto& links = dialled_[host];
  if (const auto* connect = std::get_if<Connect>(&order)) {
    if (connect->protocol != Protocol::rpc) return;
    check_dial(host, *connect);
    links[connect->link] = {.remote = connect->remote, .expected = connect->expected};
  } else if (const auto* close = std::get_if<CloseLink>(&order)) {
    links.erase(close->link);
  } else if (const auto* write = std::get_if<WriteStream>(&order)) {
    const auto link = links.find(write->link);
    if (link == links.end() || write->stream.value / 4 < link->second.opened) return;
    ++link->second.opened;
    on_opened(host, link->second, write->bytes);
  }
}

// The call's name stands in its header: key, length, text (docs/wire.md).
void LedgerOracle::on_opened(HostIndex host, const Dialled& link, BytesView header) {
  const std::string_view key = kCallName;
  const auto place = std::search(header.begin(), header.end(), key.begin(), key.end());
  const auto after = static_cast<std::size_t>(place - header.begin()) + key.size();
  if (after >= header.size() || after + 1 + header[after] > header.size()) return;
  const Name name = hash_text(as_text(header.subspan(after + 1, header[after])));
  Exchange* exchange = find(name);
  if (exchange == nullptr) return;
  exchange->opened = true;
  // What is in front of it and goes the same way has waited longer.
  auto& waiting = waiting_[host];
  for (auto it = waiting.begin(); it != waiting.end();) {
    const Exchange* earlier = find(*it);
    if (earlier == nullptr || earlier->ended || earlier->opened) {
      const bool self = *it == name;
      it = waiting.erase(it);
      if (self) return;
      continue;
    }
    if (!check(earlier->patient || earlier->remote != link.remote ||
               earlier->expected != link.expected)) {
      return fail(host, text_of(*exchange) + " began before " + text_of(*earlier) +
                            ", which waited longer");
    }
    ++it;
  }
}

// A link beside others is dialled only when all of them are full, one at a time, and so many.
void LedgerOracle::check_dial(HostIndex host, const Connect& connect) {
  std::size_t known = 0;
  for (const auto& [id, link] : dialled_[host]) {
    if (link.remote != connect.remote || link.expected != connect.expected) continue;
    ++known;
    if (!check(link.up && link.opened >= link.allowed)) {
      return fail(host, "dials " + to_text(connect.remote) +
                            " once more, though a link to it has room or is being dialled");
    }
  }
  if (!check(known < world().host(host).setup.config.rpc_links.per_peer_max)) {
    fail(host, "dials " + to_text(connect.remote) + " once more, beside " + std::to_string(known) +
                   " links");
  }
}

// Who waits for its peer to be ready is to look for it as often as backoff allows.
bool LedgerOracle::is_left_waiting(const Exchange& exchange) const {
  const LinksConfig& links = world().host(exchange.caller).setup.config.rpc_links;
  const Duration patience = links.backoff_max + links.handshake_timeout + seconds(1);
  const Moment since = world().now() - patience;
  const auto peer = world().host_of(exchange.remote);
  if (exchange.began > since || !peer || !world().host(*peer).running()) return false;
  if (faults().has_left(*peer) || faults().disturbed_since(since) ||
      faults().held_up_since(*peer, since) || faults().held_up_since(exchange.caller, since) ||
      (changed_[*peer] && *changed_[*peer] > since)) {
    return false;
  }
  // A link that is full, or that has not come up yet, excuses it.
  const auto& dialled = dialled_[exchange.caller];
  return may_be_opened(exchange) ||
         std::none_of(dialled.begin(), dialled.end(),
                      [&](const auto& entry) { return entry.second.remote == exchange.remote; });
}

bool LedgerOracle::may_be_opened(const Exchange& exchange) const {
  const auto& links = dialled_[exchange.caller];
  return std::any_of(links.begin(), links.end(), [&](const auto& entry) {
    const Dialled& link = entry.second;
    return link.up && link.opened < link.allowed && link.remote == exchange.remote &&
           link.expected == exchange.expected;
  });
}

// ------------------------------------------------------------------------------------------ time

void LedgerOracle::look_at(const Watch& watch) {
  const Exchange* exchange = find(watch.name);
  if (exchange == nullptr) return;
  const bool open = watch.callee ? exchange->callee && !exchange->over : !exchange->ended;
  if (!open) {
    check(true);
    return;
  }
  const HostIndex host = watch.callee ? *exchange->callee : exchange->caller;
  if (watch.sound) {
    if (faults().disturbed_since(watch.since - kConvalescence) ||
        world().paths().lost_since(exchange->caller, *exchange->callee, watch.since - kRecovery)) {
      return;
    }
  }
  const bool convalesces = faults().network_disturbed_since(watch.since - kConvalescence);
  const bool excused = faults().held_up_since(host, watch.since) ||
                       (!watch.alone && (faults().disturbed_since(watch.since) || convalesces));
  if (excused) {
    // Not for ever: undisturbed, it comes to its end when its link is found to be lost, at last.
    Watch again = watch;
    again.since = world().now();
    return this->watch(world().now() + bounds().lost_peer, again);
  }
  if (!check(false)) {
    fail(host, (watch.callee ? "still serves " : "still waits for ") + text_of(*exchange) + ", " +
                   watch.why);
  }
}

void LedgerOracle::on_tick() {
  const Moment now = world().now();
  while (!watches_.empty() && watches_.begin()->first <= now) {
    const Watch watch = watches_.begin()->second;
    watches_.erase(watches_.begin());
    look_at(watch);
  }
  const std::uint64_t turn = ticks_++;
  for (HostIndex i = 0; i < plan().hosts(); ++i) {
    // Its last ticks are all alike.
    const bool still = still_[i] > kTicks;
    if (still && (i + turn) % kTurns != 0) continue;
    const Host& host = world().host(i);
    if (!host.running()) continue;
    if (!still) ++still_[i];
    if (!check(host.node->serving() == serving_[i])) {
      return fail(i, "counts " + std::to_string(host.node->serving()) + " calls that it serves; " +
                         std::to_string(serving_[i]) + " are open");
    }
    if (!check(host.node->outgoing() == outgoing_[i])) {
      return fail(i, "counts " + std::to_string(host.node->outgoing()) + " outgoing calls; " +
                         std::to_string(outgoing_[i]) + " are open");
    }
    last_ticks_[i].push_back(since_tick_[i]);
    if (last_ticks_[i].size() > kTicks) last_ticks_[i].pop_front();
    since_tick_[i] = {serving_[i], serving_[i]};
  }
  for (HostIndex i = 0; i < plan().hosts(); ++i) {
    for (const Name name : waiting_[i]) {
      const Exchange* exchange = find(name);
      if (exchange == nullptr || exchange->ended || exchange->opened) continue;
      if (!check(exchange->patient ? !is_left_waiting(*exchange) : !may_be_opened(*exchange))) {
        return fail(i, text_of(*exchange) + " waits though its link has room for it");
      }
    }
  }
  std::erase_if(requests_, [&](const auto& entry) {
    return !entry.second.open && now - entry.second.ended > kMemory;
  });
  // What is over at both ends needs no entry; what never arrived may still come for a while.
  std::erase_if(exchanges_, [&](const auto& entry) {
    const Exchange& exchange = entry.second;
    if (!exchange.ended) return false;
    return exchange.callee ? exchange.over : now - *exchange.ended > plan().idle_timeout + kMemory;
  });
}

void LedgerOracle::count_load(HostIndex host) {
  still_[host] = 0;
  Extremes& extremes = since_tick_[host];
  extremes.least = std::min(extremes.least, serving_[host]);
  extremes.most = std::max(extremes.most, serving_[host]);
}

LedgerOracle::Load LedgerOracle::load(HostIndex host) const {
  Load load{serving_[host], since_tick_[host].least, since_tick_[host].most};
  for (const Extremes& tick : last_ticks_[host]) {
    load.least = std::min(load.least, tick.least);
    load.most = std::max(load.most, tick.most);
  }
  return load;
}

bool LedgerOracle::settled() { return unsettled().empty(); }

std::string LedgerOracle::unsettled() {
  for (const auto& [name, exchange] : exchanges_) {
    if (!exchange.ended) return name_of(exchange.caller) + " still waits for " + text_of(exchange);
    if (exchange.callee && !exchange.over) {
      return name_of(*exchange.callee) + " still serves " + text_of(exchange);
    }
  }
  return {};
}

}  // namespace rpcnet::sim
