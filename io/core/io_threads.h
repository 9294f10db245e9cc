// IoThreads: what a host with more than one I/O thread consists of beside its first one, which is
// whoever runs the application's io_context.
//
// Each thread has an io_context, a socket on the host's one address, an engine, links and handlers
// of its own, and shares nothing of them: what one thread has for another is posted to it. That is
// datagrams that the kernel gave to the wrong socket (io/quic/steering.h), handlers to be served,
// the order to drain or to end. Membership lives on the first thread, which learns from the others
// only numbers: how much they serve, what they have counted.
#pragma once

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "engine/address.h"
#include "engine/bytes.h"
#include "io/host.h"

namespace rpcnet::core {

class Core;

// A datagram on its way to the thread that it is for.
struct HandedOver {
  enum class What : std::uint8_t {
    datagram,     // of one of its links, or the beginning of one
    stray,        // the first of all that could place it nowhere: a stateless reset, or nothing
    unreachable,  // no datagram: `remote` does not listen
  };
  What what{};
  Address local;
  Address remote;
  unsigned ecn = 0;
  Bytes bytes;
};

class IoThreads final {
 public:
  explicit IoThreads(std::size_t count);
  IoThreads(const IoThreads&) = delete;
  IoThreads& operator=(const IoThreads&) = delete;
  ~IoThreads();

  std::size_t count() const { return threads_.size(); }

  // Before launch(): the context of a thread that is not the first, and what runs on each, in
  // their order. The first one's core owns this, the others are owned by it.
  asio::io_context& context(std::size_t index) { return *threads_[index]->context; }
  void set_first(Core& core, asio::io_context& context);
  void set(std::size_t index, std::shared_ptr<Core> core);

  // Lets the threads begin. On the first thread, as the two that follow.
  void launch();
  // Ends what runs on them, and waits for that.
  void stop();

  // What runs on the thread that asks: null on the first one, and on one that is not ours.
  const std::shared_ptr<Core>* here() const;

  // Gives each other core to `f`: at once before launch, on its own thread after. From any of the
  // threads.
  void on_others(const std::function<void(Core&)>& f);
  // Runs `f` with the first one's core on its thread, if that is still there.
  void on_first(std::function<void(Core&)> f);

  // From the drivers. What is over kWaitingMax bytes for one thread is lost, as in a full socket.
  // False: it was.
  bool hand_over(std::size_t to, HandedOver&& what);
  void hand_to_others(std::size_t from, const HandedOver& what);

  // What a thread tells of itself after each of its passes, and what all but one have told.
  void tell(std::size_t index, std::size_t serving, const HostCounters& counters);
  std::size_t serving_but(std::size_t index) const;
  // Adds the counts of the others to those that `index` has.
  void add_others(std::size_t index, HostCounters& counters) const;

 private:
  static constexpr std::size_t kWaitingMax = std::size_t{8} << 20;

  struct Thread {
    std::unique_ptr<asio::io_context> own;  // null: the first one's is the application's
    asio::io_context* context = nullptr;
    std::shared_ptr<Core> core;  // null: the first one's owns us
    std::thread thread;

    std::mutex mailbox;
    std::vector<HandedOver> waiting;
    std::size_t waiting_bytes = 0;
    bool fetched = true;  // false: somebody has posted that there is something

    // On a line of the cache of their own: written after each pass.
    alignas(64) mutable std::mutex told;
    std::size_t serving = 0;
    HostCounters counters;
  };

  void run(std::size_t index);
  void fetch(std::size_t index);
  Core* core_of(std::size_t index) const;

  std::vector<std::unique_ptr<Thread>> threads_;
  Core* first_ = nullptr;
  bool launched_ = false;
  bool stopped_ = false;
};

}  // namespace rpcnet::core
