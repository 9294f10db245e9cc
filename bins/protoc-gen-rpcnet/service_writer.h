// ServiceWriter: the C++ of one service: its methods' facts, its client, its server base.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/printer.h>

#include <map>
#include <string>

namespace rpcnet::codegen {

class ServiceWriter {
 public:
  explicit ServiceWriter(const google::protobuf::ServiceDescriptor& service);

  void write_declarations(google::protobuf::io::Printer& out) const;
  void write_definitions(google::protobuf::io::Printer& out) const;

 private:
  using Words = std::map<std::string, std::string>;

  Words words_of(const google::protobuf::MethodDescriptor& method) const;
  void write_methods(google::protobuf::io::Printer& out) const;
  void write_client(google::protobuf::io::Printer& out) const;
  void write_service(google::protobuf::io::Printer& out) const;

  const google::protobuf::ServiceDescriptor& service_;
  Words words_;
};

}  // namespace rpcnet::codegen
