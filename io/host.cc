// A thin face on Core.
#include "io/host.h"

#include <utility>

#include "io/core/conduct.h"
#include "io/core/core.h"
#include "io/core/setup.h"

namespace rpcnet {
Result<Host> Host::start(asio::io_context& context, HostOptions options) {
  auto setup = core::set_up(context, std::move(options));
  if (!setup.ok()) return setup.status();
  auto core = std::make_shared<core::Core>(context, std::move(*setup));
  core->start();
  return Host(std::move(core));
}

Host::Host(std::shared_ptr<core::Core> core) : core_(std::move(core)) {}

Host& Host::operator=(Host&& other) noexcept {
  if (this != &other) {
    stop();
    core_ = std::move(other.core_);
  }
  return *this;
}

Host::~Host() { stop(); }

void Host::serve(std::string method, UnaryHandler handler) {
  core_->serve(std::move(method), {std::move(handler), nullptr});
}

void Host::serve_stream(std::string method, StreamHandler handler) {
  core_->serve(std::move(method), {std::move(handler), nullptr});
}

void Host::register_batched(std::string method, BatchHandler<Bytes, Bytes> handler,
                            const BatchConfig& config) {
  const Batch<Bytes, Bytes> batch(config, std::move(handler));
  serve(std::move(method), [batch](ServerCall& call, Bytes request) {
    return batch.submit(call, std::move(request));
  });
}

void Host::serve(const std::shared_ptr<Service>& service) {
  for (ServiceMethod& method : service->methods()) {
    core_->serve(std::string(method.info->name), {std::move(method.handler), service});
  }
}

void Host::intercept(ServerInterceptor interceptor) { core_->intercept(std::move(interceptor)); }

void Host::authorize(std::string pattern, Authorizer authorizer) {
  core_->authorize(std::move(pattern), std::move(authorizer));
}

asio::any_io_executor Host::executor() const { return core_->context().get_executor(); }

asio::awaitable<Result<Bytes>> Host::start_call(Peer peer, std::string method, Bytes request,
                                                const CallOptions& options) {
  return core::call_peer(core_, std::move(peer), std::move(method), std::move(request),
                         core_->terms(options));
}

ClientCall Host::open(Peer peer, std::string method, CallOptions options) {
  return ClientCall(core_->open(std::move(peer), std::move(method), core_->terms(options),
                                std::nullopt, core::Kind::stream));
}

asio::awaitable<Result<Peer>> Host::start_resolve(std::string text) {
  return core::resolve_peer(std::move(text), core_->families());
}

asio::awaitable<bool> Host::start_drain(Duration grace) { return core::Core::drain(core_, grace); }

void Host::stop() {
  // The pass that this may be called from goes on with a Core that is still there.
  if (const auto core = core_) core->stop();
}

Status Host::reload(const CredentialFiles& files) { return core_->reload(files); }
const Address& Host::address() const { return core_->driver().socket().local(); }
const Address& Host::advertised() const { return core_->node().config().advertise; }
const NodeId& Host::id() const { return core_->node().config().id; }
const std::string& Host::cluster_name() const { return core_->node().config().cluster; }
std::size_t Host::serving() const { return core_->node().serving(); }
HostCounters Host::counters() const { return core_->counters(); }
const Node& Host::node() const { return core_->node(); }
Instant Host::now() const { return core_->now(); }
asio::io_context& Host::context() const { return core_->context(); }

}  // namespace rpcnet
