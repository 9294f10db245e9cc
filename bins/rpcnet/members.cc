// rpcnet members and rpcnet watch: the cluster as one of its members sees it, once or for ever.
#include <sys/ioctl.h>
#include <unistd.h>

#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <csignal>
#include <cstdio>
#include <ctime>
#include <deque>
#include <string>

#include "bins/program.h"
#include "bins/rpcnet/commands.h"
#include "bins/rpcnet/connection.h"
#include "bins/rpcnet/members_table.h"
#include "bins/rpcnet/table.h"

namespace rpcnet::bins {
namespace {

constexpr std::size_t kEventsShown = 10;

void parse_members(ServerOptions& target, int argc, const char* const* argv) {
  Options options("rpcnet members", "Tells the members of a cluster, as one of them sees it.",
                  "Exit status: 0, or the number of the status that the member answered (14:\n"
                  "unavailable, 16: unauthenticated, ...); 64 for wrong input.");
  add_server(options, target);
  options.parse(argc, argv);
}

void parse_watch(ServerOptions& target, int argc, const char* const* argv) {
  Options options(
      "rpcnet watch", "Shows the members of a cluster and what happens to them, until ^C.",
      "On a terminal, a table that is renewed each second; else a line for each event.\n"
      "Exit status: 0 after ^C or SIGTERM, or the number of the status by which the\n"
      "watching ended (14: the member is gone or drains, ...); 64 for wrong input.");
  add_server(options, target);
  options.parse(argc, argv);
}

Status explained(const Status& status) {
  if (status.code != StatusCode::unimplemented) return status;
  return error(StatusCode::unimplemented,
               "that process does not tell of its cluster: it is no member, or does not call "
               "rpcnet::serve_standard(host)");
}

asio::awaitable<v1::MembersResponse> ask(const v1::ClusterClient& client) {
  const v1::MembersRequest request;
  auto members = co_await client.Members(request);
  if (!members.ok()) throw failed(explained(members.status()));
  co_return std::move(*members);
}

asio::awaitable<int> members(Program& program, const ServerOptions& options) {
  const Connection connection(program.context(), options);
  const v1::ClusterClient client(connection.channel());
  const v1::MembersResponse all = co_await ask(client);
  std::fputs(members_table(all).c_str(), stdout);
  co_return 0;
}

std::string time_of_day() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  char text[16];
  std::strftime(text, sizeof text, "%H:%M:%S", &parts);
  return text;
}

class Watch {
 public:
  explicit Watch(const Connection& connection)
      : client_(connection.channel()), terminal_(::isatty(STDOUT_FILENO) != 0) {}

  asio::awaitable<void> follow_events() {
    const v1::WatchRequest request;
    auto watching = client_.Watch(request, {.timeout = no_deadline});
    while (true) {
      const std::optional<v1::ClusterEvent> event = co_await watching.read();
      if (!event) break;
      on(*event);
      // What was there before the first event is told after it is certain that none is missed.
      if (!terminal_ && event->kind() == "Watching") {
        const v1::MembersResponse all = co_await ask(client_);
        std::fputs(members_table(all).c_str(), stdout);
        std::fflush(stdout);
      }
    }
    const Status status = co_await watching.finish();
    throw failed(explained(status));
  }

  // Only for a terminal.
  asio::awaitable<void> keep_drawing() {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    while (terminal_) {
      members_ = co_await ask(client_);
      draw();
      timer.expires_after(std::chrono::seconds(1));
      co_await timer.async_wait(asio::use_awaitable);
    }
  }

 private:
  void on(const v1::ClusterEvent& event) {
    const std::string line = time_of_day() + " " + event_line(event);
    if (!terminal_) {
      std::printf("%s\n", line.c_str());
      std::fflush(stdout);
      return;
    }
    events_.push_back(line);
    if (events_.size() > kEventsShown) events_.pop_front();
    draw();
  }

  // From the upper left corner, each line to its end, then what is left of the screen: without
  // clearing first it does not flicker.
  void draw() const {
    winsize size{};
    const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    const std::size_t width = known ? size.ws_col : 80;
    const std::size_t height = known && size.ws_row > 0 ? size.ws_row : 24;
    std::string text = cut("cluster " + members_.cluster() + " as " + members_.self() +
                               " sees it at " + time_of_day() + "; ^C ends",
                           width) +
                       "\n\n" + members_table(members_, width) + "\n";
    for (const std::string& event : events_) text += cut(event, width) + "\n";
    std::string screen = "\x1b[H";
    std::size_t lines = 0;
    for (std::size_t begin = 0; begin < text.size() && lines + 1 < height; ++lines) {
      const std::size_t end = text.find('\n', begin);
      screen += text.substr(begin, end - begin) + "\x1b[K\n";
      begin = end + 1;
    }
    screen += "\x1b[J";
    std::fputs(screen.c_str(), stdout);
    std::fflush(stdout);
  }

  v1::ClusterClient client_;
  bool terminal_;
  v1::MembersResponse members_;
  std::deque<std::string> events_;
};

asio::awaitable<int> watch(Program& program, const ServerOptions& options) {
  const Connection connection(program.context(), options);
  Watch watch(connection);
  program.beside(watch.follow_events());
  program.beside(watch.keep_drawing());
  asio::signal_set asked(program.context(), SIGINT, SIGTERM);
  co_await asked.async_wait(asio::use_awaitable);
  co_return 0;
}

}  // namespace

int members(int argc, const char* const* argv) {
  ServerOptions options;
  return Program::run(
      "rpcnet members", [&] { parse_members(options, argc, argv); },
      [&](Program& program) { return members(program, options); });
}

int watch(int argc, const char* const* argv) {
  ServerOptions options;
  return Program::run(
      "rpcnet watch", [&] { parse_watch(options, argc, argv); },
      [&](Program& program) { return watch(program, options); });
}

}  // namespace rpcnet::bins
