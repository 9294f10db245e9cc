// Lines out and in.
#include "io/core/snapshot_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <utility>

#include "engine/hash.h"

namespace rpcnet::core {
namespace {

constexpr std::string_view kTitle = "rpcnet-snapshot 1\n";

// 20,000 members with the longest names take three megabytes.
constexpr std::size_t kFileMax = std::size_t{16} << 20;

std::string hex(std::uint64_t value) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(value));
  return digits;
}

// Takes "KEY " off the front of the next line and gives the rest of it.
std::optional<std::string_view> take_line(std::string_view& text, std::string_view key) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos || !text.starts_with(key) || text.size() <= key.size() ||
      text[key.size()] != ' ') {
    return std::nullopt;
  }
  const auto value = text.substr(key.size() + 1, end - key.size() - 1);
  text.remove_prefix(end + 1);
  return value;
}

std::optional<std::uint64_t> number(std::optional<std::string_view> text) {
  if (!text) return std::nullopt;
  std::uint64_t value = 0;
  const auto [rest, fault] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (fault != std::errc{} || rest != text->data() + text->size()) return std::nullopt;
  return value;
}

Status damaged(const std::string& what) {
  return error(StatusCode::invalid_argument, "is no snapshot, or is damaged: " + what);
}

Status failed(const std::string& doing, const std::string& file, int code) {
  return error(code == ENOENT ? StatusCode::not_found : StatusCode::unavailable,
               "cannot " + doing + " \"" + file + "\": " + std::strerror(code));
}

// A descriptor that closes itself.
struct File {
  explicit File(int number) : descriptor(number) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor >= 0) ::close(descriptor);
  }
  int descriptor;
};

}  // namespace

std::string snapshot_text(const SnapshotOwner& owner, const Snapshot& snapshot) {
  std::string text(kTitle);
  text += "cluster " + owner.cluster + "\nnode " + owner.node.text() + "\nincarnation " +
          std::to_string(snapshot.incarnation) + "\ntags-version " +
          std::to_string(snapshot.tags_version) + '\n';
  for (const Peer& peer : snapshot.members) {
    text += "member " + peer.expected->text() + ' ' + to_text(peer.address) + '\n';
  }
  return text + "check " + hex(hash_text(text, 0)) + '\n';
}

Result<Snapshot> parse_snapshot(std::string_view text, const SnapshotOwner& owner) {
  const auto check = text.rfind("check ");
  if (!text.starts_with(kTitle)) return damaged("it does not begin as one");
  if (check == std::string_view::npos) return damaged("its end is missing");
  const std::string_view body = text.substr(0, check);
  if (text.substr(check) != "check " + hex(hash_text(body, 0)) + '\n') {
    return damaged("its check does not match");
  }
  std::string_view rest = body.substr(kTitle.size());
  const auto cluster = take_line(rest, "cluster");
  const auto node = take_line(rest, "node");
  const auto incarnation = number(take_line(rest, "incarnation"));
  const auto version = number(take_line(rest, "tags-version"));
  if (!cluster || !node || !incarnation || !version) return damaged("a line is missing");
  if (*cluster != owner.cluster || *node != owner.node.text()) {
    return error(StatusCode::failed_precondition,
                 "is of node " + std::string(*node) + " of cluster " + std::string(*cluster) +
                     "; this is " + owner.node.text() + " of " + owner.cluster);
  }
  Snapshot snapshot;
  snapshot.incarnation = *incarnation;
  snapshot.tags_version = *version;
  while (!rest.empty()) {
    const auto line = take_line(rest, "member");
    const auto space = line ? line->find(' ') : std::string_view::npos;
    if (space == std::string_view::npos) return damaged("a line that is none");
    const auto id = NodeId::parse(line->substr(0, space));
    const auto address = parse_address(std::string(line->substr(space + 1)));
    if (!id || !address) return damaged("a member that is none");
    snapshot.members.emplace_back(*address, *id);
  }
  return snapshot;
}

Status write_snapshot(const std::string& file, const std::string& text) {
  const std::string fresh = file + ".new";
  {
    const File out(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                          S_IRUSR | S_IWUSR));
    if (out.descriptor < 0) return failed("write", fresh, errno);
    // It may be one that somebody left behind, with other rights.
    if (::fchmod(out.descriptor, S_IRUSR | S_IWUSR) != 0) return failed("protect", fresh, errno);
    std::string_view left = text;
    while (!left.empty()) {
      const ssize_t written = ::write(out.descriptor, left.data(), left.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return failed("write", fresh, errno);
      left.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  if (::rename(fresh.c_str(), file.c_str()) != 0) return failed("replace", file, errno);
  return {};
}

Result<Snapshot> read_snapshot(const std::string& file, const SnapshotOwner& owner) {
  const File in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.descriptor < 0) return failed("read", file, errno);
  std::string text;
  char piece[65'536];
  for (;;) {
    const ssize_t got = ::read(in.descriptor, piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read", file, errno);
    if (got == 0) break;
    text.append(piece, static_cast<std::size_t>(got));
    if (text.size() > kFileMax) {
      return error(StatusCode::invalid_argument, "\"" + file + "\" is too large for a snapshot");
    }
  }
  auto snapshot = parse_snapshot(text, owner);
  if (!snapshot.ok()) {
    return error(snapshot.code(), "\"" + file + "\" " + snapshot.status().message);
  }
  return snapshot;
}

}  // namespace rpcnet::core
