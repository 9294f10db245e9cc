// Keeps files in a directory; what an upload that was cut has brought stays for the next one.
//
//   files_server DIRECTORY
#include <rpcnet/io/rpcnet.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "crc32.h"
#include "files.rpcnet.h"

namespace fs = std::filesystem;
using rpcnet::error;
using rpcnet::Result;
using rpcnet::ServerCall;
using rpcnet::StatusCode;

class Files final : public files::FilesService {
 public:
  explicit Files(fs::path directory) : directory_(std::move(directory)) {}

  asio::awaitable<Result<files::Progress>> Have(ServerCall&, files::FileName request) override {
    if (!is_plain(request.name())) co_return bad_name();
    files::Progress progress;
    std::error_code none;
    const auto size = fs::file_size(part(request.name()), none);
    if (!none) progress.set_bytes(size);
    co_return progress;
  }

  asio::awaitable<Result<files::Receipt>> Upload(
      ServerCall&, rpcnet::ServerReader<files::Chunk> chunks) override {
    auto chunk = co_await chunks.read();
    if (!chunk || !is_plain(chunk->name())) co_return bad_name();
    const files::Chunk first = *chunk;
    const fs::path path = part(first.name());
    std::error_code none;
    std::uint64_t kept = fs::file_size(path, none);
    if (none) kept = 0;
    if (first.offset() != kept) {
      co_return error(StatusCode::out_of_range, std::to_string(kept) + " bytes are here already");
    }
    std::ofstream file(path, std::ios::binary | std::ios::app);
    for (; chunk; chunk = co_await chunks.read()) {
      const bool follows = chunk->offset() == kept && chunk->data().size() <= first.size() - kept;
      if (!follows) co_return error(StatusCode::out_of_range, "a chunk that does not follow");
      if (crc32(chunk->data()) != chunk->data_crc32()) {
        co_return error(StatusCode::data_loss, "a chunk's checksum does not match");
      }
      file << chunk->data() << std::flush;
      if (!file) co_return error(StatusCode::resource_exhausted, "the disk takes no more");
      kept += chunk->data().size();
    }
    file.close();
    if (kept < first.size()) co_return error(StatusCode::aborted, "the upload was cut");
    const std::uint32_t found = checksum(path);
    if (found != first.crc32()) {
      fs::remove(path, none);
      co_return error(StatusCode::data_loss, "the file's checksum does not match");
    }
    fs::rename(path, directory_ / first.name(), none);
    if (none) co_return error(StatusCode::internal, none.message());
    files::Receipt receipt;
    receipt.set_bytes(kept);
    receipt.set_crc32(found);
    co_return receipt;
  }

 private:
  // What a stranger calls a file must not lead out of the directory.
  static bool is_plain(const std::string& name) {
    return !name.empty() && name.front() != '.' && name.size() <= 200 &&
           name.find_first_of(std::string("/\\\0", 3)) == std::string::npos;
  }
  static rpcnet::Status bad_name() {
    return error(StatusCode::invalid_argument, "expected a file's name without a directory");
  }
  fs::path part(const std::string& name) const { return directory_ / (name + ".part"); }

  static std::uint32_t checksum(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::string buffer(1 << 20, '\0');
    std::uint32_t crc = 0;
    while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) ||
           file.gcount() > 0) {
      crc = crc32(std::string_view(buffer).substr(0, static_cast<std::size_t>(file.gcount())), crc);
    }
    return crc;
  }

  fs::path directory_;
};

int main(int argc, char** argv) {
  if (argc != 2 || !fs::is_directory(argv[1])) {
    return std::fputs("usage: files_server DIRECTORY\n", stderr), 64;
  }
  return rpcnet::run({.bind = "127.0.0.1:7003"}, std::make_shared<Files>(argv[1]));
}
