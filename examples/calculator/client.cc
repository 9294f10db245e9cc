// Divides by two and by zero, and adds a stream of numbers.
#include <rpcnet/io/rpcnet.h>

#include <cstdio>

#include "calculator.rpcnet.h"

asio::awaitable<void> divide(const calculator::CalculatorClient& client, std::int64_t by) {
  calculator::Operands operands;
  operands.set_left(84);
  operands.set_right(by);
  const auto quotient = co_await client.Divide(operands, {.wait_for_ready = true});
  if (quotient.ok()) {
    std::printf("84 / %lld = %lld\n", static_cast<long long>(by),
                static_cast<long long>(quotient->value()));
  } else if (auto detail = rpcnet::detail<calculator::Impossible>(quotient.status())) {
    std::printf("cannot %s by %lld: %s\n", detail->operation().c_str(),
                static_cast<long long>(detail->operands().right()),
                quotient.status().message.c_str());
  } else {
    std::puts(to_text(quotient.status()).c_str());
  }
}

asio::awaitable<void> calculate(rpcnet::Host& host) {
  const calculator::CalculatorClient client(rpcnet::Channel(host, "127.0.0.1:7001"));
  co_await divide(client, 2);
  co_await divide(client, 0);

  auto adding = client.Sum();
  calculator::Number number;
  for (int i = 1; i <= 100; ++i) {
    number.set_value(i);
    co_await adding.write(number);
  }
  const auto sum = co_await adding.finish();
  if (sum.ok()) std::printf("1 + ... + 100 = %lld\n", static_cast<long long>(sum->value()));
}

int main() { return rpcnet::run({.member = false, .accept = false}, calculate); }
