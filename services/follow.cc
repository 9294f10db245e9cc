#include "services/follow.h"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/tag_filter.h"
#include "rpcnet/v1/cluster.rpcnet.h"

namespace rpcnet {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

using Watching = ClientReader<v1::ClusterEvent>;

// Of the members that it has learned of, so many are asked when all seeds are gone.
constexpr std::size_t kLearnedMax = 16;
// Events come in bunches: what follows within so long is taken in with the first.
constexpr Duration kBunch = milliseconds(20);

// Waiting cannot mend these.
bool is_final(StatusCode code) {
  return code == StatusCode::invalid_argument || code == StatusCode::unauthenticated ||
         code == StatusCode::permission_denied || code == StatusCode::unimplemented;
}

std::optional<RosterEntry> worker_of(const v1::Member& member, const TagFilter& filter,
                                     std::uint64_t report) {
  if (member.state() != v1::Member::ALIVE && member.state() != v1::Member::SUSPECT) {
    return std::nullopt;
  }
  const auto id = NodeId::parse(member.id());
  const auto address = parse_address(member.address());
  const Tags tags(member.tags().begin(), member.tags().end());
  if (!id || !address || !filter.matches(tags)) return std::nullopt;
  RosterEntry entry;
  entry.id = *id;
  entry.address = *address;
  entry.tags.assign(tags.begin(), tags.end());
  entry.active_calls = member.active_calls();
  entry.report = report;
  entry.avoid = member.avoided() || member.state() == v1::Member::SUSPECT;
  return entry;
}

}  // namespace

struct ClusterFollower::State {
  State(Host& host_in, WorkerRegistry registry_in, FollowOptions options_in)
      : host(host_in),
        registry(std::move(registry_in)),
        options(std::move(options_in)),
        news(host_in.context()),
        known(host_in.context(), asio::steady_timer::time_point::max()) {}

  Host& host;
  WorkerRegistry registry;
  FollowOptions options;
  TagFilter filter;
  asio::cancellation_signal cancel;
  asio::steady_timer news;             // runs out when the members are to be asked again
  asio::steady_timer known;            // cancelled when `first` is there
  std::optional<Status> first;         // what became of the beginning
  std::vector<std::string> learned{};  // members to ask when no seed answers
  std::size_t next = 0;                // of seeds and learned: whom to ask
  std::string source;
  std::uint64_t report = 0;

  void conclude(Status status) {
    if (first) return;
    first = std::move(status);
    known.cancel();
  }

  // Whom to ask now.
  std::string candidate() const {
    const std::size_t all = options.seeds.size() + learned.size();
    if (all == 0) return {};
    const std::size_t place = next % all;
    return place < options.seeds.size() ? options.seeds[place]
                                        : learned[place - options.seeds.size()];
  }

  void take_in(const v1::MembersResponse& response) {
    ++report;
    std::vector<RosterEntry> workers;
    learned.clear();
    for (const v1::Member& member : response.members()) {
      if (auto worker = worker_of(member, filter, report)) workers.push_back(std::move(*worker));
      if (member.state() == v1::Member::ALIVE && learned.size() < kLearnedMax) {
        learned.push_back(member.address());
      }
    }
    Status updated = registry.update(std::move(workers));
    conclude(std::move(updated));
  }

  asio::awaitable<void> wait(Duration span) {
    news.expires_after(span);
    asio::error_code woken;
    co_await news.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }

  // As long as this member answers.
  static asio::awaitable<Status> follow_one(std::shared_ptr<State> self, std::string target) {
    const v1::ClusterClient member(Channel(self->host, target));
    const Duration patience = std::max<Duration>(self->options.interval, seconds(1));
    const v1::WatchRequest watch;
    const auto events = std::make_shared<Watching>(member.Watch(watch, {.timeout = no_deadline}));
    const auto over = std::make_shared<bool>(false);
    asio::co_spawn(self->host.context(), wake_up(self, events, over), asio::detached);
    struct Cancel {
      Watching& watching;
      ~Cancel() { watching.cancel(); }
    } const cancel{*events};
    while (true) {
      const v1::MembersRequest request;
      const auto response = co_await member.Members(request, {.timeout = patience});
      if (!response.ok()) co_return response.status();
      self->source = target;
      self->take_in(*response);
      co_await self->wait(self->options.interval);
      if (*over) co_return error(StatusCode::unavailable, "its events have ended");
      co_await self->wait(std::min<Duration>(kBunch, self->options.interval));
    }
  }

  // Ends the waiting whenever something has happened.
  static asio::awaitable<void> wake_up(std::weak_ptr<State> weak, std::shared_ptr<Watching> events,
                                       std::shared_ptr<bool> over) {
    while (true) {
      const std::optional<v1::ClusterEvent> event = co_await events->read();
      const auto self = weak.lock();
      if (!self) co_return;
      *over = !event;
      self->news.cancel();
      if (!event) co_return;
    }
  }
};

ClusterFollower::ClusterFollower(Host& host, WorkerRegistry registry, FollowOptions options)
    : state_(std::make_shared<State>(host, std::move(registry), std::move(options))) {}

ClusterFollower::~ClusterFollower() {
  state_->conclude(error(StatusCode::cancelled, "the follower is gone"));
  state_->cancel.emit(asio::cancellation_type::terminal);
}

asio::any_io_executor ClusterFollower::executor() const {
  return state_->host.context().get_executor();
}

const std::string& ClusterFollower::source() const { return state_->source; }

asio::awaitable<Status> ClusterFollower::start_following() {
  const std::shared_ptr<State> state = state_;
  auto filter = parse_tag_filter(state->options.filter);
  if (!filter || state->options.seeds.empty()) {
    co_return error(StatusCode::invalid_argument,
                    state->options.seeds.empty()
                        ? "no seed is given"
                        : "\"" + state->options.filter + "\" is no tag filter");
  }
  state->filter = std::move(*filter);
  asio::co_spawn(state->host.context(), follow(state),
                 asio::bind_cancellation_slot(state->cancel.slot(), asio::detached));
  while (!state->first) {
    asio::error_code woken;
    co_await state->known.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
  co_return *state->first;
}

asio::awaitable<void> ClusterFollower::follow(std::shared_ptr<State> state) {
  Duration pause = milliseconds(25);
  std::size_t refused = 0;  // one after the other
  while (true) {
    const std::uint64_t heard = state->report;
    auto following = State::follow_one(state, state->candidate());
    const Status lost = co_await std::move(following);
    state->source.clear();
    ++state->next;
    refused = is_final(lost.code) ? refused + 1 : 0;
    if (refused >= state->options.seeds.size()) state->conclude(lost);
    pause = state->report > heard ? milliseconds(25)
                                  : std::min<Duration>(pause * 2, state->options.interval);
    co_await state->wait(pause);
  }
}

}  // namespace rpcnet
