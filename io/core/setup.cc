// Credentials, socket, address, name, in the order in which they depend on each other.
#include "io/core/setup.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "engine/bounds.h"
#include "engine/config_bounds.h"
#include "io/core/core.h"
#include "io/core/io_threads.h"
#include "io/quic/config_bounds.h"
#include "io/resolve.h"
#include "io/system.h"

namespace rpcnet::core {
namespace {

Result<Address> bind_address(const std::string& text) {
  auto found = resolve_now(text, {});
  if (!found.ok()) return error(found.code(), "bind address: " + found.status().message);
  return found->front();
}

Result<Address> given_advertise(const std::string& text, const Address& bound) {
  std::string whole = text;
  if (!parse_host_port(text)) {
    const bool bare_v6 = text.find(':') != std::string::npos && text.front() != '[';
    whole = (bare_v6 ? "[" + text + "]" : text) + ":" + std::to_string(bound.port);
  }
  auto found = resolve_now(whole, {});
  if (!found.ok()) return error(found.code(), "advertise address: " + found.status().message);
  Address address = found->front();
  if (address.port == 0) address.port = bound.port;
  if (address.is_unspecified()) {
    return error(StatusCode::invalid_argument,
                 "advertise address \"" + text + "\" is a wildcard; others cannot reach that");
  }
  return address;
}

Result<Address> advertise_address(const HostOptions& options, const UdpSocket& socket) {
  const Address& bound = socket.local();
  if (!options.advertise.empty()) return given_advertise(options.advertise, bound);
  if (!bound.is_unspecified()) return bound;
  if (!options.advertise_towards.empty()) {
    auto towards =
        resolve_now(options.advertise_towards, {socket.reaches_v4(), socket.reaches_v6()});
    if (!towards.ok()) return error(towards.code(), "advertise: " + towards.status().message);
    auto source = route_source(towards->front());
    if (!source) {
      return error(StatusCode::unavailable, "advertise: this machine has no route to " +
                                                options.advertise_towards +
                                                "; say with `advertise` where others reach us");
    }
    source->port = bound.port;
    return *source;
  }
  if (!options.member) return bound;
  return error(StatusCode::invalid_argument,
               "bound to " + to_text(bound) +
                   ", which tells the other members nothing: say with `advertise` where they "
                   "reach this node, for instance 10.0.0.5:" +
                   std::to_string(bound.port));
}

// The pattern's beginning and the address, in the letters that names are made of.
Result<NodeId> derived_name(const std::string& pattern, const Address& address) {
  std::string name = pattern.substr(0, pattern.size() - 1);
  if (name.empty()) name = "node-";
  for (const char letter : to_text(address)) {
    if (letter == ':') {
      name += '-';
    } else if (letter != '[' && letter != ']') {
      name += letter;
    }
  }
  const auto id = NodeId::parse(name);
  if (!id) {
    return error(StatusCode::invalid_argument,
                 "the name \"" + name +
                     "\" made from the certificate's pattern is too long; name "
                     "the node yourself");
  }
  return *id;
}

Result<NodeId> node_name(const HostOptions& options, const Credentials& credentials,
                         const Address& address) {
  if (!options.node.empty()) {
    const auto id = NodeId::parse(options.node);
    if (!id) {
      return error(StatusCode::invalid_argument,
                   "the node name \"" + options.node + "\" is not of 1 to 64 of [a-z0-9._-]");
    }
    return *id;
  }
  const auto& identity = credentials->identity();
  if (!identity) return derived_name("client-*", address);
  if (identity->node.ends_with('*')) return derived_name(identity->node, address);
  const auto id = NodeId::parse(identity->node);
  if (!id) {
    return error(StatusCode::failed_precondition,
                 "the certificate's node name \"" + identity->node + "\" is no valid name");
  }
  return *id;
}

}  // namespace

Status check_identity(const Credentials& credentials, const CredentialFiles& files,
                      const std::string& cluster, const NodeId& node) {
  const auto& identity = credentials->identity();
  if (!identity) return {};
  const std::string who = "certificate file \"" + files.certificate + "\": is for rpcnet://" +
                          identity->cluster + "/" + identity->node;
  if (identity->cluster != cluster) {
    return error(StatusCode::failed_precondition,
                 who + ", expected cluster \"" + cluster + "\"; use a certificate of that cluster");
  }
  if (!identity->covers(node)) {
    return error(StatusCode::failed_precondition,
                 who + ", which does not cover the node name \"" + node.text() +
                     "\"; use that name, or make a certificate with scripts/make-certs --node " +
                     node.text());
  }
  return {};
}

namespace {

constexpr std::size_t kThreadsMax = 128;  // an index is one byte of a connection id

constexpr Duration kSpinMax = std::chrono::seconds(1);

std::optional<std::string> fault_of(const HostOptions& options) {
  Bounds bounds("HostOptions");
  bounds.number("io_threads", options.io_threads, 1, kThreadsMax)
      .number("event_queue_max", options.event_queue_max, 1)
      .time("call_timeout", options.call_timeout.value_or(Duration()))
      .time("spin", options.spin, {}, kSpinMax);
  if (bounds.fault()) return bounds.fault();
  if (auto fault = rpcnet::fault_of(options.retry)) return fault;
  if (auto fault = rpcnet::fault_of(options.hedge)) return fault;
  if (auto fault = rpcnet::fault_of(options.outliers)) return fault;
  return quic::fault_of(options.quic);
}

}  // namespace

Result<Setup> set_up(asio::io_context& context, HostOptions options) {
  if (auto fault = fault_of(options)) return error(StatusCode::invalid_argument, *fault);
  const CredentialFiles files = located(options.credentials);
  Result<Credentials> credentials =
      options.loaded ? Result(options.loaded) : load_credentials(files);
  if (!credentials.ok()) return credentials.status();
  const auto& identity = (*credentials)->identity();
  if (!identity && options.member) {
    return error(StatusCode::failed_precondition,
                 "a member needs a certificate; set HostOptions::member to false for a client "
                 "without one");
  }
  std::string cluster = options.cluster_name;
  if (cluster.empty() && identity) cluster = identity->cluster;
  if (cluster.empty()) {
    return error(StatusCode::invalid_argument,
                 "without a certificate, HostOptions::cluster_name must say which cluster to talk "
                 "to");
  }

  const auto bind = bind_address(options.bind);
  if (!bind.ok()) return bind.status();
  auto socket = UdpSocket::open(context, *bind, options.socket_buffer_bytes);
  if (!socket.ok()) return socket.status();
  if (const auto& advice = (*socket)->advice()) spdlog::warn("{}", *advice);
  const auto advertise = advertise_address(options, **socket);
  if (!advertise.ok()) return advertise.status();
  const auto name = node_name(options, *credentials, *advertise);
  if (!name.ok()) return name.status();
  if (Status status = check_identity(*credentials, files, cluster, *name); !status.ok()) {
    return status;
  }

  const std::uint64_t seed = options.seed != 0 ? options.seed : system_random_number();
  NodeConfig node{.id = *name,
                  .cluster = cluster,
                  .advertise = *advertise,
                  .seed = seed,
                  .member = options.member,
                  .rpc_links = options.links,
                  .swim = options.cluster.swim,
                  .phi = options.cluster.phi,
                  .rpc = options.rpc,
                  .registry = options.cluster.registry};
  if (options.cluster.links) node.gossip_links = *options.cluster.links;
  node.gossip_links.per_peer_max = 1;
  if (auto fault = rpcnet::fault_of(node)) return error(StatusCode::invalid_argument, *fault);

  quic::EndpointConfig endpoint = std::move(options.quic);
  endpoint.cluster = cluster;
  endpoint.local = (*socket)->local();
  endpoint.accept = options.accept && identity.has_value();
  endpoint.rpc_clients = options.callers;
  // From the private key where there is one, so that a restarted process can tell its old peers
  // (RFC 9000 10.3.2). But no other process that holds the same certificate may give away what
  // resets the links of this one (21.11), so the name and the place count too.
  const std::string place = " of " + name->text() + " at " + to_text(*advertise);
  const auto key = [&](const std::string& label) {
    if (const auto derived = (*credentials)->derive_key(label + place)) return *derived;
    quic::SecretKey random{};
    system_entropy(random);
    return random;
  };
  endpoint.reset_key = key("rpcnet stateless reset");
  endpoint.token_key = key("rpcnet retry token");

  return Setup{.socket = std::move(*socket),
               .node = std::move(node),
               .endpoint = std::move(endpoint),
               .credentials = std::move(*credentials),
               .recording = std::move(options.recording),
               .settings = {files, options.event_queue_max, options.call_timeout, options.retry,
                            options.hedge, options.outliers, options.admission, options.compression,
                            options.spin, std::move(options.snapshot)}};
}

namespace {

constexpr std::uint64_t kThreadFork = 0x746872656164;  // "thread"

// The same process again, for another of its threads, but for its membership.
Setup set_up_beside(const Setup& first, std::size_t index, std::unique_ptr<UdpSocket> socket) {
  Setup setup{.socket = std::move(socket),
              .node = first.node,
              .endpoint = first.endpoint,
              .credentials = first.credentials,
              .recording = {},
              .settings = first.settings};
  setup.node.member = false;
  setup.node.seed = Rng(first.node.seed).fork(kThreadFork).fork(index).next();
  setup.endpoint.owner = static_cast<std::uint8_t>(index);
  return setup;
}

}  // namespace

Result<std::shared_ptr<Core>> start_core(asio::io_context& context, HostOptions options) {
  const std::size_t count = options.io_threads;
  const std::size_t buffer_bytes = options.socket_buffer_bytes;
  const bool steering = options.io_steering;
  auto first = set_up(context, std::move(options));
  if (!first.ok()) return first.status();
  if (count == 1) {
    auto core = std::make_shared<Core>(context, std::move(*first));
    core->start();
    return core;
  }
  auto threads = std::make_unique<IoThreads>(count);
  first->endpoint.owners = static_cast<std::uint8_t>(count);
  for (std::size_t i = 1; i < count; ++i) {
    auto socket = UdpSocket::open_beside(*first->socket, threads->context(i), buffer_bytes);
    if (!socket.ok()) return socket.status();
    threads->set(
        i, std::make_shared<Core>(threads->context(i), set_up_beside(*first, i, std::move(*socket)),
                                  threads.get()));
  }
  if (steering && !first->socket->steer(count)) {
    spdlog::info(
        "io_threads: the kernel does not steer; datagrams of another thread are handed on");
  }
  auto core = std::make_shared<Core>(context, std::move(*first), threads.get());
  threads->set_first(*core, context);
  core->start(std::move(threads));
  return core;
}

}  // namespace rpcnet::core
