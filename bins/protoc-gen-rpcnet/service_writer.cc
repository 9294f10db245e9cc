// Texts with holes, and what fills them.
#include "bins/protoc-gen-rpcnet/service_writer.h"

#include <google/protobuf/compiler/cpp/names.h>
#include <google/protobuf/descriptor.pb.h>

#include <string_view>

#include "bins/protoc-gen-rpcnet/names.h"

namespace rpcnet::codegen {
namespace {

namespace pb = google::protobuf;

enum class Kind { unary, server_stream, client_stream, bidi_stream };

Kind kind_of(const pb::MethodDescriptor& method) {
  if (method.client_streaming()) {
    return method.server_streaming() ? Kind::bidi_stream : Kind::client_stream;
  }
  return method.server_streaming() ? Kind::server_stream : Kind::unary;
}

// The comment above a service or method, as a C++ comment.
template <typename Descriptor>
void write_comment(const Descriptor& descriptor, pb::io::Printer& out) {
  pb::SourceLocation location;
  if (!descriptor.GetSourceLocation(&location)) return;
  std::string_view rest = location.leading_comments;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    // A comment that ends in a backslash would swallow the next line.
    line = line.substr(0, line.find_last_not_of(" \t\r\\") + 1);
    out.Print("//$line$\n", "line", std::string(line));
  }
}

const char* idempotency_of(const pb::MethodDescriptor& method) {
  switch (method.options().idempotency_level()) {
    case pb::MethodOptions::NO_SIDE_EFFECTS: return "no_side_effects";
    case pb::MethodOptions::IDEMPOTENT: return "idempotent";
    default: return "unknown";
  }
}

const char* literal(bool value) { return value ? "true" : "false"; }

}  // namespace

ServiceWriter::ServiceWriter(const pb::ServiceDescriptor& service) : service_(service) {
  const auto names = class_names(service);
  words_ = {{"full", service.full_name()},
            {"client", names[0]},
            {"service", names[1]},
            {"methods", names[2]},
            {"deprecated", service.options().deprecated() ? "[[deprecated]] " : ""}};
}

ServiceWriter::Words ServiceWriter::words_of(const pb::MethodDescriptor& method) const {
  Words words = words_;
  words["name"] = function_name(method);
  words["method"] = method.full_name();
  words["request"] = pb::compiler::cpp::QualifiedClassName(method.input_type());
  words["reply"] = pb::compiler::cpp::QualifiedClassName(method.output_type());
  words["request_name"] = method.input_type()->full_name();
  words["reply_name"] = method.output_type()->full_name();
  words["client_streaming"] = literal(method.client_streaming());
  words["server_streaming"] = literal(method.server_streaming());
  words["idempotency"] = idempotency_of(method);
  words["deprecated"] = method.options().deprecated() ? "[[deprecated]] " : "";
  return words;
}

void ServiceWriter::write_declarations(pb::io::Printer& out) const {
  write_methods(out);
  write_client(out);
  write_service(out);
}

void ServiceWriter::write_methods(pb::io::Printer& out) const {
  out.Print(words_,
            "\n// What $full$ serves.\n"
            "struct $methods$ {\n");
  out.Indent();
  for (int i = 0; i < service_.method_count(); ++i) {
    out.Print(words_of(*service_.method(i)),
              "static constexpr ::rpcnet::MethodInfo $name${\n"
              "    .name = \"$method$\",\n"
              "    .request = \"$request_name$\",\n"
              "    .reply = \"$reply_name$\",\n"
              "    .client_streaming = $client_streaming$,\n"
              "    .server_streaming = $server_streaming$,\n"
              "    .idempotency = ::rpcnet::Idempotency::$idempotency$};\n");
  }
  out.Outdent();
  out.Print("};\n");
}

void ServiceWriter::write_client(pb::io::Printer& out) const {
  out.Print("\n");
  write_comment(service_, out);
  out.Print(words_,
            "class $deprecated$$client$ {\n"
            " public:\n"
            "  explicit $client$(::rpcnet::Channel channel) : via_(::std::move(channel)) {}\n");
  out.Indent();
  for (int i = 0; i < service_.method_count(); ++i) {
    const pb::MethodDescriptor& method = *service_.method(i);
    const Words words = words_of(method);
    out.Print("\n");
    write_comment(method, out);
    switch (kind_of(method)) {
      case Kind::unary:
        out.Print(words,
                  "// Gives a ::rpcnet::Result<$reply$>.\n"
                  "template <typename Token = ::rpcnet::Awaited>\n"
                  "$deprecated$auto $name$(const $request$& request,\n"
                  "    ::rpcnet::CallOptions options = {}, Token&& token = Token()) const {\n"
                  "  return ::rpcnet::call<$reply$>(via_, $methods$::$name$, request, options,\n"
                  "      ::std::forward<Token>(token));\n"
                  "}\n");
        break;
      case Kind::server_stream:
        out.Print(words,
                  "$deprecated$::rpcnet::ClientReader<$reply$> $name$(const $request$& request,\n"
                  "    ::rpcnet::CallOptions options = {}) const {\n"
                  "  return ::rpcnet::open<::rpcnet::ClientReader<$reply$>>(\n"
                  "      via_, $methods$::$name$, request, options);\n"
                  "}\n"
                  "// The same as a stream that goes on elsewhere, of a handler that can resume.\n"
                  "$deprecated$::rpcnet::ResumableReader<$reply$> $name$_resumable(\n"
                  "    const $request$& request,\n"
                  "    const ::rpcnet::ResumeOptions& options = {}) const {\n"
                  "  return ::rpcnet::resumable<$reply$>(\n"
                  "      via_, $methods$::$name$, request, options);\n"
                  "}\n");
        break;
      case Kind::client_stream:
      case Kind::bidi_stream: {
        Words with_class = words;
        with_class["class"] =
            kind_of(method) == Kind::client_stream ? "ClientWriter" : "ClientReaderWriter";
        out.Print(with_class,
                  "$deprecated$::rpcnet::$class$<$request$, $reply$> $name$(\n"
                  "    ::rpcnet::CallOptions options = {}) const {\n"
                  "  return ::rpcnet::open<::rpcnet::$class$<$request$, $reply$>>(\n"
                  "      via_, $methods$::$name$, options);\n"
                  "}\n");
        break;
      }
    }
  }
  out.Outdent();
  out.Print(
      "\n"
      "  const ::rpcnet::Channel& channel() const { return via_; }\n\n"
      " private:\n"
      "  ::rpcnet::Channel via_;\n"
      "};\n");
}

