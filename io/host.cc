// A thin face on Core.
#include "io/host.h"

#include <utility>

#include "io/core/conduct.h"
#include "io/core/core.h"
#include "io/core/setup.h"

namespace rpcnet {
Result<Host> Host::start(asio::io_context& context, HostOptions options) {
  auto core = core::start_core(context, std::move(options));
  if (!core.ok()) return core.status();
  return Host(std::move(*core));
}

const std::shared_ptr<core::Core>& Host::core() const { return core::Core::here(core_); }

Host::Host(std::shared_ptr<core::Core> core) : core_(std::move(core)) {}

Host& Host::operator=(Host&& other) noexcept {
  if (this != &other) {
    stop();
    core_ = std::move(other.core_);
  }
  return *this;
}

Host::~Host() { stop(); }

namespace {

void serve_on_each(core::Core& core, const std::string& method, const core::Served& served) {
  core.on_each([method, served](core::Core& one) { one.serve(method, served); });
}

}  // namespace

void Host::serve(std::string method, UnaryHandler handler) {
  serve_on_each(*core(), method, {std::move(handler), nullptr});
}

void Host::serve_stream(std::string method, StreamHandler handler) {
  serve_on_each(*core(), method, {std::move(handler), nullptr});
}

void Host::register_batched(std::string method, BatchHandler<Bytes, Bytes> handler,
                            const BatchConfig& config) {
  // A queue for each thread.
  core()->on_each(
      [method = std::move(method), handler = std::move(handler), config](core::Core& one) {
        const Batch<Bytes, Bytes> batch(config, handler);
        UnaryHandler submit = [batch](ServerCall& call, Bytes request) {
          return batch.submit(call, std::move(request));
        };
        one.serve(method, {std::move(submit), nullptr});
      });
}

void Host::serve(const std::shared_ptr<Service>& service) {
  for (ServiceMethod& method : service->methods()) {
    serve_on_each(*core(), std::string(method.info->name), {std::move(method.handler), service});
  }
}

void Host::intercept(ServerInterceptor interceptor) {
  core()->on_each(
      [interceptor = std::move(interceptor)](core::Core& one) { one.intercept(interceptor); });
}

void Host::authorize(std::string pattern, Authorizer authorizer) {
  core()->on_each([pattern = std::move(pattern), authorizer = std::move(authorizer)](
                      core::Core& one) { one.authorize(pattern, authorizer); });
}

asio::any_io_executor Host::executor() const { return core()->context().get_executor(); }

asio::awaitable<Result<Bytes>> Host::start_call(Peer peer, std::string method, Bytes request,
                                                const CallOptions& options) {
  const auto& core = this->core();
  return core::call_peer(core, std::move(peer), std::move(method), std::move(request),
                         core->terms(options));
}

ClientCall Host::open(Peer peer, std::string method, CallOptions options) {
  const auto& core = this->core();
  return ClientCall(core->open(std::move(peer), std::move(method), core->terms(options),
                               std::nullopt, core::Kind::stream));
}

asio::awaitable<Result<Peer>> Host::start_resolve(std::string text) {
  return core::resolve_peer(std::move(text), core()->families());
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
std::size_t Host::serving() const { return core()->serving(); }
HostCounters Host::counters() const { return core()->counters(); }
HostState Host::state() const { return core()->state(); }
const Node& Host::node() const { return core_->node(); }
Instant Host::now() const { return core_->now(); }
asio::io_context& Host::context() const { return core_->context(); }

}  // namespace rpcnet
