// Sends a file, from where the last attempt was cut.
//
//   files_client FILE [CHUNKS]    CHUNKS: gives up after so many, as a client that is killed
#include <rpcnet/io/rpcnet.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "crc32.h"
#include "files.rpcnet.h"

constexpr std::size_t kChunk = 64 * 1024;

asio::awaitable<void> send(rpcnet::Host& host, std::filesystem::path path, int chunks_max) {
  using namespace std::chrono_literals;
  std::ifstream file(path, std::ios::binary);
  const std::string content(std::istreambuf_iterator<char>(file), {});
  const files::FilesClient client(rpcnet::Channel(host, "127.0.0.1:7003"));

  files::FileName name;
  name.set_name(path.filename());
  const auto kept = co_await client.Have(name, {.wait_for_ready = true});
  if (!kept.ok()) throw std::runtime_error(to_text(kept.status()));
  std::printf("going on at %llu\n", static_cast<unsigned long long>(kept->bytes()));

  auto upload = client.Upload({.timeout = 60s});
  files::Chunk chunk;
  chunk.set_name(name.name());
  chunk.set_size(content.size());
  chunk.set_crc32(crc32(content));
  std::uint64_t offset = kept->bytes();
  int sent = 0;
  do {
    chunk.set_offset(offset);
    chunk.set_data(content.substr(offset, kChunk));
    chunk.set_data_crc32(crc32(chunk.data()));
    const bool written = co_await upload.write(chunk);  // waits while the server is slow
    if (!written) break;
    offset += chunk.data().size();
    chunk.clear_name();
  } while (offset < content.size() && (chunks_max == 0 || ++sent < chunks_max));

  if (offset < content.size() && chunks_max > 0) {
    // Not before they have arrived: what is on its way dies with us.
    for (std::uint64_t arrived = 0; arrived < offset;) {
      const auto now = co_await client.Have(name);
      if (!now.ok()) break;
      arrived = now->bytes();
    }
    std::puts("giving up");
  } else {
    const auto receipt = co_await upload.finish();
    if (!receipt.ok()) throw std::runtime_error(to_text(receipt.status()));
    std::printf("stored %llu bytes, crc32 %08x\n",
                static_cast<unsigned long long>(receipt->bytes()), receipt->crc32());
  }
}

int main(int argc, char** argv) {
  const int chunks_max = argc > 2 ? std::atoi(argv[2]) : 0;
  if (argc < 2 || !std::filesystem::is_regular_file(argv[1]) || (argc > 2 && chunks_max < 1)) {
    return std::fputs("usage: files_client FILE [CHUNKS]\n", stderr), 64;
  }
  return rpcnet::run({.member = false, .accept = false},
                     [&](rpcnet::Host& host) { return send(host, argv[1], chunks_max); });
}
