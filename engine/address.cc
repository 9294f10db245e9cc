// Reading and writing addresses without the operating system's help.
#include "engine/address.h"

#include <algorithm>
#include <charconv>

namespace rpcnet {
namespace {

template <typename Number>
std::optional<Number> parse_number(std::string_view text, int base) {
  Number value{};
  if (text.empty()) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::array<std::uint8_t, 4>> parse_v4(std::string_view text) {
  std::array<std::uint8_t, 4> parts{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto dot = i + 1 < parts.size() ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return std::nullopt;
    const auto part = text.substr(0, dot);
    // "010" would be eight to some readers and ten to others: refused.
    if (part.size() > 1 && part.front() == '0') return std::nullopt;
    const auto number = parse_number<std::uint8_t>(part, 10);
    if (!number) return std::nullopt;
    parts[i] = *number;
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return parts;
}

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::array<std::uint8_t, 16> mapped(const std::array<std::uint8_t, 4>& v4) {
  std::array<std::uint8_t, 16> ip{};
  std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), ip.begin());
  std::copy(v4.begin(), v4.end(), ip.begin() + 12);
  return ip;
}

// Groups of one side of "::". Returns how many were written, nullopt if malformed.
std::optional<std::size_t> parse_groups(std::string_view text, std::array<std::uint16_t, 8>& out) {
  std::size_t count = 0;
  while (!text.empty()) {
    if (count == out.size()) return std::nullopt;
    const auto colon = std::min(text.find(':'), text.size());
    const auto part = text.substr(0, colon);
    if (part.size() > 4) return std::nullopt;
    const auto group = parse_number<std::uint16_t>(part, 16);
    if (!group) return std::nullopt;
    out[count++] = *group;
    if (colon + 1 == text.size()) return std::nullopt;  // a trailing single colon
    text.remove_prefix(std::min(colon + 1, text.size()));
  }
  return count;
}

std::optional<std::array<std::uint8_t, 16>> parse_v6(std::string_view text) {
  std::array<std::uint16_t, 8> groups{};
  const auto gap = text.find("::");
  if (gap == std::string_view::npos) {
    if (parse_groups(text, groups) != groups.size()) return std::nullopt;
  } else {
    std::array<std::uint16_t, 8> tail{};
    const auto before = parse_groups(text.substr(0, gap), groups);
    const auto after = parse_groups(text.substr(gap + 2), tail);
    if (!before || !after || *before + *after >= groups.size()) return std::nullopt;
    std::copy_n(tail.begin(), *after, groups.end() - static_cast<std::ptrdiff_t>(*after));
  }
  std::array<std::uint8_t, 16> ip{};
  for (std::size_t i = 0; i < groups.size(); ++i) {
    ip[2 * i] = static_cast<std::uint8_t>(groups[i] >> 8);
    ip[2 * i + 1] = static_cast<std::uint8_t>(groups[i] & 0xff);
  }
  return ip;
}

void append_number(std::string& text, unsigned value, int base) {
  std::array<char, 8> digits{};
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), value, base);
  text.append(digits.data(), result.ptr);
}

// RFC 5952 4.2: the longest run of two or more zero groups, the first of equals.
std::pair<std::size_t, std::size_t> longest_zero_run(const std::array<std::uint16_t, 8>& groups) {
  std::pair<std::size_t, std::size_t> best{0, 0};
  for (std::size_t i = 0; i < groups.size();) {
    std::size_t end = i;
    while (end < groups.size() && groups[end] == 0) ++end;
    if (end - i > best.second && end - i >= 2) best = {i, end - i};
    i = end + 1;
  }
  return best;
}

}  // namespace

bool Address::is_unspecified() const {
  const auto from = is_v4() ? ip.begin() + 12 : ip.begin();
  return std::all_of(from, ip.end(), [](std::uint8_t byte) { return byte == 0; });
}

std::optional<Address> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_number<std::uint16_t>(text.substr(colon + 1), 10);
  if (!port) return std::nullopt;
  const auto host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    const auto ip = parse_v6(host.substr(1, host.size() - 2));
    if (!ip) return std::nullopt;
    return Address{*ip, *port};
  }
  const auto ip = parse_v4(host);
  if (!ip) return std::nullopt;
  return Address{mapped(*ip), *port};
}

std::string to_text(const Address& address) {
  std::string text;
  if (address.is_v4()) {
    for (std::size_t i = 12; i < 16; ++i) {
      if (i > 12) text += '.';
      append_number(text, address.ip[i], 10);
    }
  } else {
    std::array<std::uint16_t, 8> groups{};
    for (std::size_t i = 0; i < groups.size(); ++i) {
      groups[i] = static_cast<std::uint16_t>(address.ip[2 * i] << 8 | address.ip[2 * i + 1]);
    }
    const auto [start, length] = longest_zero_run(groups);
    text += '[';
    for (std::size_t i = 0; i < groups.size();) {
      if (length > 0 && i == start) {
        text += "::";
        i += length;
        continue;
      }
      if (i > 0 && text.back() != ':') text += ':';
      append_number(text, groups[i], 16);
      ++i;
    }
    text += ']';
  }
  text += ':';
  append_number(text, address.port, 10);
  return text;
}

}  // namespace rpcnet
