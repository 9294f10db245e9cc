#include "bins/rpcnet/schema.h"

#include <google/protobuf/util/json_util.h>

#include <limits>
#include <utility>

#include "rpcnet/v1/reflection.rpcnet.h"

namespace rpcnet::bins {
namespace {

namespace pb = google::protobuf;

class FirstError final : public pb::DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, const std::string& element, const pb::Message*,
                ErrorLocation, const std::string& words) override {
    if (text.empty()) text = file + ": " + element + ": " + words;
  }
  std::string text;
};

}  // namespace

Result<std::unique_ptr<Schema>> Schema::build(const pb::FileDescriptorSet& files) {
  auto schema = std::make_unique<Schema>();
  for (const pb::FileDescriptorProto& file : files.file()) {
    FirstError fault;
    if (schema->pool_.BuildFileCollectingErrors(file, &fault) == nullptr) {
      return error(
          StatusCode::invalid_argument,
          "the server's descriptors are wrong: " + (fault.text.empty() ? file.name() : fault.text));
    }
  }
  return schema;
}

const pb::MethodDescriptor* Schema::method(const std::string& name) const {
  return pool_.FindMethodByName(name);
}

const pb::ServiceDescriptor* Schema::service(const std::string& name) const {
  return pool_.FindServiceByName(name);
}

const pb::Descriptor* Schema::message(const std::string& name) const {
  return pool_.FindMessageTypeByName(name);
}

Result<Bytes> Schema::to_bytes(const pb::Descriptor& type, std::string_view json) const {
  const std::unique_ptr<pb::Message> message(factory_.GetPrototype(&type)->New());
  const auto parsed = pb::util::JsonStringToMessage(
      pb::StringPiece(json.data(),
                      static_cast<pb::stringpiece_internal::StringPiece::size_type>(json.size())),
      message.get());
  if (!parsed.ok()) {
    return error(StatusCode::invalid_argument,
                 "no JSON of a " + type.full_name() + ": " + std::string(parsed.message()));
  }
  if (!message->IsInitialized()) {
    return error(StatusCode::invalid_argument,
                 "a " + type.full_name() + " lacks " + message->InitializationErrorString());
  }
  Bytes bytes(message->ByteSizeLong());
  message->SerializeWithCachedSizesToArray(bytes.data());
  return bytes;
}

Result<std::string> Schema::to_json(const pb::Descriptor& type, BytesView bytes) const {
  const std::unique_ptr<pb::Message> message(factory_.GetPrototype(&type)->New());
  const bool fits = bytes.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max());
  if (!fits || !message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return error(StatusCode::internal,
                 "the server's message is no " + type.full_name() + ": its bytes do not parse");
  }
  std::string json;
  const auto printed = pb::util::MessageToJsonString(*message, &json);
  if (!printed.ok()) {
    return error(StatusCode::internal, "the server's " + type.full_name() +
                                           " has no JSON: " + std::string(printed.message()));
  }
  return json;
}

std::string Schema::text_of(const std::string& symbol) const {
  if (const auto* found = pool_.FindServiceByName(symbol)) return found->DebugString();
  if (const auto* found = pool_.FindMessageTypeByName(symbol)) return found->DebugString();
  if (const auto* found = pool_.FindEnumTypeByName(symbol)) return found->DebugString();
  if (const auto* found = pool_.FindMethodByName(symbol)) return found->DebugString();
  if (const auto* found = pool_.FindFieldByName(symbol)) return found->DebugString();
  if (const auto* found = pool_.FindExtensionByName(symbol)) return found->DebugString();
  if (const auto* found = pool_.FindOneofByName(symbol)) return found->DebugString();
  if (const auto* found = pool_.FindEnumValueByName(symbol)) return found->DebugString();
  return {};
}

asio::awaitable<Result<std::unique_ptr<Schema>>> fetch_schema(Channel channel, std::string symbol) {
  const v1::ReflectionClient client(std::move(channel));
  v1::DescribeRequest request;
  request.set_symbol(symbol);
  auto described = co_await client.Describe(request);
  if (described.code() == StatusCode::unimplemented) {
    co_return error(StatusCode::unimplemented,
                    "the server has no reflection, so its messages are unknown here; it would "
                    "have with rpcnet::serve_standard(host)");
  }
  if (!described.ok()) co_return described.status();
  co_return Schema::build(described->files());
}

}  // namespace rpcnet::bins
