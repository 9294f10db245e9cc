#include "bins/director/assign.h"

#include <memory>
#include <utility>

#include "bins/director.rpcnet.h"
#include "bins/membership.h"
#include "engine/tag_filter.h"
#include "io/system.h"

namespace rpcnet::bins {
namespace {

// How many others a client is told of, should the director be gone when it needs one.
constexpr int kOthersMax = 4;

// It is the client's to choose and stands in every line about it.
constexpr std::size_t kConnectionIdMax = 64;

class Directory final : public example::DirectorRegistryService {
 public:
  Directory(WorkerRegistry registry, Console console)
      : registry_(std::move(registry)), console_(console) {}

  asio::awaitable<Result<example::GetWorkerResponse>> get_worker(
      ServerCall&, example::GetWorkerRequest request) override {
    if (request.connection_id().size() > kConnectionIdMax) {
      co_return error(StatusCode::invalid_argument, "a connection_id has at most 64 bytes");
    }
    example::GetWorkerResponse response;
    response.set_connection_id(request.connection_id().empty() ? new_connection_id()
                                                               : request.connection_id());
    const Result<Worker> worker = registry_.select_worker(request.filter(), excluded(request));
    if (!worker.ok()) {
      console_.warn("⚠️ ", "no worker for {}: {}", response.connection_id(),
                    worker.status().message);
      co_return worker.status();
    }
    response.mutable_worker()->set_worker_id(worker->id.text());
    response.mutable_worker()->set_label(worker->label());
    response.mutable_worker()->set_address(to_text(worker->address));
    const std::uint32_t connections = add_others(*worker, request.filter(), response);
    console_.info("🔀", "assigned {} at {} to {} ({} connections)", worker->label(),
                  response.worker().address(), response.connection_id(), connections);
    co_return response;
  }

 private:
  static std::vector<NodeId> excluded(const example::GetWorkerRequest& request) {
    std::vector<NodeId> ids;
    for (const std::string& text : request.excluded()) {
      if (auto id = NodeId::parse(text)) ids.push_back(std::move(*id));
    }
    return ids;
  }

  // Gives the load of the one chosen.
  std::uint32_t add_others(const Worker& chosen, const std::string& filter_text,
                           example::GetWorkerResponse& response) const {
    const TagFilter filter = parse_tag_filter(filter_text).value_or(TagFilter{});
    std::uint32_t load = 0;
    for (const WorkerView& view : registry_.workers()) {
      if (view.member.id == chosen.id) {
        load = view.load();
      } else if (response.others_size() < kOthersMax && !view.avoid &&
                 filter.matches(view.member.tags)) {
        example::WorkerAddress& other = *response.add_others();
        other.set_worker_id(view.member.id.text());
        other.set_label(label_of(view.member));
        other.set_address(to_text(view.member.address));
      }
    }
    return load;
  }

  static std::string new_connection_id() {
    return fmt::format("conn-{:016x}", system_random_number());
  }

  WorkerRegistry registry_;
  Console console_;
};

}  // namespace

std::shared_ptr<Service> directory(WorkerRegistry registry, Console console) {
  return std::make_shared<Directory>(std::move(registry), console);
}

}  // namespace rpcnet::bins
