// Which messages a host compresses on their way.
#pragma once

#include <cstddef>

namespace rpcnet {

// Each message by itself, with zlib's deflate at its fastest level. Whoever is called says nothing
// compressed unless the caller offered to read it; a host with the default offers nothing, and
// reads compressed requests all the same. Where secrets and a stranger's words share a message, its
// size tells of the secrets (RFC 7457 2.6): leave it off there.
struct CompressionOptions {
  std::size_t min_bytes = 0;  // messages of at least so many bytes; 0: none
};

}  // namespace rpcnet
