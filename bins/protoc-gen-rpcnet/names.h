// What things are called in the generated C++.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/printer.h>

#include <string>
#include <vector>

namespace rpcnet::codegen {

// A method's own name; with an underscore behind it where C++ or the generated class has a use for
// it already, as protoc does.
std::string function_name(const google::protobuf::MethodDescriptor& method);

// The classes of a service: client, service, methods, in this order.
std::vector<std::string> class_names(const google::protobuf::ServiceDescriptor& service);

void open_namespace(const google::protobuf::FileDescriptor& file,
                    google::protobuf::io::Printer& out);
void close_namespace(const google::protobuf::FileDescriptor& file,
                     google::protobuf::io::Printer& out);

}  // namespace rpcnet::codegen
