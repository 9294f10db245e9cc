// One UDP socket: batches of datagrams in, bursts out, and what the network said about peers.
//
// It never blocks and knows nothing of QUIC but the shape of a burst. Several datagrams come in one
// system call (recvmmsg, UDP_GRO) and leave in one (UDP_SEGMENT, else sendmmsg); what a kernel or
// network card lacks is noticed by its error and given up for this socket.
#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/udp.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/address.h"
#include "engine/bytes.h"
#include "io/quic/boundary.h"
#include "io/result.h"
#include "io/udp_counters.h"

struct msghdr;

namespace rpcnet {

struct Datagram {
  Address local;  // where it was sent to
  Address remote;
  unsigned ecn = 0;
  BytesView bytes;
};

class UdpSocket final : public quic::DatagramSink {
 public:
  // An IPv6 wildcard ([::]) takes IPv4 too, and on a machine without IPv6 only that. The error says
  // which address, what is wrong with it and what to do.
  static Result<std::unique_ptr<UdpSocket>> open(asio::io_context& context, const Address& bind,
                                                 std::size_t buffer_bytes);

  // Another socket on the address of `first`: each datagram that arrives there goes to one of them.
  static Result<std::unique_ptr<UdpSocket>> open_beside(UdpSocket& first, asio::io_context& context,
                                                        std::size_t buffer_bytes);

  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;
  ~UdpSocket();

  // The bound address, with the real port.
  const Address& local() const { return local_; }
  bool reaches_v4() const { return reaches_v4_; }
  bool reaches_v6() const { return !v4_only_; }

  // Makes the kernel give each datagram to the socket of its owner (io/quic/steering.h) among the
  // `owners` that were opened on this address, in that order. False: it cannot, and goes by the
  // addresses.
  bool steer(std::size_t owners);

  // A datagram of this socket was for another owner, who got it, or had no room for it.
  void count_handed_over(bool taken) {
    ++(taken ? counters_.handed_over : counters_.handed_over_dropped);
  }

  // The next batch, valid until the next call; empty: there is nothing now.
  std::span<const Datagram> receive();

  // False: the kernel has no room; the rest of this burst is kept. Send nothing more before
  // resume() gives true.
  bool send(const quic::Transmit& transmit) override;
  bool blocked() const { return !kept_.bytes.empty(); }
  bool resume();

  // Peers of whom the network said since the last call that nobody listens there.
  std::vector<Address> take_unreachable();
  bool has_unreachable() const { return !unreachable_.empty(); }

  // Calls back once with an error_code, when there may be something to receive, or room to send.
  template <typename Handler>
  void wait_readable(Handler&& handler) {
    socket_.async_wait(asio::ip::udp::socket::wait_read, std::forward<Handler>(handler));
  }
  template <typename Handler>
  void wait_writable(Handler&& handler) {
    socket_.async_wait(asio::ip::udp::socket::wait_write, std::forward<Handler>(handler));
  }
  void close();

  const UdpCounters& counters() const { return counters_; }
  // What an operator should know about the socket's buffers, with the command that mends it.
  const std::optional<std::string>& advice() const { return advice_; }

 private:
  static constexpr std::size_t kBatch = 16;
  static constexpr std::size_t kBufferBytes = 65'536;  // a UDP payload is at most 65,507

  struct Batch;  // recvmmsg's arrays
  struct Burst {
    Address local;
    Address remote;
    unsigned ecn = 0;
    Bytes bytes;
    std::size_t segment_size = 0;
  };
  enum class Sent : std::uint8_t { done, blocked, unsupported, failed };

  explicit UdpSocket(asio::io_context& context);
  Status bind(const Address& wanted, std::size_t buffer_bytes, bool beside);
  void set_options();
  void size_buffers(std::size_t wanted);
  std::optional<Datagram> parse(std::size_t index, std::size_t& segment_size);
  void read_errors();
  // `sent` is how many bytes of the burst the kernel took.
  bool send_from(const quic::Transmit& transmit, std::size_t sent);
  Sent send_at_once(const quic::Transmit& burst);
  Sent send_singly(const quic::Transmit& burst, std::size_t& sent);
  Sent judge(int error, const Address& remote);
  void keep(const quic::Transmit& transmit, std::size_t sent);

  asio::ip::udp::socket socket_;
  int fd_ = -1;
  Address local_;
  bool v4_only_ = false;
  bool reaches_v4_ = false;
  bool wildcard_ = false;
  bool segmentation_ = true;
  std::unique_ptr<Batch> batch_;
  std::vector<Datagram> datagrams_;
  bool received_ = false;  // by the last receive()
  std::vector<Address> unreachable_;
  Burst kept_;
  UdpCounters counters_;
  std::optional<std::string> advice_;
};

}  // namespace rpcnet
