// Messages as they travel where compression was agreed: a byte that says how, then the content.
//
//   0  as it is
//   1  deflated (RFC 1951)
//
// A direction of a call has this form if its header names the encoding (kEncoding: the request's
// metadata, the response's headers), and all its messages have it then.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "engine/bytes.h"
#include "engine/status.h"
#include "io/result.h"

namespace rpcnet::core {

inline constexpr std::string_view kEncoding = "rpcnet-encoding";
inline constexpr std::string_view kAcceptEncoding = "rpcnet-accept-encoding";
inline constexpr std::string_view kDeflate = "deflate";

// Does this list of a kAcceptEncoding, "br, deflate", name deflate?
bool accepts_deflate(std::string_view list);

// nullopt: it would not be smaller.
std::optional<Bytes> pack_if_smaller(BytesView message);
// Deflated if that is smaller and it has at least `min_bytes`, else as it is.
Bytes pack(Bytes message, std::size_t min_bytes);

// Never makes more than `max` bytes. `what` begins the words of a fault, whose code is `malformed`
// or resource_exhausted.
Result<Bytes> unpack(Bytes packed, std::size_t max, std::string_view what, StatusCode malformed);

}  // namespace rpcnet::core
