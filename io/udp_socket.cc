// The socket's options, and the system calls for batches and bursts.
#include "io/udp_socket.h"

#include <linux/errqueue.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "io/quic/steering.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace rpcnet {
namespace {

constexpr std::size_t kSegmentsMax = 64;       // UDP_MAX_SEGMENTS of older kernels
constexpr std::size_t kUnreachableMax = 1024;  // further ones are only counted: they are hints

union SocketAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

std::string reason(int number) {
  return std::error_code(number, std::generic_category()).message();
}

socklen_t to_native(const Address& address, bool v4_only, SocketAddress& out) {
  std::memset(&out, 0, sizeof out);
  if (v4_only) {
    out.v4.sin_family = AF_INET;
    out.v4.sin_port = htons(address.port);
    std::memcpy(&out.v4.sin_addr, address.ip.data() + 12, 4);
    return sizeof out.v4;
  }
  out.v6.sin6_family = AF_INET6;
  out.v6.sin6_port = htons(address.port);
  std::memcpy(&out.v6.sin6_addr, address.ip.data(), 16);
  return sizeof out.v6;
}

Address mapped(const void* four_bytes, std::uint16_t port) {
  std::array<std::uint8_t, 4> ip{};
  std::memcpy(ip.data(), four_bytes, ip.size());
  return Address::v4(ip[0], ip[1], ip[2], ip[3], port);
}

Address from_native(const SocketAddress& native) {
  if (native.any.sa_family == AF_INET) {
    return mapped(&native.v4.sin_addr, ntohs(native.v4.sin_port));
  }
  Address address{{}, ntohs(native.v6.sin6_port)};
  std::memcpy(address.ip.data(), &native.v6.sin6_addr, address.ip.size());
  return address;
}

template <typename T>
T content_of(const cmsghdr* header) {
  T value{};
  std::memcpy(&value, CMSG_DATA(header), sizeof value);
  return value;
}

bool set_option(int fd, int level, int name, int value) {
  return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

int get_option(int fd, int level, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, level, name, &value, &size) == 0 ? value : 0;
}

// Control messages of one sendmsg, written one after the other.
class Control {
 public:
  template <typename T>
  void add(int level, int type, const T& value) {
    auto* header = reinterpret_cast<cmsghdr*>(space_.data() + used_);
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(CMSG_DATA(header), &value, sizeof value);
    used_ += CMSG_SPACE(sizeof value);
  }
  void attach(msghdr& message) {
    message.msg_control = used_ > 0 ? space_.data() : nullptr;
    message.msg_controllen = used_;
  }

 private:
  alignas(cmsghdr) std::array<std::uint8_t, 128> space_{};
  std::size_t used_ = 0;
};

void add_source(Control& control, const quic::Transmit& burst, bool v4_only, bool wildcard) {
  const bool to_v4 = burst.remote.is_v4();
  // A socket bound to one address sends from it anyway.
  if (wildcard && !burst.local.is_unspecified() && burst.local.is_v4() == to_v4) {
    if (v4_only) {
      in_pktinfo info{};
      std::memcpy(&info.ipi_spec_dst, burst.local.ip.data() + 12, 4);
      control.add(IPPROTO_IP, IP_PKTINFO, info);
    } else {
      in6_pktinfo info{};
      std::memcpy(&info.ipi6_addr, burst.local.ip.data(), 16);
      control.add(IPPROTO_IPV6, IPV6_PKTINFO, info);
    }
  }
  if (burst.ecn != 0) {
    const int bits = static_cast<int>(burst.ecn);
    if (to_v4) {
      control.add(IPPROTO_IP, IP_TOS, bits);
    } else {
      control.add(IPPROTO_IPV6, IPV6_TCLASS, bits);
    }
  }
}

bool is_unreachable(int error) {
  return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH ||
         error == EHOSTDOWN || error == ENETDOWN;
}

}  // namespace

