// Snapshot files: as they are, and with a check that holds around whatever the lines say.
#include <cstdio>
#include <string>

#include "engine/hash.h"
#include "io/core/snapshot_file.h"
#include "tests/fuzz/input.h"

using namespace rpcnet;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const core::SnapshotOwner owner{"dev", *NodeId::parse("worker-a")};
  const std::string text(as_text({data, size}));
  const auto check = [&](const std::string& whole) {
    const auto parsed = core::parse_snapshot(whole, owner);
    if (!parsed.ok()) return;
    const auto again = core::parse_snapshot(core::snapshot_text(owner, *parsed), owner);
    FUZZ_ASSERT(again.ok() && again->members == parsed->members);
  };
  check(text);
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx",
                static_cast<unsigned long long>(hash_text(text, 0)));
  check(text + "check " + digits + '\n');
  return 0;
}
