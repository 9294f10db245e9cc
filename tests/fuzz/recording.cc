// Recordings: as they lie in a file, and with checks that hold around whatever the records say.
#include <cstdint>

#include "engine/hash.h"
#include "engine/recording.h"
#include "engine/wire/reader.h"
#include "engine/wire/writer.h"
#include "tests/fuzz/input.h"

using namespace rpcnet;
using namespace rpcnet::recording;

namespace {

void read_all(BytesView bytes) {
  Reader reader(bytes);
  if (!reader.header()) return;
  while (reader.next()) FUZZ_ASSERT(reader.offset() <= bytes.size());
  FUZZ_ASSERT(reader.fault().offset <= bytes.size());
}

// The grammar of docs/recording.md: each record has its size in front and a check behind it.
void seal(Bytes& out, std::uint64_t& chain, BytesView body) {
  wire::Writer writer(out);
  writer.sized(body);
  chain = hash_bytes(body, chain);
  for (int shift = 24; shift >= 0; shift -= 8) {
    writer.u8(static_cast<std::uint8_t>(chain >> shift));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes(data, size);
  read_all(bytes);

  // A good header, then records that are the input's.
  Bytes sealed;
  Header header{.engine = "fuzz", .config = {.id = *NodeId::parse("n")}};
  Writer(sealed).begin(header);
  // The chain goes on from the header's.
  wire::Reader reader(BytesView(sealed).subspan(kMagic.size() + 1));
  const auto length = reader.varint();
  std::uint64_t chain = hash_bytes(*reader.bytes(*length));
  fuzz::Input input(bytes);
  while (!input.empty()) {
    const BytesView record = input.piece(4096);
    if (!record.empty()) seal(sealed, chain, record);
  }
  read_all(sealed);
  return 0;
}
