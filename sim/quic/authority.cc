// X.509 (RFC 5280) by hand: this build of wolfSSL reads certificates and signs, but writes none.
#include "sim/quic/authority.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/sha256.h>

#include <array>

#include "engine/assert.h"
#include "sim/quic/der.h"
#include "sim/quic/tls_turn.h"

namespace rpcnet::sim {
namespace {

constexpr std::uint64_t kAuthority = ~std::uint64_t{0};
constexpr std::size_t kScalarSize = 32;

// Object identifiers, without tag and length.
constexpr std::array<std::uint8_t, 7> kEcPublicKey{0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
constexpr std::array<std::uint8_t, 8> kPrime256v1{0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
constexpr std::array<std::uint8_t, 8> kEcdsaSha256{0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
constexpr std::array<std::uint8_t, 3> kCommonName{0x55, 0x04, 0x03};
constexpr std::array<std::uint8_t, 3> kBasicConstraints{0x55, 0x1d, 0x13};
constexpr std::array<std::uint8_t, 3> kKeyUsage{0x55, 0x1d, 0x0f};
constexpr std::array<std::uint8_t, 3> kSubjectAltName{0x55, 0x1d, 0x11};

constexpr std::array<std::uint8_t, 1> kTrue{0xff};
// keyCertSign, in the bits of RFC 5280 4.2.1.3; two bits of the byte are unused.
constexpr std::array<std::uint8_t, 2> kMayCertify{0x02, 0x04};

class PrivateKey {
 public:
  // Any 255 bits but zero are below the group's order, and so a private key.
  explicit PrivateKey(Chance& chance) {
    chance.fill(scalar_);
    scalar_[0] &= 0x7f;
    int result = wc_ecc_init(&key_);
    if (result == 0) {
      result = wc_ecc_import_private_key_ex(scalar_.data(), kScalarSize, nullptr, 0, &key_,
                                            ECC_SECP256R1);
    }
    if (result == 0) result = wc_ecc_make_pub(&key_, nullptr);
    word32 size = static_cast<word32>(point_.size());
    if (result == 0) result = wc_ecc_export_x963(&key_, point_.data(), &size);
    ENGINE_ASSERT(result == 0 && size == point_.size());
  }
  PrivateKey(const PrivateKey&) = delete;
  PrivateKey& operator=(const PrivateKey&) = delete;
  ~PrivateKey() { wc_ecc_free(&key_); }

  // SubjectPublicKeyInfo (RFC 5480 2).
  Bytes public_info() const {
    const Bytes algorithm = der::value(der::kSequence, {der::value(der::kObject, kEcPublicKey),
                                                        der::value(der::kObject, kPrime256v1)});
    return der::value(der::kSequence, {algorithm, der::bit_string(point_)});
  }

  // ECPrivateKey (RFC 5915 3).
  Bytes private_info() const {
    return der::value(der::kSequence,
                      {der::integer(1), der::value(der::kOctetString, scalar_),
                       der::value(der::kContext0, der::value(der::kObject, kPrime256v1)),
                       der::value(der::kContext1, der::bit_string(point_))});
  }

  // The nonce comes from whoever's turn it is.
  Bytes sign(BytesView message) {
    std::array<std::uint8_t, WC_SHA256_DIGEST_SIZE> digest{};
    int result = wc_Sha256Hash(message.data(), static_cast<word32>(message.size()), digest.data());
    Bytes signature(ECC_MAX_SIG_SIZE);
    word32 size = static_cast<word32>(signature.size());
    // It holds nothing: this wolfSSL draws through tls_hooks.h.
    WC_RNG generator{};
    if (result == 0) {
      result = wc_ecc_sign_hash(digest.data(), static_cast<word32>(digest.size()), signature.data(),
                                &size, &generator, &key_);
    }
    ENGINE_ASSERT(result == 0);
    signature.resize(size);
    return signature;
  }

 private:
  std::array<std::uint8_t, kScalarSize> scalar_{};
  std::array<std::uint8_t, 2 * kScalarSize + 1> point_{};
  ecc_key key_{};
};

Bytes name(std::string_view common_name) {
  const Bytes attribute = der::value(der::kSequence, {der::value(der::kObject, kCommonName),
                                                      der::text(der::kUtf8String, common_name)});
  return der::value(der::kSequence, der::value(der::kSet, attribute));
}

Bytes critical_extension(BytesView id, BytesView content) {
  return der::value(der::kSequence, {der::value(der::kObject, id), der::value(der::kBoolean, kTrue),
                                     der::value(der::kOctetString, content)});
}

Bytes extension(BytesView id, BytesView content) {
  return der::value(der::kSequence,
                    {der::value(der::kObject, id), der::value(der::kOctetString, content)});
}

std::string pem(const Bytes& bytes, int type) {
  const auto size = static_cast<word32>(bytes.size());
  std::string text(2 * bytes.size() + 200, '\0');
  const int written = wc_DerToPem(bytes.data(), size, reinterpret_cast<byte*>(text.data()),
                                  static_cast<word32>(text.size()), type);
  ENGINE_ASSERT(written > 0);
  text.resize(static_cast<std::size_t>(written));
  return text;
}

}  // namespace

Authority::Authority(Keyed keyed) : keyed_(keyed) {
  const Bytes constraints =
      der::value(der::kSequence, der::value(der::kBoolean, kTrue));  // CA:TRUE
  const Bytes usage = der::value(der::kBitString, kMayCertify);
  const Bytes extensions = der::value(
      der::kSequence,
      {critical_extension(kBasicConstraints, constraints), critical_extension(kKeyUsage, usage)});
  own_ = make(kAuthority, name("sim authority"), extensions);
}

Certificate Authority::issue(std::uint64_t holder, const PeerIdentity& identity) const {
  const std::string uri = "rpcnet://" + identity.cluster + "/" + identity.node;
  const Bytes names = der::value(der::kSequence, der::text(der::kUriName, uri));
  const Bytes extensions = der::value(der::kSequence, extension(kSubjectAltName, names));
  return make(holder, name(identity.node), extensions);
}

Certificate Authority::make(std::uint64_t holder, BytesView subject, BytesView extensions) const {
  Chance own_chance(keyed_, holder, ChanceUse::certificate);
  Chance signers_chance(keyed_, kAuthority, ChanceUse::certificate);
  PrivateKey own(own_chance);
  PrivateKey signer(signers_chance);
  const TlsTurn turn(own_chance, Instant{});  // the signature's nonce is of the holder's stream

  const Bytes algorithm = der::value(der::kSequence, der::value(der::kObject, kEcdsaSha256));
  const Bytes validity = der::value(der::kSequence, {der::text(der::kUtcTime, "250101000000Z"),
                                                     der::text(der::kUtcTime, "341231235959Z")});
  const Bytes serial = der::integer((holder & 0xffffffff) + 1);
  const Bytes body =
      der::value(der::kSequence, {der::value(der::kContext0, der::integer(2)),  // version 3
                                  serial, algorithm, name("sim authority"), validity, subject,
                                  own.public_info(), der::value(der::kContext3, extensions)});
  const Bytes signature = der::bit_string(signer.sign(body));
  const Bytes certificate = der::value(der::kSequence, {body, algorithm, signature});
  return {pem(certificate, CERT_TYPE), pem(own.private_info(), ECC_PRIVATEKEY_TYPE)};
}

}  // namespace rpcnet::sim
