// Our half of ngtcp2's crypto helper against the vectors of RFC 9001, appendix A, in place and not.
#include <boost/test/unit_test.hpp>

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include <string_view>

#include "io/quic/core/wolfcrypt.h"
#include "tests/quic/support/world.h"

namespace rpcnet::test {
namespace {

Bytes hex(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(digit(text[i]) * 16 + digit(text[i + 1])));
  }
  return bytes;
}

struct Sealed {
  Bytes key, nonce, aad, plaintext, ciphertext;
};

void check_both_ways(const ngtcp2_crypto_aead& aead, const Sealed& one) {
  BOOST_TEST_REQUIRE(ngtcp2_crypto_aead_keylen(&aead) == one.key.size());
  BOOST_TEST_REQUIRE(ngtcp2_crypto_aead_noncelen(&aead) == one.nonce.size());
  BOOST_TEST_REQUIRE(aead.max_overhead == 16U);
  ngtcp2_crypto_aead_ctx seal{};
  ngtcp2_crypto_aead_ctx open{};
  BOOST_TEST_REQUIRE(ngtcp2_crypto_aead_ctx_encrypt_init(&seal, &aead, one.key.data(), 12) == 0);
  BOOST_TEST_REQUIRE(ngtcp2_crypto_aead_ctx_decrypt_init(&open, &aead, one.key.data(), 12) == 0);
  for (int round = 0; round < 2; ++round) {  // a key is used more than once
    Bytes bytes = one.plaintext;
    bytes.resize(one.ciphertext.size());
    BOOST_TEST(ngtcp2_crypto_encrypt(bytes.data(), &aead, &seal, bytes.data(), one.plaintext.size(),
                                     one.nonce.data(), one.nonce.size(), one.aad.data(),
                                     one.aad.size()) == 0);
    BOOST_TEST((bytes == one.ciphertext));
    BOOST_TEST(ngtcp2_crypto_decrypt(bytes.data(), &aead, &open, bytes.data(), bytes.size(),
                                     one.nonce.data(), one.nonce.size(), one.aad.data(),
                                     one.aad.size()) == 0);
    bytes.resize(one.plaintext.size());
    BOOST_TEST((bytes == one.plaintext));
  }
  Bytes forged = one.ciphertext;
  forged.back() ^= 1;
  BOOST_TEST(ngtcp2_crypto_decrypt(forged.data(), &aead, &open, forged.data(), forged.size(),
                                   one.nonce.data(), one.nonce.size(), one.aad.data(),
                                   one.aad.size()) != 0);
  BOOST_TEST(ngtcp2_crypto_decrypt(forged.data(), &aead, &open, forged.data(), 15, one.nonce.data(),
                                   one.nonce.size(), nullptr, 0) != 0);
  ngtcp2_crypto_aead_ctx_free(&seal);
  ngtcp2_crypto_aead_ctx_free(&open);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(WolfCrypt)

// RFC 9001 A.4: the tag of a Retry is an AEAD of nothing.
BOOST_AUTO_TEST_CASE(SealsTheRetryOfTheStandard) {
  ngtcp2_crypto_aead aead{};
  ngtcp2_crypto_aead_retry(&aead);
  check_both_ways(aead, {.key = hex("be0c690b9f66575a1d766b54e368c84e"),
                         .nonce = hex("461599d35d632bf2239825bb"),
                         .aad = hex("088394c8f03e515708ff000000010008f067a5502a4262b5746f6b656e"),
                         .plaintext = {},
                         .ciphertext = hex("04a265ba2eff4d829058fb3f0f2496ba")});
}

// A longer one in place, against itself: the blocks that assembly takes eight at a time.
BOOST_AUTO_TEST_CASE(OpensInPlaceWhatItSealedInPlace) {
  ngtcp2_crypto_aead aead{};
  ngtcp2_crypto_aead_aes_128_gcm(&aead);
  const Bytes key(16, 7);
  const Bytes nonce(12, 9);
  ngtcp2_crypto_aead_ctx seal{};
  ngtcp2_crypto_aead_ctx open{};
  BOOST_TEST_REQUIRE(ngtcp2_crypto_aead_ctx_encrypt_init(&seal, &aead, key.data(), 12) == 0);
  BOOST_TEST_REQUIRE(ngtcp2_crypto_aead_ctx_decrypt_init(&open, &aead, key.data(), 12) == 0);
  for (const std::size_t size : {1U, 15U, 16U, 17U, 127U, 128U, 129U, 255U, 1200U, 1452U, 16000U}) {
    Bytes plain(size);
    for (std::size_t i = 0; i < size; ++i) plain[i] = static_cast<std::uint8_t>(i * 7);
    Bytes apart(size + 16);
    Bytes inside = plain;
    inside.resize(size + 16);
    const auto encrypt = [&](Bytes& to, const Bytes& from) {
      return ngtcp2_crypto_encrypt(to.data(), &aead, &seal, from.data(), size, nonce.data(), 12,
                                   key.data(), key.size());
    };
    BOOST_TEST(encrypt(apart, plain) == 0);
    BOOST_TEST(encrypt(inside, inside) == 0);
    BOOST_TEST((apart == inside));
    BOOST_TEST(ngtcp2_crypto_decrypt(inside.data(), &aead, &open, inside.data(), inside.size(),
                                     nonce.data(), 12, key.data(), key.size()) == 0);
    inside.resize(size);
    BOOST_TEST((inside == plain));
  }
  ngtcp2_crypto_aead_ctx_free(&seal);
  ngtcp2_crypto_aead_ctx_free(&open);
}

// RFC 9001 A.2.
BOOST_AUTO_TEST_CASE(MasksHeadersWithAes) {
  ngtcp2_crypto_ctx context{};
  ngtcp2_crypto_ctx_initial(&context);
  const Bytes key = hex("9f50449e04a0e810283a1e9933adedd2");
  const Bytes sample = hex("d1b1c98dd7689fb8ec11d242b123dc9b");
  ngtcp2_crypto_cipher_ctx masking{};
  BOOST_TEST_REQUIRE(ngtcp2_crypto_cipher_ctx_encrypt_init(&masking, &context.hp, key.data()) == 0);
  Bytes mask(16);
  for (int round = 0; round < 2; ++round) {
    BOOST_TEST(ngtcp2_crypto_hp_mask(mask.data(), &context.hp, &masking, sample.data()) == 0);
    BOOST_TEST((Bytes(mask.begin(), mask.begin() + 5) == hex("437b9aec36")));
  }
  ngtcp2_crypto_cipher_ctx_free(&masking);
}

// RFC 9001 A.1.
BOOST_AUTO_TEST_CASE(DerivesTheInitialSecretsOfTheStandard) {
  ngtcp2_crypto_md md{};
  ngtcp2_crypto_md_sha256(&md);
  const Bytes salt = hex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a");
  const Bytes id = hex("8394c8f03e515708");
  Bytes secret(ngtcp2_crypto_md_hashlen(&md));
  BOOST_TEST(ngtcp2_crypto_hkdf_extract(secret.data(), &md, id.data(), id.size(), salt.data(),
                                        salt.size()) == 0);
  BOOST_TEST((secret == hex("7db5df06e7a69e432496adedb00851923595221596ae2ae9fb8115c1e9ed0a44")));
  const Bytes info = hex("00200f746c73313320636c69656e7420696e00");
  const Bytes expected = hex("c00cf151ca5be075ed0ebfb5c80323c42d6b7db67881289af4008f1f6c357aea");
  Bytes expanded(32);
  BOOST_TEST(ngtcp2_crypto_hkdf_expand(expanded.data(), expanded.size(), &md, secret.data(),
                                       secret.size(), info.data(), info.size()) == 0);
  BOOST_TEST((expanded == expected));
  Bytes at_once(32);
  BOOST_TEST(ngtcp2_crypto_hkdf(at_once.data(), at_once.size(), &md, id.data(), id.size(),
                                salt.data(), salt.size(), info.data(), info.size()) == 0);
  BOOST_TEST((at_once == expected));
}

// The second suite, for machines without AES in hardware: handshake, headers and packets.
BOOST_AUTO_TEST_CASE(SpeaksChaCha20WithAPeerThatHasNothingElse) {
  World world;
  Host& server = world.add("a");
  Host& client = world.add("b");
  BOOST_TEST_REQUIRE(
      wolfSSL_CTX_set_cipher_list(client.tls->dialling(), "TLS13-CHACHA20-POLY1305-SHA256") ==
      WOLFSSL_SUCCESS);
  server.echo = true;
  const LinkId link = client.dial(server, Protocol::rpc);
  BOOST_TEST_REQUIRE(world.run_until([&] { return client.link(link).up; }));
  const Bytes sent = pattern(100'000);
  client.write(link, 0, sent, true);
  BOOST_TEST_REQUIRE(world.run_until([&] { return client.stream(link, 0).fin; }));
  BOOST_TEST((client.stream(link, 0).bytes == sent));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rpcnet::test
