// Asio's resolver (a thread of its own asks the system), and the routing table by connect(2).
#include "io/resolve.h"

#include <asio/ip/udp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <charconv>
#include <system_error>

namespace rpcnet {
namespace {

using Resolver = asio::ip::udp::resolver;

Address from_asio(const asio::ip::udp::endpoint& endpoint) {
  if (endpoint.address().is_v4()) {
    const auto ip = endpoint.address().to_v4().to_bytes();
    return Address::v4(ip[0], ip[1], ip[2], ip[3], endpoint.port());
  }
  const auto bytes = endpoint.address().to_v6().to_bytes();
  Address address{{}, endpoint.port()};
  std::copy(bytes.begin(), bytes.end(), address.ip.begin());
  return address;
}

asio::ip::udp::endpoint to_asio(const Address& address) {
  if (address.is_v4()) {
    const asio::ip::address_v4::bytes_type ip{address.ip[12], address.ip[13], address.ip[14],
                                              address.ip[15]};
    return {asio::ip::address_v4(ip), address.port};
  }
  asio::ip::address_v6::bytes_type ip{};
  std::copy(address.ip.begin(), address.ip.end(), ip.begin());
  return {asio::ip::address_v6(ip), address.port};
}

bool fits(const Address& address, Families families) {
  return address.is_v4() ? families.v4 : families.v6;
}

const char* name_of(Families families) {
  if (families.v4 && families.v6) return "IPv4 or IPv6";
  return families.v4 ? "IPv4" : "IPv6";
}

Status malformed(const std::string& text) {
  return error(StatusCode::invalid_argument,
               "\"" + text + "\" is no address; expected HOST:PORT, as in 127.0.0.1:61000, " +
                   "[::1]:61000 or seed.example:61000");
}

Result<std::vector<Address>> judge(const std::string& text, const std::string& host,
                                   const std::error_code& failed,
                                   const Resolver::results_type& results, Families families) {
  if (failed) {
    const bool gone = failed == asio::error::host_not_found || failed == asio::error::no_data;
    return error(gone ? StatusCode::not_found : StatusCode::unavailable,
                 "cannot resolve \"" + host + "\": " + failed.message() +
                     (gone ? "; is the name spelled right?" : "; the name service did not answer"));
  }
  std::vector<Address> found;
  for (const bool v4 : {true, false}) {
    for (const auto& entry : results) {
      const Address address = from_asio(entry.endpoint());
      const bool known = std::find(found.begin(), found.end(), address) != found.end();
      if (address.is_v4() == v4 && fits(address, families) && !known) found.push_back(address);
    }
  }
  if (found.empty()) {
    return error(StatusCode::not_found, "\"" + text + "\" has no " + name_of(families) +
                                            " address, which this socket would need");
  }
  return found;
}

// What needs no name service. nullopt: it is a name.
std::optional<Result<std::vector<Address>>> numeric(const std::string& text, Families families) {
  const auto address = parse_address(text);
  if (!address) return std::nullopt;
  if (fits(*address, families)) return Result<std::vector<Address>>(std::vector{*address});
  return Result<std::vector<Address>>(error(
      StatusCode::not_found,
      "\"" + text + "\" cannot be reached from a socket that is " + name_of(families) + " only"));
}

}  // namespace

std::optional<HostPort> parse_host_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || failed != std::errc{} || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  std::string_view host = text.substr(0, colon);
  if (host.front() == '[') {
    if (host.size() < 3 || host.back() != ']') return std::nullopt;
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;  // IPv6 without brackets: where does the port begin?
  }
  if (host.find_first_of(" \t/") != std::string_view::npos) return std::nullopt;
  return HostPort{std::string(host), port};
}

asio::awaitable<Result<std::vector<Address>>> resolve(std::string text, Families families) {
  if (auto known = numeric(text, families)) co_return std::move(*known);
  const auto parts = parse_host_port(text);
  if (!parts) co_return malformed(text);
  const auto executor = co_await asio::this_coro::executor;
  Resolver resolver(executor);
  const std::string service = std::to_string(parts->port);
  std::error_code failed;
  const Resolver::results_type found = co_await resolver.async_resolve(
      parts->host, service, asio::redirect_error(asio::use_awaitable, failed));
  co_return judge(text, parts->host, failed, found, families);
}

Result<std::vector<Address>> resolve_now(const std::string& text, Families families) {
  if (auto known = numeric(text, families)) return std::move(*known);
  const auto parts = parse_host_port(text);
  if (!parts) return malformed(text);
  asio::io_context context;
  Resolver resolver(context);
  std::error_code failed;
  const auto results = resolver.resolve(parts->host, std::to_string(parts->port), failed);
  return judge(text, parts->host, failed, results, families);
}

std::optional<Address> route_source(const Address& remote) {
  asio::io_context context;
  asio::ip::udp::socket socket(context);
  std::error_code failed;
  socket.open(remote.is_v4() ? asio::ip::udp::v4() : asio::ip::udp::v6(), failed);
  if (failed) return std::nullopt;
  auto target = to_asio(remote);
  if (target.port() == 0) target.port(9);
  socket.connect(target, failed);
  if (failed) return std::nullopt;
  const auto local = socket.local_endpoint(failed);
  if (failed) return std::nullopt;
  Address address = from_asio(local);
  address.port = 0;
  return address;
}

}  // namespace rpcnet
