// Generator: one .proto file to one header and one source. The same file gives the same bytes: what
// is written follows the order of the file and nothing else.
#pragma once

#include <google/protobuf/compiler/code_generator.h>

#include <cstdint>
#include <string>

namespace rpcnet::codegen {

class Generator final : public google::protobuf::compiler::CodeGenerator {
 public:
  // False: `error` says in which file, of which service, and what to do.
  bool Generate(const google::protobuf::FileDescriptor* file, const std::string& parameter,
                google::protobuf::compiler::GeneratorContext* context,
                std::string* error) const override;

  std::uint64_t GetSupportedFeatures() const override { return FEATURE_PROTO3_OPTIONAL; }
};

}  // namespace rpcnet::codegen