struct UdpSocket::Batch {
  struct Slot {
    SocketAddress name;
    alignas(cmsghdr) std::array<std::uint8_t, 256> control;
    iovec content;
  };
  // Not zeroed: pages that nothing was received into yet cost nothing.
  std::unique_ptr<std::uint8_t[]> bytes =
      std::make_unique_for_overwrite<std::uint8_t[]>(kBatch * kBufferBytes);
  std::array<Slot, kBatch> slots{};
  std::array<mmsghdr, kBatch> messages{};

  std::uint8_t* buffer(std::size_t index) { return bytes.get() + index * kBufferBytes; }

  void prepare() {
    for (std::size_t i = 0; i < kBatch; ++i) {
      slots[i].content = {buffer(i), kBufferBytes};
      msghdr& header = messages[i].msg_hdr;
      header = {};
      header.msg_name = &slots[i].name;
      header.msg_namelen = sizeof slots[i].name;
      header.msg_iov = &slots[i].content;
      header.msg_iovlen = 1;
      header.msg_control = slots[i].control.data();
      header.msg_controllen = slots[i].control.size();
    }
  }
};

UdpSocket::UdpSocket(asio::io_context& context)
    : socket_(context), batch_(std::make_unique<Batch>()) {}

UdpSocket::~UdpSocket() = default;

Result<std::unique_ptr<UdpSocket>> UdpSocket::open(asio::io_context& context, const Address& bind,
                                                   std::size_t buffer_bytes) {
  std::unique_ptr<UdpSocket> socket(new UdpSocket(context));
  if (Status status = socket->bind(bind, buffer_bytes, false); !status.ok()) return status;
  return socket;
}

Result<std::unique_ptr<UdpSocket>> UdpSocket::open_beside(UdpSocket& first,
                                                          asio::io_context& context,
                                                          std::size_t buffer_bytes) {
  // Only now: with this option from the beginning the first one would be bound beside the sockets
  // of another process that has it too.
  if (!set_option(first.fd_, SOL_SOCKET, SO_REUSEPORT, 1)) {
    return error(StatusCode::failed_precondition,
                 "cannot share the address " + to_text(first.local_) + ": " + reason(errno));
  }
  std::unique_ptr<UdpSocket> socket(new UdpSocket(context));
  if (Status status = socket->bind(first.local_, buffer_bytes, true); !status.ok()) return status;
  return socket;
}

bool UdpSocket::steer(std::size_t owners) {
  // The program sees the datagram without its headers, and its result is an index into the sockets
  // in the order in which they were bound. A byte that is not there ends it with 0.
  const auto load = [](std::size_t at) {
    return sock_filter{BPF_LD | BPF_B | BPF_ABS, 0, 0, static_cast<std::uint32_t>(at)};
  };
  std::array<sock_filter, 7> program{
      load(0),
      sock_filter{BPF_JMP | BPF_JSET | BPF_K, 0, 2, quic::kLongHeaderBit},
      load(quic::kLongHeaderId),
      sock_filter{BPF_JMP | BPF_JA, 0, 0, 1},
      load(quic::kShortHeaderId),
      sock_filter{BPF_ALU | BPF_MOD | BPF_K, 0, 0, static_cast<std::uint32_t>(owners)},
      sock_filter{BPF_RET | BPF_A, 0, 0, 0}};
  const sock_fprog code{program.size(), program.data()};
  return ::setsockopt(fd_, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &code, sizeof code) == 0;
}

