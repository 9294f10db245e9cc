// Host: this process on the network. It has one UDP socket, over which it serves calls, makes calls
// and takes part in its cluster.
//
//   asio::io_context context;
//   auto host = rpcnet::Host::start(context, {.bind = "127.0.0.1:61000"});
//   if (!host.ok()) ...
//   host->serve(std::make_shared<Greeter>());    // a service generated from a .proto, or by hand:
//   host->serve("Echo.echo", [](rpcnet::ServerCall&, rpcnet::Bytes request)
//       -> asio::awaitable<rpcnet::Result<rpcnet::Bytes>> { co_return request; });
//   context.run();
//
// Contract: everything happens on the thread that runs the io_context, handlers and coroutines
// included; call nothing of a Host from another thread (asio::post to it instead), with one
// exception: call() with another token than a coroutine's, such as asio::use_future, may be used
// from any thread while the Host lives. The io_context must outlive the Host. Destroying a Host
// ends its links; calls that still run end as cancelled.
//
// With HostOptions::io_threads above one, the host starts further threads when the io_context
// begins to run, and each serves the links that fell to it: a handler runs on the thread of its
// caller's link, a copy of it on each thread, and what handlers share beyond that they must guard
// themselves. From inside one, call(), open(), resolve(), serve(), counters() and serving() may be
// used as on the first thread; calls go out from the same thread, and answers come back to it. A
// Channel, a ClientCall, a ServerCall belong to the thread that made them, and must be gone before
// the Host is. All else, above all what concerns the cluster, starting, draining and ending,
// belongs to the first thread; the standard services (services/) keep what they know there,
// unguarded, so that they refuse a host with several threads.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/command.h"
#include "engine/config.h"
#include "engine/node.h"
#include "io/batch.h"
#include "io/call.h"
#include "io/cluster_config.h"
#include "io/completion.h"
#include "io/compression_options.h"
#include "io/credentials.h"
#include "io/host_state.h"
#include "io/interceptor.h"
#include "io/quic/config.h"
#include "io/quic/counters.h"
#include "io/recording_options.h"
#include "io/result.h"
#include "io/service.h"
#include "io/snapshot_options.h"
#include "io/udp_counters.h"

namespace rpcnet {

struct HostOptions {
  // Where to listen: "127.0.0.1:61000", "[::]:61000" (IPv6 and IPv4), "localhost:0". Port 0 lets
  // the system choose; Host::address() tells.
  std::string bind = "127.0.0.1:0";

  // Where others reach this host, if not where it binds: "10.0.0.5:61000", or a host alone, which
  // takes the port of `bind`.
  std::string advertise{};

  // With a wildcard bind (0.0.0.0, [::]) and no `advertise`: the address that this machine uses
  // towards this one is advertised, for instance "seed.example:61000". A member with neither is
  // refused at the start, since no choice would be right on a machine with several networks.
  std::string advertise_towards{};

  // This node's name, [a-z0-9._-]; the certificate must cover it. Empty: the certificate's own
  // name, or if that is a pattern, the pattern's beginning and the advertised address: the same
  // again after a restart.
  std::string node{};

  // Threads that receive, decrypt and run handlers, the one of the io_context included: 1 to 128,
  // as many as there are cores to use. One link has one thread; a caller with several links, and
  // several callers, spread. Limits of calls, links and handlers (RpcConfig, AdmissionConfig) are
  // for each. The flight recorder records the first.
  std::size_t io_threads = 1;
  // Let the kernel give each datagram to its thread. False, or where it cannot: it goes by the
  // sender's address, and a thread hands on what is another one's.
  bool io_steering = true;

  // Not `{}`: g++ 12 at -O3 would warn every caller of members that are not initialized.
  CredentialFiles credentials = CredentialFiles();
  // What load_credentials() made of files, for hosts of one process that share them: read, parsed
  // and checked once, not for each. Null: the files above are read. Host::reload() reads files.
  Credentials loaded = nullptr;
  // The cluster's name. Empty: the one in the certificate; only a client without a certificate
  // (CredentialFiles::anonymous) has to say it.
  std::string cluster_name{};
  // Whether callers need a certificate. Members always do, whatever this says.
  quic::ClientCertificate callers = quic::ClientCertificate::optional;

  bool member = true;  // false: only calls and serves, takes no part in membership
  bool accept = true;  // false: a pure client; nobody can connect to it

  ClusterConfig cluster{};           // membership, failure detection, balancing
  RpcConfig rpc{};                   // message size, calls, buffers
  RetryConfig retry{};               // of calls through a Channel or a ClusterClient
  HedgeConfig hedge{};               // of calls through them to methods marked safe; off
  OutlierConfig outliers{};          // workers that a ClusterClient leaves alone for a while
  AdmissionConfig admission{};       // how many handlers run at once; any number
  CompressionOptions compression{};  // of messages; off
  LinksConfig links{};               // how peers are dialled for calls
  quic::EndpointConfig quic{};  // windows, timeouts, packets; cluster, keys, address are set here

  // Events that wait in one EventStream; beyond that they are coalesced, without loss, to a few of
  // each member, and Coalesced is told.
  std::size_t event_queue_max = 1000;

  // How long a call may take that does not say (CallOptions::timeout); absent: for ever.
  std::optional<Duration> call_timeout = std::chrono::seconds(10);

