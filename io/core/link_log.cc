// Levels and words.
#include "io/core/link_log.h"

#include <spdlog/spdlog.h>

#include <variant>

namespace rpcnet::core {
namespace {

using Level = spdlog::level::level_enum;

void log_limited(LogLimiter& limiter, Instant now, Level level, std::string_view kind,
                 const std::string& line) {
  if (!spdlog::should_log(level)) return;
  std::uint64_t suppressed = 0;
  if (!limiter.allow(now, kind, suppressed)) return;
  if (suppressed > 0) {
    spdlog::log(level, "{} ({} more like it were not shown)", line, suppressed);
  } else {
    spdlog::log(level, "{}", line);
  }
}

Level level_of(LinkEnd end, bool was_up) {
  switch (end) {
    case LinkEnd::refused_by_us:
    case LinkEnd::refused_by_peer:
    case LinkEnd::local_limit: return Level::warn;
    case LinkEnd::transport_error:
    case LinkEnd::silent:
    case LinkEnd::reset: return Level::info;
    case LinkEnd::unreachable:
    case LinkEnd::handshake_timeout: return was_up ? Level::info : Level::debug;
    case LinkEnd::closed_by_peer:
    case LinkEnd::idle: return Level::debug;
  }
  return Level::info;
}

Level level_of(NoticeKind kind) {
  switch (kind) {
    case NoticeKind::gossip_refused:
    case NoticeKind::seed_unreachable:
    case NoticeKind::seed_refused:
    case NoticeKind::limit_reached: return Level::warn;
    case NoticeKind::node_conflict: return Level::err;
    case NoticeKind::refuted: return Level::info;
  }
  return Level::warn;
}

const char* words(NoticeKind kind) {
  switch (kind) {
    case NoticeKind::gossip_refused: return "gossip refused";
    case NoticeKind::seed_unreachable: return "seed does not answer, trying again";
    case NoticeKind::seed_refused: return "seed refused, trying again";
    case NoticeKind::node_conflict: return "another process speaks as this node";
    case NoticeKind::refuted: return "we were taken for failed and said that we live";
    case NoticeKind::limit_reached: return "limit reached";
  }
  return "notice";
}

}  // namespace

void LinkLog::on_order(const Order& order) {
  if (const auto* dial = std::get_if<Connect>(&order)) {
    links_[dial->link] = {dial->remote, dial->protocol};
  } else if (const auto* close = std::get_if<CloseLink>(&order)) {
    links_.erase(close->link);
  }
}

void LinkLog::on_up(const LinkUp& fact) {
  links_[fact.link] = {fact.remote, fact.protocol, true};
  if (!spdlog::should_log(Level::debug)) return;
  spdlog::debug("{} link {} {}", to_text(fact.protocol), fact.link.dialled() ? "to" : "from",
                to_text(fact.remote));
}

std::optional<Address> LinkLog::on_down(Instant now, const LinkDown& fact) {
  const auto found = links_.find(fact.link);
  if (found == links_.end()) return std::nullopt;
  const Known known = found->second;
  links_.erase(found);
  const Level level = level_of(fact.end, known.up);
  if (spdlog::should_log(level)) {
    std::string line = std::string(to_text(known.protocol)) + " link " +
                       (fact.link.dialled() ? "to " : "from ") + to_text(known.remote) +
                       (known.up ? " ended: " : " failed: ") + to_text(fact.end);
    if (!fact.detail.empty()) line += " (" + printable(fact.detail) + ")";
    log_limited(limiter_, now, level, to_text(fact.end), line);
  }
  return known.remote;
}

void LinkLog::on_refusal(Instant now, const quic::Refusal& refusal) {
  std::string line = "refused " + to_text(refusal.remote) + ": " + to_text(refusal.kind);
  if (!refusal.detail.empty()) line += " (" + printable(refusal.detail) + ")";
  log_limited(limiter_, now, Level::warn, to_text(refusal.kind), line);
}

std::vector<LinkId> LinkLog::open() const {
  std::vector<LinkId> open;
  open.reserve(links_.size());
  for (const auto& [link, known] : links_) open.push_back(link);
  return open;
}

void log_handler_failure(LogLimiter& limiter, Instant now, std::string_view method,
                         std::string_view what) {
  log_limited(limiter, now, Level::err, "handler",
              "the handler of " + printable(method) + " failed: " + printable(what));
}

void log_notice(LogLimiter& limiter, Instant now, const Notice& notice) {
  log_limited(limiter, now, level_of(notice.kind), words(notice.kind),
              std::string(words(notice.kind)) + ": " + printable(notice.detail));
}

}  // namespace rpcnet::core
