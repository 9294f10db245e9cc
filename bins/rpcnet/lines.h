// Lines: standard input line by line, without stopping the io_context meanwhile.
//
// A thread reads, since a terminal that is set to non-blocking for us is so for everybody who has
// it open, our own output included.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace rpcnet::bins {

class Lines {
 public:
  explicit Lines(asio::io_context& context);
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;
  ~Lines();

  // The next line without its end; absent at the end of the input. One at a time. Throws Exit for a
  // line over 256 MiB.
  asio::awaitable<std::optional<std::string>> next();

  // Of the line that next() gave last; they count from 1.
  std::uint64_t number() const { return number_; }

 private:
  struct State;
  static void read(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
  std::uint64_t number_ = 0;
};

}  // namespace rpcnet::bins