  // How large the kernel's socket buffers are asked to be, bytes. Debian's default of 208 KiB drops
  // bursts.
  std::size_t socket_buffer_bytes = std::size_t{8} << 20;

  // How long the loop goes on asking the socket after something came or went, before it sleeps. To
  // be woken costs a process some 25 microseconds, and more on a machine that saves power; this
  // saves them while there is traffic, at the price of a core. Zero, the default: sleep at once.
  Duration spin{};

  RecordingOptions recording{};  // the flight recorder; off
  SnapshotOptions snapshot{};    // for rejoining without seeds; off

  // Of the engine's random numbers; 0: drawn from the system.
  std::uint64_t seed = 0;
};

// What the host has counted since it began.
struct HostCounters {
  UdpCounters udp;
  quic::Counters quic;  // links, and refused handshakes by reason
  rpc::Counters rpc;
  swim::Counters swim;
  RecordingCounters recording;
  std::uint64_t handlers_failed = 0;  // exceptions out of handlers
  std::uint64_t unknown_methods = 0;
  std::uint64_t calls_denied = 0;       // by an Authorizer
  std::uint64_t events_coalesced = 0;   // left out of full EventStreams, overtaken
  std::uint64_t calls_turned_away = 0;  // for AdmissionConfig
};

class Host {
 public:
  // Opens the socket and begins. Every fault is told at once and in words: the port in use, the
  // certificate, the name.
  static Result<Host> start(asio::io_context& context, HostOptions options);

  Host() = default;  // not started; only destruction and assignment are allowed
  Host(Host&&) noexcept = default;
  Host& operator=(Host&& other) noexcept;
  ~Host();

  // ------------------------------------------------------------------------------ serving

  // Serves `method` from now on; an earlier handler of that name is replaced for new calls and
  // finishes those it has. At any time, also from inside a handler.
  void serve(std::string method, UnaryHandler handler);
  void serve_stream(std::string method, StreamHandler handler);
  // Unary calls that are answered together (io/batch.h). Throws std::invalid_argument if `config`
  // is out of its bounds (engine/config_bounds.h).
  void register_batched(std::string method, BatchHandler<Bytes, Bytes> handler,
                        const BatchConfig& config = {});
  // All methods of a service; it lives until they are replaced and their calls are over.
  void serve(const std::shared_ptr<Service>& service);

  // Around every handler from now on, inside the interceptors there are.
  void intercept(ServerInterceptor interceptor);
  // Asked before anything else of a call to a method that matches: its name, or "Billing.*" for all
  // names that begin so. Of several patterns the longest decides; the same one again is replaced.
  void authorize(std::string pattern, Authorizer authorizer);

  // ------------------------------------------------------------------------------ calling

  // One message there, one back: Result<Bytes>. Cancelling the waiting cancels the call.
  template <typename Token = Awaited>
  auto call(Peer peer, std::string method, Bytes request, CallOptions options = {},
            Token&& token = Token()) {
    return core::complete(
        [this] { return executor(); },
        start_call(std::move(peer), std::move(method), std::move(request), options),
        std::forward<Token>(token));
  }

  // Messages both ways. A call that cannot begin comes back already ended.
  ClientCall open(Peer peer, std::string method, CallOptions options = {});

  // "localhost:61000" to a Result<Peer> to call. Names are looked up without blocking; an IPv4
  // address is preferred where this host's socket can reach both kinds.
  template <typename Token = Awaited>
  auto resolve(std::string text, Token&& token = Token()) {
    return core::complete(executor(), start_resolve(std::move(text)), std::forward<Token>(token));
  }

  // ------------------------------------------------------------------------------- ending

  // Turns new calls away, lets running ones finish and their answers be acknowledged, for at most
  // `grace`. True: nothing was cut.
  template <typename Token = Awaited>
  auto drain(Duration grace, Token&& token = Token()) {
    return core::complete(executor(), start_drain(grace), std::forward<Token>(token));
  }

  // Ends everything now: links are closed, calls end as cancelled, handlers are cancelled.
  void stop();

  // Uses other files for handshakes from now on (a renewed certificate); links stay as they are.
  // The old ones stay in use if there is a fault with the new ones.
  Status reload(const CredentialFiles& files);

  // ------------------------------------------------------------------------------ knowing

  const Address& address() const;  // bound, with the real port
  const Address& advertised() const;
  const NodeId& id() const;
  const std::string& cluster_name() const;
  std::size_t serving() const;  // incoming calls that are open, on all threads
  HostCounters counters() const;
  HostState state() const;   // of the thread that asks
  const Node& node() const;  // views of the first thread's engine
  Instant now() const;       // the clock that deadlines are given in
  asio::io_context& context() const;

  // For the other classes of the library.
  const std::shared_ptr<core::Core>& core() const;

 private:
  explicit Host(std::shared_ptr<core::Core> core);
  asio::any_io_executor executor() const;
  asio::awaitable<Result<Bytes>> start_call(Peer peer, std::string method, Bytes request,
                                            const CallOptions& options);
  asio::awaitable<Result<Peer>> start_resolve(std::string text);
  asio::awaitable<bool> start_drain(Duration grace);

  std::shared_ptr<core::Core> core_;
};

}  // namespace rpcnet
