// Names and "host:port" texts to addresses.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/address.h"
#include "io/result.h"

namespace rpcnet {

// A text taken apart; the host is a name or a number, without the brackets of IPv6.
struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};

// "name:61000", "127.0.0.1:61000", "[::1]:61000". nullopt: no host, no port, or not a port.
std::optional<HostPort> parse_host_port(std::string_view text);

// Which addresses the asker's socket can send to.
struct Families {
  bool v4 = true;
  bool v6 = true;
};

// All addresses of a "host:port", IPv4 first, without blocking. invalid_argument: malformed;
// not_found: the name does not exist, or has no address of these families; unavailable: the name
// service did not answer, try again.
asio::awaitable<Result<std::vector<Address>>> resolve(std::string text, Families families);

// The same while the process starts, when blocking harms nobody.
Result<std::vector<Address>> resolve_now(const std::string& text, Families families);

// The address that this machine sends from towards `remote`, by its routing table; nothing is sent.
// Port 0. nullopt: there is no route.
std::optional<Address> route_source(const Address& remote);

}  // namespace rpcnet
