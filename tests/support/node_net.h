// A few whole Nodes over a network without faults, in virtual time: for what Node itself adds.
// Faults belong to sim/ and to the machines' own worlds.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "engine/node.h"

namespace rpcnet::test {

class NodeNet {
 public:
  struct Host {
    std::unique_ptr<Node> node;
    std::vector<Event> events;
    std::vector<CloseLink> closed;
    bool silent = false;  // what it sends and what is sent to it is lost
    std::uint64_t next_accepted = 1;
  };

  // Names become addresses 10.0.0.(1 + place).
  std::size_t add(const std::string& name, bool member = true, const SwimConfig& swim = {});
  Host& operator[](std::size_t host) { return hosts_[host]; }
  Address address(std::size_t host) const;

  Outcome command(std::size_t host, Command command);
  void fact(std::size_t host, const Fact& fact);
  void run_for(Duration duration);
  Instant now() const { return now_; }

  template <typename T>
  std::vector<T> told(std::size_t host) const {
    std::vector<T> found;
    for (const Event& event : hosts_[host].events) {
      if (const T* it = std::get_if<T>(&event)) found.push_back(*it);
    }
    return found;
  }

 private:
  struct End {
    std::size_t host = 0;
    LinkId link;
    friend auto operator<=>(const End&, const End&) = default;
  };
  struct Timed {
    Instant at;
    std::uint64_t sequence;
    std::function<void()> act;
    bool operator>(const Timed& other) const {
      return at != other.at ? at > other.at : sequence > other.sequence;
    }
  };

  void after(Duration delay, std::function<void()> act);
  void drain(std::size_t host);
  void carry_out(std::size_t host, Order&& order);
  void connect(std::size_t from, const Connect& order);
  // Hands `fact` to the other end of the link, with that end's number of it.
  template <typename F>
  void pass(std::size_t from, LinkId link, F make);

  static constexpr Duration kLatency = std::chrono::milliseconds(1);
  Instant now_{};
  std::uint64_t sequence_ = 0;
  std::vector<Host> hosts_;
  std::map<End, End> links_;
  std::priority_queue<Timed, std::vector<Timed>, std::greater<>> queue_;
};

}  // namespace rpcnet::test
