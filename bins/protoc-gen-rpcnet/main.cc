// protoc-gen-rpcnet: a protoc plugin that turns the services of a .proto into C++ for RpcNet.
//
//   protoc --cpp_out=DIR --rpcnet_out=DIR greeter.proto
//
// makes greeter.rpcnet.h and greeter.rpcnet.cc beside protoc's own greeter.pb.h and greeter.pb.cc.
#include <google/protobuf/compiler/plugin.h>

#include "bins/protoc-gen-rpcnet/generator.h"

int main(int argc, char** argv) {
  const rpcnet::codegen::Generator generator;
  return google::protobuf::compiler::PluginMain(argc, argv, &generator);
}
