#include "services/reflection.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "io/log.h"

namespace rpcnet {
namespace {

namespace pb = google::protobuf;

// Imports first.
void add_file(const pb::FileDescriptor& file, std::set<const pb::FileDescriptor*>& seen,
              pb::FileDescriptorSet& files) {
  if (!seen.insert(&file).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) add_file(*file.dependency(i), seen, files);
  file.CopyTo(files.add_file());
}

}  // namespace

std::shared_ptr<Reflection> Reflection::serve(Host& host) {
  const std::shared_ptr<Reflection> reflection(new Reflection(host));
  host.serve(reflection);
  return reflection;
}

asio::awaitable<Result<v1::ListServicesResponse>> Reflection::List(ServerCall&,
                                                                   v1::ListServicesRequest) {
  std::map<std::string, std::vector<std::string>> services;
  for (std::string& method : server_.methods()) {
    const std::size_t dot = method.rfind('.');
    services[dot == std::string::npos ? std::string() : method.substr(0, dot)].push_back(
        std::move(method));
  }
  v1::ListServicesResponse response;
  for (auto& [name, methods] : services) {
    auto& service = *response.add_services();
    service.set_name(name);
    for (std::string& method : methods) service.add_methods(std::move(method));
    service.set_described(pb::DescriptorPool::generated_pool()->FindServiceByName(name) != nullptr);
  }
  co_return response;
}

asio::awaitable<Result<v1::DescribeResponse>> Reflection::Describe(ServerCall&,
                                                                   v1::DescribeRequest request) {
  const pb::FileDescriptor* file =
      pb::DescriptorPool::generated_pool()->FindFileContainingSymbol(request.symbol());
  if (file == nullptr) {
    co_return error(StatusCode::not_found,
                    "nothing called \"" + printable(request.symbol()) + "\" is described here");
  }
  v1::DescribeResponse response;
  std::set<const pb::FileDescriptor*> seen;
  add_file(*file, seen, *response.mutable_files());
  co_return response;
}

}  // namespace rpcnet
