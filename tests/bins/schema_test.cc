// JSON to messages that are only described, and back; descriptors that a server got wrong.
#include <boost/test/unit_test.hpp>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <memory>
#include <string>

#include "bins/rpcnet/schema.h"
#include "tests/io/kinds.rpcnet.h"

using namespace rpcnet;
using rpcnet::bins::Schema;

namespace {

google::protobuf::FileDescriptorSet kinds() {
  google::protobuf::FileDescriptorSet files;
  test::Number::descriptor()->file()->CopyTo(files.add_file());
  return files;
}

std::unique_ptr<Schema> schema() {
  auto built = Schema::build(kinds());
  BOOST_REQUIRE_MESSAGE(built.ok(), to_text(built.status()));
  return std::move(*built);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ToolSchema)

BOOST_AUTO_TEST_CASE(JsonGoesThereAndBack) {
  const auto known = schema();
  const auto* number = known->message("rpcnet.test.Number");
  BOOST_REQUIRE(number != nullptr);
  for (const char* json : {"{}", R"({"value":"-42"})", R"({"value":"9223372036854775807"})"}) {
    const auto bytes = known->to_bytes(*number, json);
    BOOST_REQUIRE_MESSAGE(bytes.ok(), json);
    const auto text = known->to_json(*number, *bytes);
    BOOST_REQUIRE(text.ok());
    BOOST_CHECK_EQUAL(*text, json);
  }
  // What the described message says is what the compiled one reads.
  test::Number compiled;
  const auto bytes = known->to_bytes(*number, R"({"value": 7})");
  BOOST_REQUIRE(bytes.ok());
  BOOST_REQUIRE(compiled.ParseFromArray(bytes->data(), static_cast<int>(bytes->size())));
  BOOST_CHECK_EQUAL(compiled.value(), 7);
}

BOOST_AUTO_TEST_CASE(WrongJsonNamesTheMessageAndWhy) {
  const auto known = schema();
  const auto* number = known->message("rpcnet.test.Number");
  const std::string deep(1000, '[');
  for (const std::string& json :
       {std::string(), std::string("7"), std::string("[]"), std::string("{"), std::string("null"),
        std::string(R"({"valu":7})"), std::string(R"({"value":"many"})"),
        std::string(R"({"value":9223372036854775808})"), std::string(R"({"value":7} {})"),
        std::string("{\"value\":\xff}"), R"({"value":)" + deep}) {
    const auto bytes = known->to_bytes(*number, json);
    BOOST_CHECK_MESSAGE(bytes.code() == StatusCode::invalid_argument, json.substr(0, 40));
    const std::string words = bytes.status().message;
    BOOST_CHECK_MESSAGE(words.find("rpcnet.test.Number: ") != std::string::npos, words);
    BOOST_CHECK_MESSAGE(words.size() > std::string("no JSON of a rpcnet.test.Number: ").size(),
                        json.substr(0, 40));
  }
}

BOOST_AUTO_TEST_CASE(BytesThatAreNoMessageAreTheServersFault) {
  const auto known = schema();
  const auto* number = known->message("rpcnet.test.Number");
  const Bytes bytes{0x08};  // a varint that is not there
  const auto text = known->to_json(*number, bytes);
  BOOST_CHECK(text.code() == StatusCode::internal);
  // Text that is no UTF-8 has no JSON.
  const auto* words = known->message("rpcnet.test.Text");
  const Bytes latin{0x0a, 0x01, 0xff};
  BOOST_CHECK(!known->to_json(*words, latin).ok());
}

BOOST_AUTO_TEST_CASE(DescriptorsThatDoNotFitAreRefusedInWords) {
  auto files = kinds();
  files.mutable_file(0)->mutable_message_type(0)->mutable_field(0)->set_number(-1);
  const auto bad_number = Schema::build(files);
  BOOST_CHECK(bad_number.code() == StatusCode::invalid_argument);

  files = kinds();
  files.mutable_file(0)->mutable_service(0)->mutable_method(0)->set_input_type(".no.Such");
  const auto no_type = Schema::build(files);
  BOOST_CHECK(no_type.code() == StatusCode::invalid_argument);
  BOOST_CHECK_MESSAGE(no_type.status().message.find("kinds.proto") != std::string::npos,
                      no_type.status().message);

  files = kinds();
  files.mutable_file(0)->add_dependency("missing.proto");
  BOOST_CHECK(Schema::build(files).code() == StatusCode::invalid_argument);

  files = kinds();
  *files.add_file() = files.file(0);
  files.mutable_file(1)->set_name("other.proto");  // the same names twice
  BOOST_CHECK(Schema::build(files).code() == StatusCode::invalid_argument);
}

BOOST_AUTO_TEST_CASE(WhatIsDeclaredIsToldAsProtoText) {
  const auto known = schema();
  BOOST_CHECK_EQUAL(known->text_of("rpcnet.test.Number"),
                    "message Number {\n  int64 value = 1;\n}\n");
  BOOST_CHECK(known->text_of("rpcnet.test.Kinds").starts_with("service Kinds {\n"));
  BOOST_CHECK(known->text_of("rpcnet.test.Kinds.Sum").starts_with("rpc Sum(stream "));
  BOOST_CHECK_EQUAL(known->text_of("rpcnet.test"), "");
  BOOST_CHECK_EQUAL(known->text_of(""), "");
}

BOOST_AUTO_TEST_SUITE_END()