namespace {

// Parameters and result of a handler; `names` also names the parameters.
const char* signature(Kind kind, bool names) {
  switch (kind) {
    case Kind::unary:
      return names ? "::rpcnet::ServerCall& call, $request$ request"
                   : "::rpcnet::ServerCall&, $request$";
    case Kind::server_stream:
      return names ? "::rpcnet::ServerCall& call, $request$ request,\n"
                     "    ::rpcnet::ServerWriter<$reply$> replies"
                   : "::rpcnet::ServerCall&, $request$,\n"
                     "    ::rpcnet::ServerWriter<$reply$>";
    case Kind::client_stream:
      return names ? "::rpcnet::ServerCall& call, ::rpcnet::ServerReader<$request$> requests"
                   : "::rpcnet::ServerCall&, ::rpcnet::ServerReader<$request$>";
    case Kind::bidi_stream:
      return names ? "::rpcnet::ServerCall& call, ::rpcnet::ServerReader<$request$> requests,\n"
                     "    ::rpcnet::ServerWriter<$reply$> replies"
                   : "::rpcnet::ServerCall&, ::rpcnet::ServerReader<$request$>,\n"
                     "    ::rpcnet::ServerWriter<$reply$>";
  }
  return "";
}

const char* result(Kind kind) {
  const bool one_reply = kind == Kind::unary || kind == Kind::client_stream;
  return one_reply ? "::asio::awaitable<::rpcnet::Result<$reply$>>"
                   : "::asio::awaitable<::rpcnet::Status>";
}

const char* adapter(Kind kind) {
  switch (kind) {
    case Kind::unary: return "unary_handler";
    case Kind::server_stream: return "server_stream_handler";
    case Kind::client_stream: return "client_stream_handler";
    case Kind::bidi_stream: return "bidi_stream_handler";
  }
  return "";
}

const char* arguments(Kind kind) {
  switch (kind) {
    case Kind::unary: return "call, ::std::move(request)";
    case Kind::server_stream: return "call, ::std::move(request), replies";
    case Kind::client_stream: return "call, requests";
    case Kind::bidi_stream: return "call, requests, replies";
  }
  return "";
}

}  // namespace

void ServiceWriter::write_service(pb::io::Printer& out) const {
  out.Print("\n");
  write_comment(service_, out);
  out.Print(words_,
            "// Override what is served; the rest answers `unimplemented`.\n"
            "class $service$ : public ::rpcnet::Service {\n"
            " public:\n");
  out.Indent();
  for (int i = 0; i < service_.method_count(); ++i) {
    const pb::MethodDescriptor& method = *service_.method(i);
    const Kind kind = kind_of(method);
    write_comment(method, out);
    const std::string text = std::string("virtual ") + result(kind) + " $name$(\n    " +
                             signature(kind, true) + ");\n\n";
    out.Print(words_of(method), text.c_str());
  }
  out.Outdent();
  out.Print(
      "  ::std::string_view name() const final;\n"
      "  ::std::vector<::rpcnet::ServiceMethod> methods() final;\n"
      "};\n");
}

void ServiceWriter::write_definitions(pb::io::Printer& out) const {
  for (int i = 0; i < service_.method_count(); ++i) {
    const pb::MethodDescriptor& method = *service_.method(i);
    const Kind kind = kind_of(method);
    const std::string text = std::string("\n") + result(kind) + "\n$service$::$name$(\n    " +
                             signature(kind, false) +
                             ") {\n  co_return ::rpcnet::not_implemented($methods$::$name$);\n}\n";
    out.Print(words_of(method), text.c_str());
  }
  out.Print(words_,
            "\n::std::string_view $service$::name() const { return \"$full$\"; }\n"
            "\n::std::vector<::rpcnet::ServiceMethod> $service$::methods() {\n"
            "  ::std::vector<::rpcnet::ServiceMethod> all;\n");
  out.Indent();
  for (int i = 0; i < service_.method_count(); ++i) {
    const pb::MethodDescriptor& method = *service_.method(i);
    const Kind kind = kind_of(method);
    const std::string text = std::string("all.push_back({&$methods$::$name$,\n    ::rpcnet::") +
                             adapter(kind) + "<$request$, $reply$>([this](\n    " +
                             signature(kind, true) + ") {\n      return $name$(" + arguments(kind) +
                             ");\n    })});\n";
    out.Print(words_of(method), text.c_str());
  }
  out.Outdent();
  out.Print(
      "  return all;\n"
      "}\n");
}

}  // namespace rpcnet::codegen
