// What `rpcnet call` reads: JSON of people; bytes, details and descriptors of servers.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/stubs/logging.h>

#include <memory>
#include <string>

#include "bins/rpcnet/members_table.h"
#include "bins/rpcnet/schema.h"
#include "io/protobuf.h"
#include "rpcnet/v1/cluster.rpcnet.h"
#include "rpcnet/v1/reflection.rpcnet.h"
#include "tests/fuzz/input.h"

using namespace rpcnet;
using bins::Schema;

namespace {

namespace pb = google::protobuf;

// Messages with maps, optional fields, enumerations, nesting and recursion.
std::unique_ptr<Schema> known() {
  pb::SetLogHandler(nullptr);
  pb::FileDescriptorSet files;
  v1::Member::descriptor()->file()->CopyTo(files.add_file());
  pb::FileDescriptorProto::descriptor()->file()->CopyTo(files.add_file());
  auto schema = Schema::build(files);
  FUZZ_ASSERT(schema.ok());
  return std::move(*schema);
}

// JSON that a message was printed as is read, and printed the same again.
void there_and_back(const Schema& schema, const pb::Descriptor& type, BytesView bytes) {
  const auto json = schema.to_json(type, bytes);
  if (!json.ok()) return;
  const auto read = schema.to_bytes(type, *json);
  if (!read.ok()) return;  // a depth or a number that JSON cannot hold
  const auto again = schema.to_json(type, *read);
  FUZZ_ASSERT(again.ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::unique_ptr<Schema> schema = known();
  fuzz::Input input({data, size});
  const std::uint8_t what = input.u8();
  const BytesView bytes = input.rest();
  const pb::Descriptor* types[] = {schema->message("rpcnet.v1.MembersResponse"),
                                   schema->message("google.protobuf.FileDescriptorProto")};
  const pb::Descriptor& type = *types[what / 4 % 2];
  if (what % 4 == 0) {
    const auto message = schema->to_bytes(type, as_text(bytes));
    if (message.ok()) there_and_back(*schema, type, *message);
  } else if (what % 4 == 1) {
    there_and_back(*schema, type, bytes);
    const auto members = Codec<v1::MembersResponse>::decode(bytes);
    if (members) bins::members_table(*members, what);
  } else if (what % 4 == 2) {
    for (const core::AnyDetail& detail : core::parse_details(Bytes(bytes.begin(), bytes.end()))) {
      FUZZ_ASSERT(detail.value.size() <= bytes.size());
    }
  } else {
    const auto described = Codec<v1::DescribeResponse>::decode(bytes);
    if (!described) return 0;
    const auto other = Schema::build(described->files());
    if (!other.ok()) return 0;
    for (const auto& file : described->files().file()) {
      const std::string package = file.package().empty() ? "" : file.package() + ".";
      for (const auto& message : file.message_type()) {
        (void)(*other)->text_of(package + message.name());
        const pb::Descriptor* made = (*other)->message(package + message.name());
        if (made != nullptr) (void)(*other)->to_bytes(*made, "{}");
      }
      for (const auto& service : file.service()) (void)(*other)->text_of(package + service.name());
    }
  }
  return 0;
}
