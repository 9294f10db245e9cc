// A guest: enters under a name, says the lines of standard input, and prints what others say.
//
//   chat_client NAME
#include <rpcnet/io/rpcnet.h>

#include <unistd.h>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/read_until.hpp>
#include <asio/redirect_error.hpp>
#include <cstdio>
#include <string>

#include "chat.rpcnet.h"

using chat::Line;
using Talk = rpcnet::ClientReaderWriter<Line, Line>;

asio::awaitable<void> speak(Talk& talk, std::string who) {
  Line line;
  line.set_who(who);
  co_await talk.write(line);
  asio::posix::stream_descriptor input(co_await asio::this_coro::executor, ::dup(STDIN_FILENO));
  std::string text;
  while (true) {
    asio::error_code end;
    const std::size_t size = co_await asio::async_read_until(
        input, asio::dynamic_buffer(text), '\n', asio::redirect_error(asio::use_awaitable, end));
    if (end) break;
    line.set_text(text.substr(0, size - 1));
    text.erase(0, size);
    co_await talk.write(line);
  }
  talk.half_close();
}

asio::awaitable<void> listen(rpcnet::Host& host, std::string who) {
  const chat::RoomClient client(rpcnet::Channel(host, "127.0.0.1:7002"));
  Talk talk = client.Enter({.timeout = rpcnet::no_deadline, .wait_for_ready = true});
  asio::co_spawn(host.context(), speak(talk, who), asio::detached);
  while (auto line = co_await talk.read()) {
    std::printf("%s: %s\n", line->who().c_str(), line->text().c_str());
    std::fflush(stdout);
  }
  const rpcnet::Status end = co_await talk.finish();
  if (!end.ok()) std::puts(to_text(end).c_str());
}

int main(int argc, char** argv) {
  if (argc != 2) return std::fputs("usage: chat_client NAME\n", stderr), 64;
  return rpcnet::run({.member = false, .accept = false},
                     [&](rpcnet::Host& host) { return listen(host, argv[1]); });
}
