#include "io/quic/core/reset_tokens.h"

#include <bit>
#include <cstring>

#include "engine/assert.h"

namespace rpcnet::quic {

namespace {

struct SipState {
  std::uint64_t v0, v1, v2, v3;

  void round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }

  void absorb(std::uint64_t word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
};

}  // namespace

ResetTokens::ResetTokens(Entropy& entropy) {
  std::array<std::uint8_t, sizeof key_> bytes;
  entropy.fill(bytes);
  std::memcpy(key_.data(), bytes.data(), bytes.size());
}

// SipHash-2-4 (Aumasson and Bernstein 2012) of exactly two words. Compared in this process only,
// so the byte order of the machine does not matter.
std::uint64_t ResetTokens::hash(BytesView token) const {
  ENGINE_ASSERT(token.size() == kTokenSize);
  std::array<std::uint64_t, 2> words;
  std::memcpy(words.data(), token.data(), kTokenSize);
  SipState state{key_[0] ^ 0x736f6d6570736575, key_[1] ^ 0x646f72616e646f6d,
                 key_[0] ^ 0x6c7967656e657261, key_[1] ^ 0x7465646279746573};
  state.absorb(words[0]);
  state.absorb(words[1]);
  state.absorb(std::uint64_t{kTokenSize} << 56);
  state.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

void ResetTokens::enter(BytesView token, LinkId link) {
  links_.insert_or_assign(hash(token), link);
}

void ResetTokens::remove(BytesView token) { links_.erase(hash(token)); }

std::optional<LinkId> ResetTokens::find(BytesView datagram) const {
  if (links_.empty() || datagram.size() < kDatagramMin) return std::nullopt;
  const auto found = links_.find(hash(datagram.last(kTokenSize)));
  if (found == links_.end()) return std::nullopt;
  return found->second;
}

}  // namespace rpcnet::quic
