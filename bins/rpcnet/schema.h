// Schema: messages that this program was not built with, from the descriptors that a server gave,
// between bytes and JSON (protobuf's own mapping).
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>

#include <asio/awaitable.hpp>

#include <memory>
#include <string>
#include <string_view>

#include "engine/bytes.h"
#include "io/channel.h"
#include "io/result.h"

namespace rpcnet::bins {

class Schema {
 public:
  // invalid_argument: the files do not fit together; says what protobuf found.
  static Result<std::unique_ptr<Schema>> build(const google::protobuf::FileDescriptorSet& files);

  // nullptr: no method, or no message, of that full name is here.
  const google::protobuf::MethodDescriptor* method(const std::string& name) const;
  const google::protobuf::ServiceDescriptor* service(const std::string& name) const;
  const google::protobuf::Descriptor* message(const std::string& name) const;

  // invalid_argument: the text is no JSON, or not of this message; says which and why.
  Result<Bytes> to_bytes(const google::protobuf::Descriptor& type, std::string_view json) const;
  // On one line. internal: the bytes are no such message.
  Result<std::string> to_json(const google::protobuf::Descriptor& type, BytesView bytes) const;

  // The text of a .proto that declares it: a service, method, message, enumeration or field. Empty:
  // there is nothing of that name.
  std::string text_of(const std::string& symbol) const;

 private:
  google::protobuf::DescriptorPool pool_;
  // After the pool: its messages refer to that. It makes prototypes as they are asked for.
  mutable google::protobuf::DynamicMessageFactory factory_;
};

// Asks the server's reflection service for all that is needed to know `symbol`.
asio::awaitable<Result<std::unique_ptr<Schema>>> fetch_schema(Channel channel, std::string symbol);

}  // namespace rpcnet::bins
