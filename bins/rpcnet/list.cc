// rpcnet list, describe and metrics: what a server serves, the .proto text of it, what it counted.
#include <google/protobuf/descriptor.h>

#include <cstdio>
#include <string>

#include "bins/program.h"
#include "bins/rpcnet/commands.h"
#include "bins/rpcnet/connection.h"
#include "bins/rpcnet/schema.h"
#include "io/log.h"
#include "rpcnet/v1/metrics.rpcnet.h"
#include "rpcnet/v1/reflection.rpcnet.h"

namespace rpcnet::bins {
namespace {

struct LookOptions {
  ServerOptions server{};
  std::string name;
};

constexpr const char* kStatuses =
    "Exit status: 0, or the number of the status that the server's reflection service answered\n"
    "(5: not_found, 12: unimplemented, 14: unavailable, ...); 64 for wrong input.";

void parse_list(LookOptions& target, int argc, const char* const* argv) {
  Options options("rpcnet list", "Tells the services of a server, or the methods of one of them.",
                  kStatuses);
  add_server(options, target.server);
  options.add({"service", {}, "NAME", "package.Service; its methods are told"}, text(target.name));
  options.parse(argc, argv);
}

void parse_describe(LookOptions& target, int argc, const char* const* argv) {
  Options options("rpcnet describe", "Tells the .proto text of what a server serves.", kStatuses);
  add_server(options, target.server);
  options.add({"symbol", {}, "NAME", "a service, method, message, enumeration or field", true},
              text(target.name));
  options.parse(argc, argv);
}

void parse_metrics(LookOptions& target, int argc, const char* const* argv) {
  Options options("rpcnet metrics", "Tells what a process has counted, as Prometheus reads it.",
                  kStatuses);
  add_server(options, target.server);
  options.parse(argc, argv);
}

// As it would stand in a .proto.
std::string signature(const google::protobuf::MethodDescriptor& method) {
  const auto type = [](bool stream, const google::protobuf::Descriptor& message) {
    return std::string(stream ? "(stream " : "(") + message.full_name() + ")";
  };
  return method.full_name() + " " + type(method.client_streaming(), *method.input_type()) +
         " returns " + type(method.server_streaming(), *method.output_type());
}

asio::awaitable<int> list(Program& program, const LookOptions& options) {
  const Connection connection(program.context(), options.server);
  const v1::ReflectionClient client(connection.channel());
  const v1::ListServicesRequest request;
  const auto services = co_await client.List(request);
  if (services.code() == StatusCode::unimplemented) {
    throw failed(error(StatusCode::unimplemented,
                       "the server has no reflection; it would have with "
                       "rpcnet::serve_standard(host)"));
  }
  if (!services.ok()) throw failed(services.status());
  bool found = options.name.empty();
  for (const auto& service : services->services()) {
    const std::string name = printable(service.name());
    if (options.name.empty()) {
      std::printf("%s%s\n", name.c_str(), service.described() ? "" : "  (bytes; not described)");
      continue;
    }
    if (service.name() != options.name) continue;
    found = true;
    auto schema = co_await fetch_schema(connection.channel(), service.name());
    for (const std::string& method : service.methods()) {
      const auto* known = schema.ok() ? (*schema)->method(method) : nullptr;
      std::printf("%s\n", known != nullptr ? signature(*known).c_str() : printable(method).c_str());
    }
  }
  if (!found) {
    throw failed(error(StatusCode::not_found, "no service \"" + options.name +
                                                  "\" is served there; rpcnet list " +
                                                  options.server.server + " tells which are"));
  }
  co_return 0;
}

asio::awaitable<int> describe(Program& program, const LookOptions& options) {
  const Connection connection(program.context(), options.server);
  auto schema = co_await fetch_schema(connection.channel(), options.name);
  if (!schema.ok()) throw failed(schema.status());
  const std::string text = (*schema)->text_of(options.name);
  if (text.empty()) {
    throw failed(
        error(StatusCode::not_found, "the server's files do not declare \"" + options.name + "\""));
  }
  std::fputs(text.c_str(), stdout);
  co_return 0;
}

asio::awaitable<int> metrics(Program& program, const LookOptions& options) {
  const Connection connection(program.context(), options.server);
  const v1::MetricsClient client(connection.channel());
  const v1::ReadMetricsRequest request;
  const auto page = co_await client.Read(request);
  if (!page.ok()) throw failed(page.status());
  std::fputs(page->text().c_str(), stdout);
  co_return 0;
}

}  // namespace

int list(int argc, const char* const* argv) {
  LookOptions options;
  return Program::run(
      "rpcnet list", [&] { parse_list(options, argc, argv); },
      [&](Program& program) { return list(program, options); });
}

int metrics(int argc, const char* const* argv) {
  LookOptions options;
  return Program::run(
      "rpcnet metrics", [&] { parse_metrics(options, argc, argv); },
      [&](Program& program) { return metrics(program, options); });
}

int describe(int argc, const char* const* argv) {
  LookOptions options;
  return Program::run(
      "rpcnet describe", [&] { parse_describe(options, argc, argv); },
      [&](Program& program) { return describe(program, options); });
}

}  // namespace rpcnet::bins
