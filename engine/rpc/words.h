// The statuses that the machine itself gives, in words that say what happened and what it means
// for a retry.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/config.h"
#include "engine/rpc/frame.h"
#include "engine/status.h"
#include "engine/transport.h"

namespace rpcnet::rpc {

// {kNotStarted: 1}, for calls that never reached a handler.
Metadata not_started();

Status unreachable(const Address& remote);
// Did the peer close it having answered all that it had begun?
bool was_drained(const LinkDown& fact);
Status link_lost(const LinkDown& fact, bool sent);
// `trouble`: why it could not be sent, if that is known.
Status too_late(bool sent, const std::string& trouble = {});
Status given_up();

// A peer's bytes were not what the grammar says.
Status malformed(std::string_view what);

// "response message of 70000000 bytes is over message_max of 67108864". `side` is "request" or
// "response", `size` that of the message or the weight of the metadata.
Status over_limit(std::string_view side, FrameType type, std::uint64_t size,
                  const RpcConfig& config);

// What the peer means by resetting its direction of an outgoing call, and of an incoming one.
Status callee_reset(std::uint64_t code);
Status caller_reset(std::uint64_t code);

Status draining();
Status too_many_calls(std::uint64_t max);

}  // namespace rpcnet::rpc
