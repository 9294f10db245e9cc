// What the tests on real sockets share: certificates in a directory of their own, hosts on free
// loopback ports, and a way to run a coroutine to its end.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "io/rpcnet.h"

namespace rpcnet::test {

using namespace std::chrono_literals;

// A directory of certificates that scripts/make-certs made; removed at exit. `options` as the
// script takes them, beyond --out.
std::string make_certificates(const std::string& options);

// Good for every node of the cluster "dev".
CredentialFiles dev();
// Files of a directory: test_cert.pem and its key, or those of one node.
CredentialFiles files_of(const std::string& directory, const std::string& stem = "test");

HostOptions options(std::string node = {});
Host start(asio::io_context& context, HostOptions options = test::options());
Peer peer_of(const Host& host);

// Runs `body` until it has ended; a failure of the test if that takes longer than `limit`. The
// io_context is left as it is: other coroutines may still wait in it.
void run(asio::io_context& context, const std::function<asio::awaitable<void>()>& body,
         std::chrono::seconds limit = 60s);

// Waits until `condition` holds, looking every few milliseconds. False: it did not within `limit`.
asio::awaitable<bool> eventually(std::function<bool()> condition, Duration limit = 10s);

asio::awaitable<void> pause(Duration duration);

// Bytes that are unlike at every place, and like for the same size and salt.
Bytes pattern(std::size_t size, std::uint32_t salt = 1);

// The unary handler that gives back what it got.
asio::awaitable<Result<Bytes>> echo(ServerCall& call, Bytes request);

}  // namespace rpcnet::test
