// The room: one handler for each guest, all on one thread, so that no lock is needed.
#include <rpcnet/io/rpcnet.h>

#include <cstdio>
#include <map>
#include <memory>

#include "chat.rpcnet.h"

using chat::Line;
using rpcnet::ServerCall;
using Writer = rpcnet::ServerWriter<Line>;

class Room final : public chat::RoomService {
 public:
  asio::awaitable<rpcnet::Status> Enter(ServerCall&, rpcnet::ServerReader<Line> lines,
                                        Writer out) override {
    const auto first = co_await lines.read();
    if (!first || first->who().empty()) {
      co_return rpcnet::error(rpcnet::StatusCode::invalid_argument, "say who you are first");
    }
    const std::string who = first->who();
    if (!guests_.emplace(who, out).second) {
      co_return rpcnet::error(rpcnet::StatusCode::already_exists, who + " is here already");
    }
    // Also when the guest vanishes and this coroutine is destroyed while it waits.
    const Leaving leaving{*this, who};
    tell(who, "enters");
    while (true) {
      const auto line = co_await lines.read();
      if (!line) co_return rpcnet::Status{};
      tell(who, line->text());
    }
  }

 private:
  struct Leaving {
    Room& room;
    std::string who;
    ~Leaving() {
      room.guests_.erase(who);
      room.tell(who, "leaves");
    }
  };

  // A guest who reads too slowly misses lines and holds up nobody: write() would wait for him.
  void tell(const std::string& who, const std::string& text) {
    Line line;
    line.set_who(who);
    line.set_text(text);
    for (auto& [name, out] : guests_) {
      if (name != who) out.try_write(line);
    }
  }

  std::map<std::string, Writer> guests_;
};

int main() { return rpcnet::run({.bind = "127.0.0.1:7002"}, std::make_shared<Room>()); }
