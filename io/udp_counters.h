// What a UDP socket has counted since it was opened.
#pragma once

#include <cstdint>

namespace rpcnet {

struct UdpCounters {
  std::uint64_t reads = 0;  // recvmmsg calls that gave something
  std::uint64_t datagrams_in = 0;
  std::uint64_t sends = 0;  // sendmsg and sendmmsg calls
  std::uint64_t datagrams_out = 0;
  std::uint64_t kernel_dropped = 0;  // arrived when the socket's buffer was full
  std::uint64_t truncated = 0;       // larger than any buffer of ours, dropped
  std::uint64_t too_large = 0;       // over the device's MTU: lost probes of path MTU discovery
  std::uint64_t send_blocked = 0;    // the kernel had no room; sent later
  std::uint64_t send_failed = 0;     // refused for another reason, dropped
  std::uint64_t unreachable = 0;     // ICMP errors and routes that do not exist
  std::uint64_t handed_over = 0;     // for another I/O thread, given to it
  std::uint64_t handed_over_dropped = 0;  // the same, but too much waited for it already
  bool segmentation = false;              // UDP_SEGMENT is in use
  bool coalescing = false;                // UDP_GRO is in use
  std::uint64_t receive_buffer_bytes = 0;
  std::uint64_t send_buffer_bytes = 0;
};

}  // namespace rpcnet
