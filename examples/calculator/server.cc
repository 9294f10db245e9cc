// Calculates, and says in a typed error why it cannot.
#include <rpcnet/io/rpcnet.h>

#include <cstdio>
#include <limits>

#include "calculator.rpcnet.h"

using calculator::Number;
using calculator::Operands;
using rpcnet::Result;
using rpcnet::ServerCall;

Number number(std::int64_t value) {
  Number made;
  made.set_value(value);
  return made;
}

struct Calculator : calculator::CalculatorService {
  asio::awaitable<Result<Number>> Divide(ServerCall&, Operands request) override {
    const bool overflows =
        request.left() == std::numeric_limits<std::int64_t>::min() && request.right() == -1;
    if (request.right() != 0 && !overflows) co_return number(request.left() / request.right());
    calculator::Impossible detail;
    detail.set_operation("divide");
    *detail.mutable_operands() = request;
    co_return rpcnet::error(rpcnet::StatusCode::out_of_range, "no such number", detail);
  }

  asio::awaitable<Result<Number>> Sum(ServerCall&, rpcnet::ServerReader<Number> numbers) override {
    std::uint64_t sum = 0;
    while (auto next = co_await numbers.read()) sum += static_cast<std::uint64_t>(next->value());
    co_return number(static_cast<std::int64_t>(sum));
  }
};

int main() { return rpcnet::run({.bind = "127.0.0.1:7001"}, std::make_shared<Calculator>()); }
