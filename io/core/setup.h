// From a HostOptions to what the machines need, with every fault told in words.
#pragma once

#include <asio/io_context.hpp>

#include <memory>
#include <optional>
#include <string>

#include "engine/config.h"
#include "io/credentials.h"
#include "io/host.h"
#include "io/quic/config.h"
#include "io/result.h"
#include "io/udp_socket.h"

namespace rpcnet::core {

class Core;

// What stays of the options once the host runs.
struct HostSettings {
  CredentialFiles credentials;
  std::size_t event_queue_max = 0;
  std::optional<Duration> call_timeout;
  RetryConfig retry;
  HedgeConfig hedge;
  OutlierConfig outliers;
  AdmissionConfig admission;
  CompressionOptions compression;
  Duration spin{};
  SnapshotOptions snapshot;
};

struct Setup {
  std::unique_ptr<UdpSocket> socket;
  NodeConfig node;
  quic::EndpointConfig endpoint;
  Credentials credentials;
  RecordingOptions recording;
  HostSettings settings;
};

Result<Setup> set_up(asio::io_context& context, HostOptions options);

// A host that runs, on as many threads as it is to have.
Result<std::shared_ptr<Core>> start_core(asio::io_context& context, HostOptions options);

// May this certificate speak as `node` of `cluster`? The error says what to do.
Status check_identity(const Credentials& credentials, const CredentialFiles& files,
                      const std::string& cluster, const NodeId& node);

}  // namespace rpcnet::core
