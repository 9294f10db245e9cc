// Keywords, classes, namespaces.
#include "bins/protoc-gen-rpcnet/names.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace rpcnet::codegen {
namespace {

namespace pb = google::protobuf;

// Of C++20, sorted.
constexpr auto kKeywords =
    std::to_array<std::string_view>({"alignas",       "alignof",     "and",
                                     "and_eq",        "asm",         "auto",
                                     "bitand",        "bitor",       "bool",
                                     "break",         "case",        "catch",
                                     "char",          "char16_t",    "char32_t",
                                     "char8_t",       "class",       "co_await",
                                     "co_return",     "co_yield",    "compl",
                                     "concept",       "const",       "const_cast",
                                     "consteval",     "constexpr",   "constinit",
                                     "continue",      "decltype",    "default",
                                     "delete",        "do",          "double",
                                     "dynamic_cast",  "else",        "enum",
                                     "explicit",      "export",      "extern",
                                     "false",         "float",       "for",
                                     "friend",        "goto",        "if",
                                     "inline",        "int",         "long",
                                     "mutable",       "namespace",   "new",
                                     "noexcept",      "not",         "not_eq",
                                     "nullptr",       "operator",    "or",
                                     "or_eq",         "private",     "protected",
                                     "public",        "register",    "reinterpret_cast",
                                     "requires",      "return",      "short",
                                     "signed",        "sizeof",      "static",
                                     "static_assert", "static_cast", "struct",
                                     "switch",        "template",    "this",
                                     "thread_local",  "throw",       "true",
                                     "try",           "typedef",     "typeid",
                                     "typename",      "union",       "unsigned",
                                     "using",         "virtual",     "void",
                                     "volatile",      "wchar_t",     "while",
                                     "xor",           "xor_eq"});

// What the generated classes say themselves.
constexpr auto kOwn =
    std::to_array<std::string_view>({"NULL", "channel", "methods", "name", "via_"});

template <typename Words>
bool has(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string namespace_of(const pb::FileDescriptor& file) {
  std::string name;
  for (const char letter : file.package())
    name += letter == '.' ? std::string("::") : std::string(1, letter);
  return name;
}

}  // namespace

std::string function_name(const pb::MethodDescriptor& method) {
  const std::string& name = method.name();
  const auto classes = class_names(*method.service());
  const bool taken = has(kKeywords, name) || has(kOwn, name) || has(classes, name);
  return taken ? name + "_" : name;
}

std::vector<std::string> class_names(const pb::ServiceDescriptor& service) {
  return {service.name() + "Client", service.name() + "Service", service.name() + "Methods"};
}

void open_namespace(const pb::FileDescriptor& file, pb::io::Printer& out) {
  if (!file.package().empty()) out.Print("\nnamespace $name$ {\n", "name", namespace_of(file));
}

void close_namespace(const pb::FileDescriptor& file, pb::io::Printer& out) {
  if (!file.package().empty()) out.Print("\n}  // namespace $name$\n", "name", namespace_of(file));
}

}  // namespace rpcnet::codegen
