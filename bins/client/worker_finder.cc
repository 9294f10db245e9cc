#include "bins/client/worker_finder.h"

#include <algorithm>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <utility>

#include "io/resolve.h"

namespace rpcnet::bins {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kKnownMax = 16;
constexpr Duration kSameTroubleAfter = seconds(5);

// With another worker to turn to, a director that is slow to answer is not waited for.
constexpr Duration kPatience = seconds(1);
constexpr Duration kPatienceWithOthers = milliseconds(250);

// Waiting cannot mend these.
bool is_final(StatusCode code) {
  return code == StatusCode::invalid_argument || code == StatusCode::not_found ||
         code == StatusCode::unauthenticated || code == StatusCode::permission_denied ||
         code == StatusCode::unimplemented;
}

}  // namespace

WorkerFinder::WorkerFinder(Host& host, const ClientOptions& options, Console console)
    : host_(host), options_(options), console_(console) {}

asio::awaitable<Result<Peer>> WorkerFinder::find(std::vector<NodeId> excluded) {
  lost_ = std::move(excluded);
  for (int failures = 0;; ++failures) {
    co_await wait_before_retry(failures);
    std::string final;
    std::size_t hopeless = 0;
    for (std::size_t asked = 0; asked < options_.directors.size(); ++asked) {
      const std::string director = options_.directors[director_];
      const Result<FoundWorker> found = co_await ask(director);
      if (found.ok()) co_return found->peer;
      if (is_final(found.code())) {
        final = "director at " + director + ": " + found.status().message;
        ++hopeless;
      }
      if (hopeless == options_.directors.size() && known_.empty()) {
        co_return error(found.code(), final);
      }
      tell_trouble(director, found.status());
      director_ = (director_ + 1) % options_.directors.size();
      connected_ = false;
    }
    if (const auto known = known_worker()) {
      console_.info("🔀", "no director answers - trying {}, known from before", known->label);
      co_return known->peer;
    }
  }
}

asio::awaitable<Result<WorkerFinder::FoundWorker>> WorkerFinder::ask(std::string director) {
  auto resolving = resolve(director, Families());
  Result<std::vector<Address>> addresses = co_await std::move(resolving);
  if (!addresses.ok()) co_return addresses.status();
  // The one that answered last time comes first; the others may be dead.
  const auto last = std::find(addresses->begin(), addresses->end(), answered_);
  if (last != addresses->end()) std::rotate(addresses->begin(), last, last + 1);
  Status trouble;
  for (const Address& address : *addresses) {
    Result<FoundWorker> found = co_await ask_at(address);
    if (found.ok()) {
      answered_ = address;
      co_return found;
    }
    trouble = found.status();
  }
  co_return trouble;
}

asio::awaitable<Result<WorkerFinder::FoundWorker>> WorkerFinder::ask_at(Address address) {
  example::GetWorkerRequest request;
  request.set_connection_id(connection_id_);
  request.set_filter(options_.filter);
  for (const NodeId& lost : lost_) request.add_excluded(lost.text());

  CallOptions options;
  options.timeout = known_.size() > 1 ? kPatienceWithOthers : kPatience;
  const example::DirectorRegistryClient registry(Channel(host_, Peer{address, std::nullopt}));
  const Result<example::GetWorkerResponse> answer = co_await registry.get_worker(request, options);
  if (!answer.ok()) co_return answer.status();
  auto found = accept(*answer);
  if (!found) co_return error(StatusCode::internal, "its answer makes no sense");
  if (!std::exchange(connected_, true)) console_.info("✅", "connected to director");
  console_.info("🔀", "director assigned worker - establishing direct connection");
  co_return *found;
}

std::optional<WorkerFinder::FoundWorker> WorkerFinder::accept(
    const example::GetWorkerResponse& response) {
  const auto parsed = [](const example::WorkerAddress& from) -> std::optional<FoundWorker> {
    const auto id = NodeId::parse(from.worker_id());
    const auto address = parse_address(from.address());
    if (!id || !address) return std::nullopt;
    return FoundWorker{Peer{*address, *id}, from.label()};
  };
  for (const example::WorkerAddress& other : response.others()) {
    if (const auto worker = parsed(other)) remember(*worker);
  }
  const auto worker = parsed(response.worker());
  if (!worker) return std::nullopt;
  remember(*worker);
  connection_id_ = response.connection_id();
  return worker;
}

void WorkerFinder::remember(const FoundWorker& worker) {
  std::erase_if(known_, [&](const FoundWorker& known) {
    return known.peer.expected == worker.peer.expected;
  });
  known_.insert(known_.begin(), worker);
  if (known_.size() > kKnownMax) known_.pop_back();
}

std::optional<WorkerFinder::FoundWorker> WorkerFinder::known_worker() const {
  for (const FoundWorker& worker : known_) {
    if (!is_lost(*worker.peer.expected)) return worker;
  }
  return std::nullopt;
}

bool WorkerFinder::is_lost(const NodeId& id) const {
  return std::find(lost_.begin(), lost_.end(), id) != lost_.end();
}

std::string WorkerFinder::label(const std::optional<NodeId>& worker) const {
  const auto found = std::find_if(known_.begin(), known_.end(), [&](const FoundWorker& known) {
    return known.peer.expected == worker;
  });
  return found != known_.end() ? found->label : "";
}

// The first try goes at once, then 25, 50, 100, 200, 200, ... ms.
asio::awaitable<void> WorkerFinder::wait_before_retry(int failures) {
  if (failures == 0) co_return;
  const Duration pause =
      std::min<Duration>(milliseconds(25) * (1 << std::min(failures - 1, 3)), milliseconds(200));
  asio::steady_timer timer(co_await asio::this_coro::executor, pause);
  co_await timer.async_wait(asio::use_awaitable);
}

void WorkerFinder::tell_trouble(const std::string& director, const Status& status) {
  // The words change from one try to the next: a failed dial is followed by a pause.
  const std::string trouble = director + ": " + to_text(status.code);
  const Instant now = host_.now();
  if (trouble == trouble_ && now < trouble_until_) return;
  trouble_ = trouble;
  trouble_until_ = now + kSameTroubleAfter;
  console_.warn("⚠️ ", "director at {}: {} - trying on", director, to_text(status));
}

}  // namespace rpcnet::bins
