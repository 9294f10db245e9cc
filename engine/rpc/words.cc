// Statuses in words.
#include "engine/rpc/words.h"

#include <string>
#include <utility>

#include "engine/address.h"

namespace rpcnet::rpc {
namespace {

Status make(StatusCode code, std::string message) { return Status{code, std::move(message), {}}; }

// The detail may begin with who refused.
std::string refusal_words(const LinkDown& fact) {
  const std::string who = to_text(fact.end);
  if (fact.detail.empty()) return who;
  return fact.detail.starts_with(who) ? fact.detail : who + ": " + fact.detail;
}

}  // namespace

Metadata not_started() { return {{std::string(kNotStarted), "1"}}; }

Status unreachable(const Address& remote) {
  return make(StatusCode::unavailable,
              "not sent: " + to_text(remote) +
                  " is left alone after failed dials, or links_max is reached");
}

bool was_drained(const LinkDown& fact) {
  return fact.end == LinkEnd::closed_by_peer &&
         fact.code == static_cast<std::uint64_t>(CloseCode::drained);
}

Status link_lost(const LinkDown& fact, bool sent) {
  if (!sent && was_drained(fact)) return draining();
  if (fact.is_refusal()) {
    return make(StatusCode::unauthenticated, "not sent: " + refusal_words(fact));
  }
  std::string text = sent ? "link lost: " : "not sent: no link: ";
  text += to_text(fact.end);
  if (!fact.detail.empty()) text += " (" + fact.detail + ")";
  if (sent) text += "; the request may have been executed";
  return make(StatusCode::unavailable, std::move(text));
}

Status too_late(bool sent, const std::string& trouble) {
  if (sent) return make(StatusCode::deadline_exceeded, "deadline exceeded");
  std::string text = "deadline exceeded before the request was sent";
  if (!trouble.empty()) text += "; last: " + trouble;
  return make(StatusCode::deadline_exceeded, std::move(text));
}

Status given_up() { return make(StatusCode::cancelled, "cancelled by the caller"); }

Status malformed(std::string_view what) {
  return make(StatusCode::internal, "malformed stream: " + std::string(what));
}

Status over_limit(std::string_view side, FrameType type, std::uint64_t size,
                  const RpcConfig& config) {
  const bool message = type == FrameType::message;
  std::string text(side);
  text += message ? " message of " : " metadata of ";
  text += std::to_string(size);
  text += message ? " bytes is over message_max of " : " bytes is over metadata_max of ";
  text += std::to_string(message ? config.message_max : config.metadata_max);
  return make(StatusCode::resource_exhausted, std::move(text));
}

Status callee_reset(std::uint64_t code) {
  switch (static_cast<StreamCode>(code)) {
    case StreamCode::cancelled: return make(StatusCode::cancelled, "cancelled by the callee");
    case StreamCode::deadline_exceeded:
      return make(StatusCode::deadline_exceeded, "deadline exceeded at the callee");
    case StreamCode::refused:
      return make(StatusCode::unavailable, "refused by the callee, safe to retry elsewhere");
    case StreamCode::protocol_error:
      return make(StatusCode::internal, "the callee found our stream malformed");
    case StreamCode::internal: return make(StatusCode::internal, "the callee failed");
    case StreamCode::none: return make(StatusCode::internal, "the callee reset without a status");
  }
  return make(StatusCode::unknown, "the callee reset with unknown code " + std::to_string(code));
}

Status caller_reset(std::uint64_t code) {
  if (code == static_cast<std::uint64_t>(StreamCode::deadline_exceeded)) return too_late(true);
  return given_up();
}

Status draining() { return make(StatusCode::unavailable, "draining, safe to retry elsewhere"); }

Status too_many_calls(std::uint64_t max) {
  return make(StatusCode::resource_exhausted,
              "calls_max of " + std::to_string(max) + " is reached, safe to retry elsewhere");
}

}  // namespace rpcnet::rpc