Status UdpSocket::bind(const Address& wanted, std::size_t buffer_bytes, bool beside) {
  Address address = wanted;
  const auto create = [&] {
    v4_only_ = address.is_v4();
    // Not through Asio: its sockets would pass to every program that this process starts, which
    // then holds the port when we are gone.
    fd_ = ::socket(v4_only_ ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fd_ >= 0 ? 0 : errno;
  };
  int failure = create();
  if (failure == EAFNOSUPPORT && !v4_only_ && address.is_unspecified()) {
    address = Address::v4(0, 0, 0, 0, address.port);  // everything that this machine has
    failure = create();
  }
  if (failure != 0) {
    std::string what = "cannot open a UDP socket for " + to_text(address) + ": " + reason(failure);
    if (failure == EAFNOSUPPORT && !v4_only_) {
      what += "; this machine may have IPv6 switched off: bind an IPv4 address";
    } else if (failure == EMFILE) {
      what += "; this process may open no more: see `ulimit -n`";
    }
    return error(StatusCode::failed_precondition, what);
  }
  std::error_code failed;
  socket_.assign(v4_only_ ? asio::ip::udp::v4() : asio::ip::udp::v6(), fd_, failed);
  if (failed) {
    ::close(std::exchange(fd_, -1));
    return error(StatusCode::internal, "cannot watch a UDP socket: " + failed.message());
  }
  wildcard_ = address.is_unspecified();
  reaches_v4_ = v4_only_ || wildcard_;
  // "[::]" means everything; one IPv6 address means just that one.
  if (!v4_only_) set_option(fd_, IPPROTO_IPV6, IPV6_V6ONLY, wildcard_ ? 0 : 1);
  set_options();
  size_buffers(buffer_bytes);
  if (beside) set_option(fd_, SOL_SOCKET, SO_REUSEPORT, 1);

  SocketAddress native;
  const socklen_t size = to_native(address, v4_only_, native);
  if (::bind(fd_, &native.any, size) != 0) {
    const int number = errno;
    std::string what = "cannot bind " + to_text(address) + ": " + reason(number);
    if (number == EADDRINUSE) {
      what += "; another process listens there: end it or choose another port (0: any free one)";
    } else if (number == EADDRNOTAVAIL) {
      what += "; no interface of this machine has that address: see `ip address`";
    } else if (number == EACCES) {
      what += "; ports below 1024 need the capability CAP_NET_BIND_SERVICE";
    }
    return error(StatusCode::failed_precondition, what);
  }
  SocketAddress bound;
  socklen_t bound_size = sizeof bound;
  if (::getsockname(fd_, &bound.any, &bound_size) != 0) {
    return error(StatusCode::internal, "cannot ask for the bound address: " + reason(errno));
  }
  local_ = from_native(bound);
  return {};
}

void UdpSocket::set_options() {
  // IPv4 options matter on a dual-stack socket too: they rule its mapped packets.
  set_option(fd_, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  set_option(fd_, IPPROTO_IP, IP_RECVTOS, 1);
  set_option(fd_, IPPROTO_IP, IP_RECVERR, 1);
  if (v4_only_) {
    set_option(fd_, IPPROTO_IP, IP_PKTINFO, 1);
  } else {
    set_option(fd_, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
    set_option(fd_, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
    set_option(fd_, IPPROTO_IPV6, IPV6_RECVERR, 1);
    set_option(fd_, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  }
  set_option(fd_, SOL_SOCKET, SO_RXQ_OVFL, 1);
  counters_.coalescing = set_option(fd_, IPPROTO_UDP, UDP_GRO, 1);
  // Asked for by its default value: a kernel before 4.18 does not know the option.
  segmentation_ = set_option(fd_, IPPROTO_UDP, UDP_SEGMENT, 0);
  counters_.segmentation = segmentation_;
}

void UdpSocket::size_buffers(std::size_t wanted) {
  const int bytes = static_cast<int>(std::min<std::size_t>(wanted, std::size_t{1} << 30));
  // ...FORCE passes the sysctl's limit where we have the right to (CAP_NET_ADMIN).
  if (!set_option(fd_, SOL_SOCKET, SO_RCVBUFFORCE, bytes)) {
    set_option(fd_, SOL_SOCKET, SO_RCVBUF, bytes);
  }
  if (!set_option(fd_, SOL_SOCKET, SO_SNDBUFFORCE, bytes)) {
    set_option(fd_, SOL_SOCKET, SO_SNDBUF, bytes);
  }
  // socket(7): the kernel doubles the value for its own bookkeeping.
  const auto half = [&](int name) {
    return static_cast<std::uint64_t>(get_option(fd_, SOL_SOCKET, name)) / 2;
  };
  counters_.receive_buffer_bytes = half(SO_RCVBUF);
  counters_.send_buffer_bytes = half(SO_SNDBUF);
  if (counters_.receive_buffer_bytes >= wanted && counters_.send_buffer_bytes >= wanted) return;
  advice_ = "the kernel gives this socket buffers of " +
            std::to_string(counters_.receive_buffer_bytes / 1024) + " KiB to receive and " +
            std::to_string(counters_.send_buffer_bytes / 1024) + " KiB to send, " +
            std::to_string(wanted / 1024) + " KiB were asked for; bursts may be lost. Run: sysctl" +
            " -w net.core.rmem_max=" + std::to_string(wanted) +
            " net.core.wmem_max=" + std::to_string(wanted);
}

void UdpSocket::close() {
  std::error_code ignored;
  socket_.close(ignored);
  fd_ = -1;
}

// ------------------------------------------------------------------------------------- receiving

std::span<const Datagram> UdpSocket::receive() {
  datagrams_.clear();
  // A pending ICMP error is told once, by whichever call comes next: read it and go on.
  for (int attempt = 0; attempt < 8; ++attempt) {
    batch_->prepare();
    const int count = ::recvmmsg(fd_, batch_->messages.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (count >= 0) {
      ++counters_.reads;
      for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
        std::size_t segment_size = 0;
        const auto whole = parse(i, segment_size);
        if (!whole) continue;
        if (segment_size == 0) segment_size = std::max<std::size_t>(whole->bytes.size(), 1);
        for (std::size_t at = 0; at < whole->bytes.size(); at += segment_size) {
          Datagram piece = *whole;
          piece.bytes = whole->bytes.subspan(at, std::min(segment_size, whole->bytes.size() - at));
          datagrams_.push_back(piece);
        }
      }
      counters_.datagrams_in += datagrams_.size();
      received_ = true;
      if (!datagrams_.empty()) return datagrams_;
      continue;  // only empty or truncated ones: look for more
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK || fd_ < 0) break;
    read_errors();
  }
  // Who has just read datagrams was woken by them; errors that wait wake him again.
  if (!std::exchange(received_, false)) read_errors();
  return datagrams_;
}

std::optional<Datagram> UdpSocket::parse(std::size_t index, std::size_t& segment_size) {
  const mmsghdr& message = batch_->messages[index];
  if ((message.msg_hdr.msg_flags & MSG_TRUNC) != 0) {
    ++counters_.truncated;
    return std::nullopt;
  }
  Datagram datagram;
  datagram.remote = from_native(batch_->slots[index].name);
  datagram.local = local_;
  datagram.bytes = {batch_->buffer(index), message.msg_len};
  auto* header = const_cast<msghdr*>(&message.msg_hdr);
  for (cmsghdr* part = CMSG_FIRSTHDR(header); part != nullptr; part = CMSG_NXTHDR(header, part)) {
    const auto is = [&](int level, int type) {
      return part->cmsg_level == level && part->cmsg_type == type;
    };
    if (is(IPPROTO_IP, IP_PKTINFO)) {
      const auto info = content_of<in_pktinfo>(part);
      datagram.local = mapped(&info.ipi_addr, local_.port);
    } else if (is(IPPROTO_IPV6, IPV6_PKTINFO)) {
      const auto info = content_of<in6_pktinfo>(part);
      std::memcpy(datagram.local.ip.data(), &info.ipi6_addr, datagram.local.ip.size());
    } else if (is(IPPROTO_IP, IP_TOS)) {
      datagram.ecn = content_of<std::uint8_t>(part) & 3u;
    } else if (is(IPPROTO_IPV6, IPV6_TCLASS)) {
      datagram.ecn = static_cast<unsigned>(content_of<int>(part)) & 3u;
    } else if (is(IPPROTO_UDP, UDP_GRO)) {
      segment_size = static_cast<std::size_t>(std::max(content_of<int>(part), 0));
    } else if (is(SOL_SOCKET, SO_RXQ_OVFL)) {
      // The kernel's counter has 32 bits and tells the total.
      const auto total = content_of<std::uint32_t>(part);
      counters_.kernel_dropped +=
          static_cast<std::uint32_t>(total - static_cast<std::uint32_t>(counters_.kernel_dropped));
    }
  }
  return datagram;
}

void UdpSocket::read_errors() {
  if (fd_ < 0) return;
  // Bounded: each error is one packet of ours that came back.
  for (int i = 0; i < 256; ++i) {
    SocketAddress name;
    std::memset(&name, 0, sizeof name);
    alignas(cmsghdr) std::array<std::uint8_t, 512> control{};
    std::array<std::uint8_t, 64> content{};
    iovec part{content.data(), content.size()};
    msghdr message{};
    message.msg_name = &name;
    message.msg_namelen = sizeof name;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    if (::recvmsg(fd_, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
      if (errno == EINTR) continue;
      return;
    }
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
      const bool v4 = header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_RECVERR;
      const bool v6 = header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_RECVERR;
      if (!v4 && !v6) continue;
      const auto failure = content_of<sock_extended_err>(header);
      const int number = static_cast<int>(failure.ee_errno);
      if (failure.ee_origin == SO_EE_ORIGIN_LOCAL) {
        if (number == EMSGSIZE) ++counters_.too_large;
      } else if (is_unreachable(number)) {
        ++counters_.unreachable;
        if (unreachable_.size() < kUnreachableMax) unreachable_.push_back(from_native(name));
      }
    }
  }
}

std::vector<Address> UdpSocket::take_unreachable() {
  std::sort(unreachable_.begin(), unreachable_.end());
  unreachable_.erase(std::unique(unreachable_.begin(), unreachable_.end()), unreachable_.end());
  return std::exchange(unreachable_, {});
}

// --------------------------------------------------------------------------------------- sending

bool UdpSocket::send(const quic::Transmit& transmit) {
  if (blocked()) {  // against the contract, but loss is what UDP allows
    ++counters_.send_failed;
    return false;
  }
  return send_from(transmit, 0);
}

bool UdpSocket::resume() {
  if (!blocked()) return true;
  Burst burst = std::exchange(kept_, {});
  return send_from({.local = burst.local,
                    .remote = burst.remote,
                    .ecn = burst.ecn,
                    .bytes = burst.bytes,
                    .segment_size = burst.segment_size},
                   0);
}

bool UdpSocket::send_from(const quic::Transmit& transmit, std::size_t sent) {
  if (fd_ < 0 || transmit.bytes.empty()) return true;
  if (transmit.remote.is_v4() ? !reaches_v4_ : v4_only_) {
    // The other family than the socket's: nothing will ever get there.
    ++counters_.send_failed;
    if (unreachable_.size() < kUnreachableMax) unreachable_.push_back(transmit.remote);
    return true;
  }
  const std::size_t segment = std::max<std::size_t>(transmit.segment_size, 1);
  const std::size_t pieces = (transmit.bytes.size() + segment - 1) / segment;
  bool doubtful = false;
  if (pieces == 1 || (segmentation_ && pieces <= kSegmentsMax)) {
    switch (send_at_once(transmit)) {
      case Sent::done: return true;
      case Sent::blocked: keep(transmit, 0); return false;
      case Sent::failed: return true;
      case Sent::unsupported: doubtful = true; break;  // or a segment over the MTU: find out
    }
  }
  const auto too_large = counters_.too_large;
  switch (send_singly(transmit, sent)) {
    case Sent::done:
      if (doubtful && counters_.too_large == too_large) {
        segmentation_ = false;
        counters_.segmentation = false;
      }
      break;
    case Sent::blocked: keep(transmit, sent); return false;
    case Sent::unsupported:
    case Sent::failed: break;
  }
  return true;
}

UdpSocket::Sent UdpSocket::send_at_once(const quic::Transmit& burst) {
  const bool single = burst.bytes.size() <= burst.segment_size;
  SocketAddress name;
  iovec content{const_cast<std::uint8_t*>(burst.bytes.data()), burst.bytes.size()};
  msghdr message{};
  message.msg_name = &name;
  message.msg_namelen = to_native(burst.remote, v4_only_, name);
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  Control control;
  add_source(control, burst, v4_only_, wildcard_);
  if (!single) {
    control.add(IPPROTO_UDP, UDP_SEGMENT, static_cast<std::uint16_t>(burst.segment_size));
  }
  control.attach(message);
  for (int attempt = 0;; ++attempt) {
    ++counters_.sends;
    if (::sendmsg(fd_, &message, MSG_DONTWAIT) >= 0) {
      counters_.datagrams_out += (burst.bytes.size() + burst.segment_size - 1) / burst.segment_size;
      return Sent::done;
    }
    const int number = errno;
    if (number == EINTR) continue;
    if (single && number == EMSGSIZE) {  // a lost probe
      ++counters_.too_large;
      return Sent::done;
    }
    if (!single &&
        (number == EIO || number == EINVAL || number == EOPNOTSUPP || number == EMSGSIZE)) {
      return Sent::unsupported;
    }
    // The error may be an earlier packet's, told late: the second one is this packet's own.
    if (is_unreachable(number) && attempt == 0) {
      read_errors();
      continue;
    }
    return judge(number, burst.remote);
  }
}

UdpSocket::Sent UdpSocket::send_singly(const quic::Transmit& burst, std::size_t& sent) {
  SocketAddress name;
  const socklen_t name_size = to_native(burst.remote, v4_only_, name);
  Control control;
  add_source(control, burst, v4_only_, wildcard_);
  std::array<iovec, kSegmentsMax> contents{};
  std::array<mmsghdr, kSegmentsMax> messages{};
  int attempt = 0;
  while (sent < burst.bytes.size()) {
    unsigned count = 0;
    for (std::size_t at = sent; at < burst.bytes.size() && count < kSegmentsMax; ++count) {
      const std::size_t size = std::min(burst.segment_size, burst.bytes.size() - at);
      contents[count] = {const_cast<std::uint8_t*>(burst.bytes.data() + at), size};
      msghdr& header = messages[count].msg_hdr;
      header = {};
      header.msg_name = &name;
      header.msg_namelen = name_size;
      header.msg_iov = &contents[count];
      header.msg_iovlen = 1;
      control.attach(header);
      at += size;
    }
    ++counters_.sends;
    const int taken = ::sendmmsg(fd_, messages.data(), count, MSG_DONTWAIT);
    if (taken > 0) {
      for (int i = 0; i < taken; ++i) sent += contents[static_cast<std::size_t>(i)].iov_len;
      counters_.datagrams_out += static_cast<std::uint64_t>(taken);
      attempt = 0;
      continue;
    }
    const int number = errno;
    if (number == EINTR) continue;
    if (is_unreachable(number) && attempt++ == 0) {
      read_errors();
      continue;
    }
    if (number == EMSGSIZE) {  // a lost probe: skip this one, the rest may pass
      ++counters_.too_large;
      sent += contents[0].iov_len;
      continue;
    }
    return judge(number, burst.remote);
  }
  return Sent::done;
}

// ENOBUFS and ENOMEM are losses too: with IP_RECVERR the kernel says the first of a packet that the
// full queue of a device has thrown away, while the socket stays writable, and to insist would keep
// what goes through other devices waiting.
UdpSocket::Sent UdpSocket::judge(int number, const Address& remote) {
  if (number == EAGAIN || number == EWOULDBLOCK) {
    ++counters_.send_blocked;
    return Sent::blocked;
  }
  ++counters_.send_failed;
  if (is_unreachable(number)) {
    ++counters_.unreachable;
    if (unreachable_.size() < kUnreachableMax) unreachable_.push_back(remote);
  }
  return Sent::failed;
}

void UdpSocket::keep(const quic::Transmit& transmit, std::size_t sent) {
  const BytesView rest = transmit.bytes.subspan(sent);
  kept_ = {transmit.local, transmit.remote, transmit.ecn, Bytes(rest.begin(), rest.end()),
           transmit.segment_size};
}

}  // namespace rpcnet
