// What members say to each other: datagrams, and the messages of sync and tag streams.
#include <variant>

#include "engine/swim/message.h"
#include "tests/fuzz/input.h"

using namespace rpcnet;
using namespace rpcnet::swim;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes(data, size);
  (void)parse_tags(bytes);
  MessageView view;
  const auto fault = read(bytes, view);
  const Parsed parsed = parse(bytes);
  // The two ways of reading agree.
  FUZZ_ASSERT(fault.has_value() == std::holds_alternative<ParseError>(parsed));
  if (fault) return 0;
  const Message& message = std::get<Message>(parsed);
  const Parsed again = parse(serialize(message));
  FUZZ_ASSERT(std::holds_alternative<Message>(again) && std::get<Message>(again) == message);
  for (const UpdateView& update : view.updates) {
    Bytes written;
    write_update(written, update);
    FUZZ_ASSERT(written.size() == size_of(update));
  }
  return 0;
}
