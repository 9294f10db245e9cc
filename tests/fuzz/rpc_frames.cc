// The frames of an RPC stream, cut anywhere: what parses is written back to the same.
#include "engine/rpc/assembler.h"
#include "engine/rpc/frame.h"
#include "tests/fuzz/input.h"

using namespace rpcnet;
using namespace rpcnet::rpc;

namespace {

// What was parsed and written again parses to the same, and its size was told beforehand.
void check(FrameType type, BytesView payload) {
  Bytes written;
  std::size_t told = 0;
  if (type == FrameType::request_header) {
    const auto header = parse_request_header(payload);
    if (!header) return;
    if (header->left && *header->left <= Duration::zero()) return;
    told = request_header_size(header->left, header->method, header->metadata);
    append_request_header(written, header->left, header->method, header->metadata);
  } else if (type == FrameType::response_header) {
    const auto metadata = parse_response_header(payload);
    if (!metadata) return;
    told = response_header_size(*metadata);
    append_response_header(written, *metadata);
  } else if (type == FrameType::trailer) {
    const auto trailer = parse_trailer(payload);
    if (!trailer) return;
    told = trailer_size(trailer->status, trailer->metadata);
    append_trailer(written, trailer->status, trailer->metadata);
  } else {
    return;
  }
  FUZZ_ASSERT(written.size() == told);
  RpcConfig generous;
  generous.metadata_max = 1 << 20;
  Assembler assembler;
  BytesView rest(written);
  FUZZ_ASSERT(assembler.next(rest, generous) == Assembler::Step::frame);
  FUZZ_ASSERT(rest.empty() && assembler.type() == type);
  Bytes again;
  if (type == FrameType::request_header) {
    const auto header = parse_request_header(assembler.payload());
    FUZZ_ASSERT(header.has_value());
    append_request_header(again, header->left, header->method, header->metadata);
  } else if (type == FrameType::response_header) {
    const auto metadata = parse_response_header(assembler.payload());
    FUZZ_ASSERT(metadata.has_value());
    append_response_header(again, *metadata);
  } else {
    const auto trailer = parse_trailer(assembler.payload());
    FUZZ_ASSERT(trailer.has_value());
    append_trailer(again, trailer->status, trailer->metadata);
  }
  FUZZ_ASSERT(again == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input({data, size});
  const std::size_t piece = input.u8();  // 0: all at once
  BytesView stream = input.rest();
  RpcConfig config;
  config.message_max = 4096;
  Assembler assembler;
  while (!stream.empty()) {
    BytesView part = stream.first(piece == 0 ? stream.size() : std::min(piece, stream.size()));
    stream = stream.subspan(part.size());
    while (true) {
      const auto step = assembler.next(part, config);
      if (step == Assembler::Step::frame) {
        check(assembler.type(), assembler.payload());
        FUZZ_ASSERT(assembler.take().size() == assembler.length());
        continue;
      }
      if (step == Assembler::Step::need_more) break;
      return 0;
    }
  }
  return 0;
}
