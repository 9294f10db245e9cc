// Our Address as ngtcp2 wants it: a sockaddr, here always an IPv6 one.
//
// ngtcp2 compares addresses and hands them back; it never opens a socket. One family for all keeps
// the comparison simple: IPv4 travels mapped (RFC 4291 2.5.5.2), as in Address itself.
#pragma once

#include <netinet/in.h>
#include <ngtcp2/ngtcp2.h>

#include "engine/address.h"

namespace rpcnet::quic {

sockaddr_in6 to_sockaddr(const Address& address);
Address to_address(const ngtcp2_addr& address);

// An ngtcp2_path with the two addresses that it points to. Neither copied nor moved, because the
// path holds pointers into it.
class UdpPath {
 public:
  UdpPath(const Address& local, const Address& remote);
  UdpPath(const UdpPath&) = delete;
  UdpPath& operator=(const UdpPath&) = delete;

  const ngtcp2_path* get() const { return &path_; }

 private:
  sockaddr_in6 local_;
  sockaddr_in6 remote_;
  ngtcp2_path path_;
};

}  // namespace rpcnet::quic
