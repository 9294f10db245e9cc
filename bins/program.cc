#include "bins/program.h"

#include <fcntl.h>
#include <unistd.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <cstdio>
#include <string>
#include <utility>

#include "bins/console.h"
#include "bins/options.h"

namespace rpcnet::bins {
namespace {

// Whoever started us may have closed standard input, output or error. Left free, their numbers
// would go to our sockets and timers, and what we print would be written into those.
void fill_standard_files() {
  int descriptor = 0;
  do {
    descriptor = ::open("/dev/null", O_RDWR);
  } while (descriptor >= 0 && descriptor <= STDERR_FILENO);
  if (descriptor > STDERR_FILENO) ::close(descriptor);
}

}  // namespace

int Program::run(std::string_view name, const std::function<void()>& parse,
                 const std::function<asio::awaitable<int>(Program&)>& body) {
  fill_standard_files();
  try {
    parse();
    Program program;
    return program.run(body);
  } catch (const Exit& exit) {
    if (exit.status == 0) {
      std::fputs(exit.text.c_str(), stdout);
    } else {
      complain(name, exit.text);
    }
    return exit.status;
  } catch (const std::exception& fault) {
    complain(name, std::string("internal fault: ") + fault.what());
    return 1;
  }
}

int Program::run(const std::function<asio::awaitable<int>(Program&)>& body) {
  int status = 1;
  asio::co_spawn(context_, body(*this),
                 asio::bind_cancellation_slot(
                     cancel_.slot(), [this, &status](std::exception_ptr thrown, int result) {
                       if (!fault_) fault_ = std::move(thrown);
                       status = result;
                       context_.stop();
                     }));
  context_.run();
  if (fault_) std::rethrow_exception(fault_);
  return status;
}

void Program::beside(asio::awaitable<void> work) {
  const auto ended = [this](std::exception_ptr thrown) {
    if (!thrown || fault_) return;
    fault_ = std::move(thrown);
    // The body ends before the io_context does, and with it whatever it holds of the network.
    cancel_.emit(asio::cancellation_type::terminal);
  };
  asio::post(context_, [this, ended, work = std::move(work)]() mutable {
    asio::co_spawn(context_, std::move(work), ended);
  });
}

}  // namespace rpcnet::bins
