// Both ends of every kind of call, as a user of the installed package writes them.
//
//   consumer serve HOST:PORT     serves until it is killed
//   consumer call HOST:PORT      calls every method; exit status 0 if all is as expected
#include <rpcnet/io/rpcnet.h>
#include <rpcnet/services/standard.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "shop.rpcnet.h"

namespace {

using rpcnet::Result;
using rpcnet::ServerCall;
using rpcnet::Status;
using rpcnet::StatusCode;

shop::Item item(const std::string& name, std::uint32_t cents) {
  shop::Item made;
  made.set_name(name);
  made.set_cents(cents);
  return made;
}

class Shop final : public shop::ShopService {
 public:
  asio::awaitable<Result<shop::Item>> Price(ServerCall&, shop::Item request) override {
    if (request.name() == "moon") {
      shop::SoldOut detail;
      detail.set_name(request.name());
      co_return rpcnet::error(StatusCode::not_found, "no moons left", detail);
    }
    co_return item(request.name(), 250);
  }

  asio::awaitable<Status> Unpack(ServerCall&, shop::Basket request,
                                 rpcnet::ServerWriter<shop::Item> replies) override {
    for (const shop::Item& one : request.items()) co_await replies.write(one);
    co_return Status{};
  }

  asio::awaitable<Result<shop::Basket>> Pack(ServerCall&,
                                             rpcnet::ServerReader<shop::Item> requests) override {
    shop::Basket basket;
    while (auto one = co_await requests.read()) *basket.add_items() = std::move(*one);
    co_return basket;
  }

  asio::awaitable<Status> Haggle(ServerCall&, rpcnet::ServerReader<shop::Item> requests,
                                 rpcnet::ServerWriter<shop::Item> replies) override {
    while (auto one = co_await requests.read()) {
      one->set_cents(one->cents() / 2);
      co_await replies.write(*one);
    }
    co_return Status{};
  }
};

int faults = 0;

void expect(bool held, const char* what) {
  std::printf("%s: %s\n", what, held ? "ok" : "WRONG");
  if (!held) ++faults;
}

asio::awaitable<void> call_all(rpcnet::Host& host, std::string server) {
  const shop::ShopClient client(rpcnet::Channel(host, server));
  rpcnet::CallOptions patient;
  patient.wait_for_ready = true;

  const Result<shop::Item> price = co_await client.Price(item("tea", 0), patient);
  expect(price.ok() && price->cents() == 250, "unary");
  if (!price.ok()) std::puts(to_text(price.status()).c_str());

  const Result<shop::Item> moon = co_await client.Price(item("moon", 0));
  const auto detail = rpcnet::detail<shop::SoldOut>(moon.status());
  expect(moon.code() == StatusCode::not_found && detail && detail->name() == "moon", "typed error");

  shop::Basket basket;
  for (const char* name : {"tea", "salt", "bread"}) *basket.add_items() = item(name, 100);
  auto unpacking = client.Unpack(basket);
  int unpacked = 0;
  while (co_await unpacking.read()) ++unpacked;
  Status end = co_await unpacking.finish();
  expect(end.ok() && unpacked == 3, "server stream");

  auto packing = client.Pack();
  for (const shop::Item& one : basket.items()) co_await packing.write(one);
  const Result<shop::Basket> packed = co_await packing.finish();
  expect(packed.ok() && packed->items_size() == 3, "client stream");

  auto haggling = client.Haggle();
  shop::Item offer = item("carpet", 800);
  for (int round = 0; round < 3; ++round) {
    co_await haggling.write(offer);
    if (auto answer = co_await haggling.read()) offer = *answer;
  }
  end = co_await haggling.finish();
  expect(end.ok() && offer.cents() == 100, "both ways");

  const rpcnet::v1::HealthClient health(client.channel());
  rpcnet::v1::HealthCheckRequest question;
  question.set_service("shop.Shop");
  const auto state = co_await health.Check(question);
  expect(state.ok() && state->status() == rpcnet::v1::HealthCheckResponse::SERVING, "health");
  host.stop();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: consumer serve|call HOST:PORT\n");
    return 64;
  }
  const bool serves = std::string(argv[1]) == "serve";
  asio::io_context context;
  rpcnet::HostOptions options;
  options.member = false;
  if (serves) options.bind = argv[2];
  if (serves) {
    return rpcnet::run(options, [](rpcnet::Host& host) {
      host.serve(std::make_shared<Shop>());
      rpcnet::serve_standard(host);
    });
  }
  auto host = rpcnet::Host::start(context, options);
  if (!host.ok()) {
    std::fprintf(stderr, "consumer: %s\n", to_text(host.status()).c_str());
    return 1;
  }
  asio::co_spawn(context, call_all(*host, argv[2]), asio::detached);
  context.run();
  return faults == 0 ? 0 : 1;
}
