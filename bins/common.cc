#include "bins/common.h"

#include <spdlog/spdlog.h>

namespace rpcnet::bins {
namespace {

spdlog::level::level_enum library_level(LogLevel wanted) {
  switch (wanted) {
    case LogLevel::off: return spdlog::level::off;
    case LogLevel::error: return spdlog::level::err;
    case LogLevel::warn:
    case LogLevel::info: return spdlog::level::warn;
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::trace: return spdlog::level::trace;
  }
  return spdlog::level::warn;
}

void add_recording(Options& options, RecordingOptions& target) {
  options.add({"--record",
               {"RPCNET_RECORD"},
               "FILE",
               "write every input of the engine here, for `sim replay FILE`; an earlier FILE "
               "becomes FILE.previous"},
              text(target.file));
  options.add({"--record-max-bytes", {}, "N", "the recording ends when it is as large"},
              count(target.bytes_max, 4096, UINT64_MAX));
  options.add({"--record-payloads",
               {},
               "",
               "record messages, metadata values and status words as they are, secrets included"},
              on_off(target.payloads));
}

}  // namespace

void add_common(Options& options, CommonOptions& target) {
  CredentialFiles& files = target.credentials;
  options.add({"--cert", {"RPCNET_CERT"}, "FILE", "certificate (certs/test_cert.pem)"},
              text(files.certificate));
  options.add({"--key", {"RPCNET_KEY"}, "FILE", "its private key (certs/test_key.pem)"},
              text(files.key));
  options.add({"--ca", {"RPCNET_CA"}, "FILE", "the cluster's authority (certs/ca_cert.pem)"},
              text(files.authority));
  options.add({"--log",
               {"RPCNET_LOG", "RUST_LOG"},
               "LEVEL",
               "off, error, warn, info, debug, trace; the library's own log joins in at debug"},
              log_level(target.log));
  options.add({"--symbols", {}, "WHEN", "auto (on a terminal, without NO_COLOR), always, never"},
              choice<Symbols>(target.symbols, {{"auto", Symbols::automatic},
                                               {"always", Symbols::always},
                                               {"never", Symbols::never}}));
  add_recording(options, target.recording);
}

void add_member(Options& options, MemberOptions& target) {
  options.add({"--advertise", {}, "HOST[:PORT]", "where others reach this process, if not there"},
              host(target.advertise));
  options.add({"--node", {}, "NAME", "this node's name, which its certificate must cover"},
              node_name(target.node));
  options.add({"--snapshot",
               {"RPCNET_SNAPSHOT"},
               "FILE",
               "keep the members' addresses here, to rejoin through them when no director is left"},
              text(target.snapshot));
}

void set_up_library_log(LogLevel wanted) {
  set_up_log();
  spdlog::default_logger()->set_level(library_level(wanted));
}

Exit cannot_start(const std::string& addr, const Status& status) {
  return {1, "cannot start at " + addr + ": " + status.message};
}

HostOptions member_host(const std::string& bind, const std::string& director,
                        const CommonOptions& common, const MemberOptions& member) {
  HostOptions options;
  options.bind = bind;
  options.advertise = member.advertise;
  options.advertise_towards = director;
  options.node = member.node;
  options.credentials = common.credentials;
  options.recording = common.recording;
  options.snapshot.file = member.snapshot;
  // A client that was killed must not count as load until QUIC's idle timeout.
  options.quic.accept_silence_max = std::chrono::seconds(5);
  return options;
}

}  // namespace rpcnet::bins
