// A target without a fuzzer: its corpus, and what lies near, in the normal test suite.
//
//   fuzz_TARGET PATH...    every file, or every file of a directory: as it is, cut at up to 200
//                          places, and with up to 200 bits flipped
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "tests/fuzz/input.h"

namespace {

using rpcnet::Bytes;

void once(const Bytes& bytes) { LLVMFuzzerTestOneInput(bytes.data(), bytes.size()); }

void around(const Bytes& bytes) {
  once(bytes);
  constexpr std::size_t kPlaces = 200;
  const std::size_t step = bytes.size() / kPlaces + 1;
  for (std::size_t place = 0; place < bytes.size(); place += step) {
    once(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(place)));
    Bytes damaged = bytes;
    damaged[place] = static_cast<std::uint8_t>(damaged[place] ^ 1u << place % 8);
    once(damaged);
  }
}

Bytes content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t files = 0;
  once({});
  for (int i = 1; i < argc; ++i) {
    std::vector<std::filesystem::path> found;
    if (std::filesystem::is_directory(argv[i])) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
        if (entry.is_regular_file()) found.push_back(entry.path());
      }
    } else if (std::filesystem::is_regular_file(argv[i])) {
      found.emplace_back(argv[i]);
    } else {
      std::fprintf(stderr, "fuzz: %s is no file and no directory\n", argv[i]);
      return 64;
    }
    for (const auto& path : found) {
      around(content(path));
      ++files;
    }
  }
  std::printf("fuzz: %zu files replayed\n", files);
  if (files > 0) return 0;
  std::fprintf(stderr, "fuzz: expected files or directories with inputs\n");
  return 64;
}
