// What every program does around its own work: settings, io_context, faults, exit status.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>
#include <exception>
#include <functional>
#include <string_view>

namespace rpcnet::bins {

class Program {
 public:
  // Runs `parse`, which fills the program's settings, then `body`, its work; gives the exit status.
  // An Exit that is thrown is printed and obeyed; any other exception becomes one line on standard
  // error and status 1.
  static int run(std::string_view name, const std::function<void()>& parse,
                 const std::function<asio::awaitable<int>(Program&)>& body);

  asio::io_context& context() { return context_; }

  // Runs beside the body, from when that waits for something until it ends. What it throws ends the
  // program.
  void beside(asio::awaitable<void> work);

 private:
  int run(const std::function<asio::awaitable<int>(Program&)>& body);

  std::exception_ptr fault_;
  asio::cancellation_signal cancel_;  // of the body
  asio::io_context context_{1};
};

}  // namespace rpcnet::bins
