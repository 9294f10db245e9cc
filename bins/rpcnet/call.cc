// rpcnet call: any method of any server, in JSON, by the server's own description of it.
#include <google/protobuf/descriptor.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bins/program.h"
#include "bins/rpcnet/commands.h"
#include "bins/rpcnet/connection.h"
#include "bins/rpcnet/lines.h"
#include "bins/rpcnet/schema.h"
#include "io/protobuf.h"

namespace rpcnet::bins {
namespace {

constexpr const char* kName = "rpcnet call";

struct CallCommand {
  ServerOptions server{};
  std::string method;
  std::optional<std::string> json;
  Metadata metadata;
  bool verbose = false;
};

Value method_name(std::string& target) {
  return {.take =
              [&target](const std::string& given) {
                target = given;
                const std::size_t slash = target.find('/');
                if (slash != std::string::npos) target[slash] = '.';
                const std::size_t dot = target.rfind('.');
                return dot != std::string::npos && dot > 0 && dot + 1 < target.size() &&
                       target.find('/') == std::string::npos;
              },
          .expected = "package.Service.Method or package.Service/Method",
          .initial = {}};
}

Value metadata(Metadata& target) {
  return {.take =
              [&target](const std::string& given) {
                const std::size_t equals = given.find('=');
                const std::string key = given.substr(0, std::min(equals, given.size()));
                if (equals == std::string::npos || !NodeId::parse(key)) return false;
                if (key.starts_with("rpcnet-")) return false;
                target.emplace_back(key, given.substr(equals + 1));
                return true;
              },
          .expected =
              "KEY=VALUE with a key of a-z 0-9 . _ - that does not begin with rpcnet-, such as "
              "authorization=secret",
          .initial = {},
          .repeated = true};
}

void parse(CallCommand& target, int argc, const char* const* argv) {
  Options options(
      kName, "Calls a method, with JSON there and back.",
      "What the messages are is asked of the server (its reflection service). A method that takes\n"
      "a stream reads JSON from standard input, a message a line, and what comes back is printed\n"
      "a message a line, as it comes.\n"
      "Exit status: 0, or the number of the status that the call ended with (5: not_found, 14:\n"
      "unavailable, ...), whose words are on standard error; 64 for wrong input.");
  add_server(options, target.server);
  options.add({"method", {}, "NAME", "package.Service.Method", true}, method_name(target.method));
  options.add({"json", {}, "JSON", "the request; {} unless given"},
              {.take =
                   [&target](const std::string& given) {
                     target.json = given;
                     return true;
                   },
               .expected = "JSON",
               .initial = {}});
  options.add({"--metadata", {}, "KEY=VALUE", "goes with the call; may be repeated"},
              metadata(target.metadata));
  options.add({"--verbose", {}, "", "also print headers, trailers and the status ok"},
              on_off(target.verbose));
  options.parse(argc, argv);
}

std::string kind_of(const google::protobuf::MethodDescriptor& method) {
  return method.full_name() + " takes a stream of " + method.input_type()->full_name();
}

void print(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

void print(const char* what, const Metadata& pairs) {
  for (const auto& [key, value] : pairs) {
    complain(kName, std::string(what) + " " + key + ": " + value);
  }
}

// A call whose requests come from standard input while its answers are printed.
struct Conversation {
  Conversation(asio::io_context& context, ClientCall begun) : call(std::move(begun)), in(context) {}
  ClientCall call;
  Lines in;
  std::optional<Exit> fault;  // of the input: it has ended the call
};

asio::awaitable<void> send_lines(std::shared_ptr<Conversation> talk,
                                 std::shared_ptr<const Schema> schema,
                                 const google::protobuf::Descriptor* type) {
  try {
    while (true) {
      const std::optional<std::string> line = co_await talk->in.next();
      if (!line) break;
      if (line->find_first_not_of(" \t\r") == std::string::npos) continue;
      auto message = schema->to_bytes(*type, *line);
      if (!message.ok()) {
        throw Exit{kUsage, "line " + std::to_string(talk->in.number()) +
                               " of the input: " + message.status().message};
      }
      const bool written = co_await talk->call.write(std::move(*message));
      if (!written) co_return;
    }
    talk->call.half_close();
  } catch (const Exit& exit) {
    talk->fault = exit;
    talk->call.cancel();
  }
}

class Caller {
 public:
  Caller(const Connection& connection, const CallCommand& command)
      : connection_(connection), command_(command) {}

  asio::awaitable<int> run() {
    auto fetched = co_await fetch_schema(connection_.channel(), command_.method);
    if (!fetched.ok()) throw failed(fetched.status());
    schema_ = std::move(*fetched);
    method_ = schema_->method(command_.method);
    if (method_ == nullptr) {
      throw Exit{kUsage, "method=\"" + command_.method +
                             "\" is no method; rpcnet list tells the methods of a service"};
    }
    Status status;
    if (method_->client_streaming()) {
      auto running = converse();
      status = co_await std::move(running);
    } else {
      auto running = ask();
      status = co_await std::move(running);
    }
    auto telling = tell(std::move(status));
    co_return co_await std::move(telling);
  }

 private:
  CallOptions options() const {
    CallOptions options;
    options.metadata = MetadataView(command_.metadata);
    return options;
  }

  // One message there, one or many back.
  asio::awaitable<Status> ask() {
    const std::string json = command_.json.value_or("{}");
    auto request = schema_->to_bytes(*method_->input_type(), json);
    if (!request.ok()) throw Exit{kUsage, "json=\"" + json + "\": " + request.status().message};
    ClientCall call = connection_.channel().open(command_.method, options());
    co_await call.write(std::move(*request));
    call.half_close();
    auto reading = read(call);
    co_return co_await std::move(reading);
  }

  asio::awaitable<Status> converse() {
    if (command_.json) {
      throw Exit{kUsage, kind_of(*method_) +
                             ": give one JSON a line on standard input, and none as an argument"};
    }
    const auto talk = std::make_shared<Conversation>(
        connection_.context(), connection_.channel().open(command_.method, options()));
    asio::co_spawn(connection_.context(), send_lines(talk, schema_, method_->input_type()),
                   asio::detached);
    auto reading = read(talk->call);
    Status status = co_await std::move(reading);
    if (talk->fault) throw Exit(*talk->fault);
    co_return status;
  }

  asio::awaitable<Status> read(ClientCall& call) {
    while (true) {
      const std::optional<Bytes> message = co_await call.read();
      if (!message) break;
      auto json = schema_->to_json(*method_->output_type(), *message);
      if (!json.ok()) co_return json.status();
      print(*json);
    }
    Status status = co_await call.finish();
    if (command_.verbose) {
      print("header", call.headers());
      print("trailer", call.trailers());
    }
    co_return status;
  }

  // The status in words, with its details.
  asio::awaitable<int> tell(Status status) {
    if (!status.ok() || command_.verbose) complain(kName, to_text(status));
    for (const core::AnyDetail& detail : core::parse_details(status.details)) {
      std::string words = std::to_string(detail.value.size()) + " bytes";
      auto asking = fetch_schema(connection_.channel(), detail.type);
      auto known = co_await std::move(asking);
      const auto* type = known.ok() ? (*known)->message(detail.type) : nullptr;
      if (type != nullptr) {
        const auto json = (*known)->to_json(*type, as_bytes(detail.value));
        if (json.ok()) words = *json;
      }
      complain(kName, "detail " + detail.type + " " + words);
    }
    co_return static_cast<int>(status.code);
  }

  const Connection& connection_;
  const CallCommand& command_;
  std::shared_ptr<const Schema> schema_;
  const google::protobuf::MethodDescriptor* method_ = nullptr;
};

asio::awaitable<int> run(Program& program, const CallCommand& command) {
  const Connection connection(program.context(), command.server);
  Caller caller(connection, command);
  auto running = caller.run();
  co_return co_await std::move(running);
}

}  // namespace

int call(int argc, const char* const* argv) {
  CallCommand command;
  return Program::run(
      kName, [&] { parse(command, argc, argv); },
      [&](Program& program) { return run(program, command); });
}

}  // namespace rpcnet::bins
