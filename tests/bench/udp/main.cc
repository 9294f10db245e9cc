// The floor under every round trip: a datagram there and back between two processes, without
// encryption or protocol. `bench_udp server` echoes, `bench_udp client` measures; with --spin
// neither ever sleeps.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/bench/load/load.h"

namespace {

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "udp: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

sockaddr_in address_of(const bench::Load& load) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(load.port);
  if (::inet_pton(AF_INET, load.host.c_str(), &address.sin_addr) != 1) fail("--host");
  return address;
}

int open_socket() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) fail("socket");
  return fd;
}

// Waits by sleeping or by asking again and again; -1: an error, such as a timeout.
ssize_t receive(int fd, void* bytes, std::size_t size, bool spin, sockaddr_in* from) {
  socklen_t from_size = sizeof *from;
  while (true) {
    const ssize_t count = ::recvfrom(fd, bytes, size, spin ? MSG_DONTWAIT : 0,
                                     reinterpret_cast<sockaddr*>(from), &from_size);
    if (count >= 0 || !spin || errno != EAGAIN) return count;
  }
}

int serve(const bench::Load& load) {
  const int fd = open_socket();
  sockaddr_in address = address_of(load);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("bind");
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  bench::print_listening(ntohs(address.sin_port));
  std::array<char, 65536> bytes;
  while (true) {
    sockaddr_in from{};
    const ssize_t count = receive(fd, bytes.data(), bytes.size(), load.spin, &from);
    if (count < 0) fail("recvfrom");
    ::sendto(fd, bytes.data(), static_cast<std::size_t>(count), 0,
             reinterpret_cast<const sockaddr*>(&from), sizeof from);
  }
}

int call(const bench::Load& load) {
  const int fd = open_socket();
  const sockaddr_in address = address_of(load);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail("connect");
  }
  // A datagram can be lost, even here.
  const timeval patience{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  bench::Meter meter(load);
  std::string message(load.payload, 'x');
  sockaddr_in from{};
  auto start = meter.begin();
  while (!meter.over()) {
    if (::send(fd, message.data(), message.size(), 0) < 0) fail("send");
    if (receive(fd, message.data(), message.size(), load.spin, &from) < 0) {
      meter.failed("no answer");
      start = meter.check();
      continue;
    }
    start = meter.done(start);
  }
  return meter.report();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string role = argc > 1 ? argv[1] : "";
  if (role == "server") return serve(bench::parse_server(argc - 1, argv + 1));
  if (role == "client") return call(bench::parse_load(argc - 1, argv + 1));
  std::fprintf(stderr, "udp: say `server` or `client` first\n");
  return 64;
}
