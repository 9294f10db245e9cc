// Code around calls, on both sides, and who may call what.
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/system_error.hpp>

#include <boost/test/unit_test.hpp>

#include <stdexcept>

#include "io/core/conduct.h"
#include "tests/io/support/rig.h"

namespace rpcnet::test {
namespace {

using Words = std::vector<std::string>;

ServerInterceptor server_mark(Words& words, const std::string& name) {
  return [&words, name](ServerCall&, Next next) -> asio::awaitable<Status> {
    words.push_back(name + " in");
    Status status = co_await next();
    words.push_back(name + " out " + to_text(status.code));
    co_return status;
  };
}

ClientInterceptor client_mark(Words& words, const std::string& name) {
  return [&words, name](OutgoingCallView&, Next next) -> asio::awaitable<Status> {
    words.push_back(name + " in");
    Status status = co_await next();
    words.push_back(name + " out " + to_text(status.code));
    co_return status;
  };
}

asio::awaitable<Status> three_messages(ServerCall& call) {
  for (int i = 0; i < 3; ++i) co_await call.write(to_bytes(std::to_string(i)));
  co_return Status{};
}

BOOST_AUTO_TEST_SUITE(Interceptor)

BOOST_AUTO_TEST_CASE(TheFirstIsTheOutermostOnBothSides) {
  asio::io_context context;
  Host server = start(context, options("server"));
  Host client = start(context, options("client"));
  Words served;
  Words called;
  server.intercept(server_mark(served, "outer"));
  server.intercept(server_mark(served, "inner"));
  server.serve("Echo.echo", echo);
  server.serve_stream("Three.all", three_messages);
  const Channel channel = Channel(client, peer_of(server))
                              .with(client_mark(called, "outer"))
                              .with(client_mark(called, "inner"));
  const Words expected{"outer in", "inner in", "inner out ok", "outer out ok"};
  run(context, [&]() -> asio::awaitable<void> {
    Result<Bytes> got = co_await channel.call("Echo.echo", to_bytes("x"));
    BOOST_CHECK(got.ok() && *got == to_bytes("x"));
    BOOST_CHECK_EQUAL_COLLECTIONS(served.begin(), served.end(), expected.begin(), expected.end());
    BOOST_CHECK_EQUAL_COLLECTIONS(called.begin(), called.end(), expected.begin(), expected.end());
    served.clear();
    called.clear();
    ClientCall stream = channel.open("Three.all");
    int count = 0;
    while (co_await stream.read()) ++count;
    const Status end = co_await stream.finish();
    BOOST_CHECK_MESSAGE(end.ok(), to_text(end));
    BOOST_CHECK_EQUAL(count, 3);
    BOOST_CHECK_EQUAL_COLLECTIONS(served.begin(), served.end(), expected.begin(), expected.end());
    BOOST_CHECK_EQUAL_COLLECTIONS(called.begin(), called.end(), expected.begin(), expected.end());
  });
}

BOOST_AUTO_TEST_CASE(OneOnTheClientAddsMetadataAndSeesWhatCameBack) {
  asio::io_context context;
  Host server = start(context, options("server"));
  Host client = start(context, options("client"));
  server.serve("Meta.echo", [](ServerCall& call, Bytes) -> asio::awaitable<Result<Bytes>> {
    call.send_headers({{"headers", "1"}});
    call.trailers() = call.metadata();
    co_return Bytes{};
  });
  Metadata headers;
  Metadata trailers;
  const Channel channel =
      Channel(client, peer_of(server))
          .with([&](OutgoingCallView& call, Next next) -> asio::awaitable<Status> {
            BOOST_CHECK_EQUAL(call.method, "Meta.echo");
            BOOST_CHECK(!call.streaming);
            BOOST_CHECK(call.deadline.has_value());
            call.metadata.emplace_back("token", "t1");
            Status status = co_await next();
            headers = call.headers;
            trailers = call.trailers;
            co_return status;
          });
  run(context, [&]() -> asio::awaitable<void> {
    const Metadata own{{"own", "1"}};
    Result<Bytes> got = co_await channel.call("Meta.echo", {}, {.metadata = own});
    BOOST_CHECK(got.ok());
  });
  BOOST_CHECK((headers == Metadata{{"headers", "1"}}));
  BOOST_CHECK((trailers == Metadata{{"own", "1"}, {"token", "t1"}}));
}

BOOST_AUTO_TEST_CASE(OneThatDoesNotCallNextHasEndedTheCall) {
  asio::io_context context;
  Host server = start(context, options("server"));
  Host client = start(context, options("client"));
  bool reached = false;
  server.serve("Echo.echo", [&](ServerCall&, Bytes request) -> asio::awaitable<Result<Bytes>> {
    reached = true;
    co_return request;
  });
  server.intercept([](ServerCall&, Next) -> asio::awaitable<Status> {
    co_return error(StatusCode::resource_exhausted, "not today");
  });
  const Channel closed =
      Channel(client, peer_of(server)).with([](OutgoingCallView&, Next) -> asio::awaitable<Status> {
        co_return error(StatusCode::aborted, "not even sent");
      });
  run(context, [&]() -> asio::awaitable<void> {
    Result<Bytes> got = co_await client.call(peer_of(server), "Echo.echo", {});
    BOOST_CHECK(got.code() == StatusCode::resource_exhausted);
    got = co_await closed.call("Echo.echo", {});
    BOOST_CHECK(got.code() == StatusCode::aborted);
    ClientCall stream = closed.open("Echo.echo");
    const bool written = co_await stream.write({});
    BOOST_CHECK(!written);
    const Status end = co_await stream.finish();
    BOOST_CHECK(end.code == StatusCode::aborted);
  });
  BOOST_CHECK(!reached);
  BOOST_CHECK_EQUAL(client.counters().rpc.started, 1u);
}

BOOST_AUTO_TEST_CASE(OneMayReplaceTheStatusAndTheAnswerIsThenDropped) {
  asio::io_context context;
  Host server = start(context, options("server"));
  Host client = start(context, options("client"));
  server.serve("Echo.echo", echo);
  server.intercept([](ServerCall&, Next next) -> asio::awaitable<Status> {
    const Status inner = co_await next();
    co_return inner.ok() ? error(StatusCode::data_loss, "after all") : inner;
  });
  run(context, [&]() -> asio::awaitable<void> {
    Result<Bytes> got = co_await client.call(peer_of(server), "Echo.echo", to_bytes("x"));
    BOOST_CHECK(got.code() == StatusCode::data_loss);
  });
}

BOOST_AUTO_TEST_CASE(OneThatThrowsOrCallsNextTwiceEndsItsCallOnly) {
  asio::io_context context;
  Host server = start(context, options("server"));
  Host client = start(context, options("client"));
  server.serve("Echo.echo", echo);
  const Channel plain(client, peer_of(server));
  const Channel throwing = plain.with([](OutgoingCallView&, Next) -> asio::awaitable<Status> {
    throw std::runtime_error("broken");
    co_return Status{};
  });
  const Channel twice = plain.with([](OutgoingCallView&, Next next) -> asio::awaitable<Status> {
    co_await next();
    co_return co_await next();
  });
  run(context, [&]() -> asio::awaitable<void> {
    Result<Bytes> got = co_await throwing.call("Echo.echo", {});
    BOOST_CHECK(got.code() == StatusCode::internal);
    BOOST_CHECK(got.status().message.find("broken") != std::string::npos);
    ClientCall stream = throwing.open("Echo.echo");
    Status end = co_await stream.finish();
    BOOST_CHECK(end.code == StatusCode::internal);
    got = co_await twice.call("Echo.echo", {});
    BOOST_CHECK(got.code() == StatusCode::failed_precondition);
    got = co_await plain.call("Echo.echo", to_bytes("fine"));
    BOOST_CHECK(got.ok());
  });
  BOOST_CHECK_EQUAL(client.counters().rpc.started, 2u);
}

BOOST_AUTO_TEST_CASE(AStreamThatIsStillBeingPreparedCanBeCancelled) {
  asio::io_context context;
  Host server = start(context, options("server"));
  Host client = start(context, options("client"));
  int left = 0;
  const Channel slow = Channel(client, peer_of(server))
                           .with([&](OutgoingCallView&, Next next) -> asio::awaitable<Status> {
                             try {
                               co_await pause(1h);
                             } catch (const asio::system_error&) {
                               ++left;
                               throw;
                             }
                             co_return co_await next();
                           });
  run(context, [&]() -> asio::awaitable<void> {
    ClientCall call = slow.open("Three.all");
    co_await pause(10ms);
    call.cancel();
    const Status end = co_await call.finish();
    BOOST_CHECK(end.code == StatusCode::cancelled);
    {
      const ClientCall dropped = slow.open("Three.all");
    }
    const bool freed = co_await eventually([&] { return left == 2; });
    BOOST_CHECK(freed);
  });
  BOOST_CHECK_EQUAL(client.counters().rpc.started, 0u);
}

BOOST_AUTO_TEST_CASE(CancellingAConductedStreamFreesTheServer) {
  asio::io_context context;
  Host server = start(context, options("server"));
  Host client = start(context, options("client"));
  Words called;
  server.serve_stream("Long.wait", [](ServerCall&) -> asio::awaitable<Status> {
    co_await pause(1h);
    co_return Status{};
  });
  const Channel channel = Channel(client, peer_of(server)).with(client_mark(called, "mark"));
  run(context, [&]() -> asio::awaitable<void> {
    {
      const ClientCall call = channel.open("Long.wait", {.timeout = no_deadline});
      co_await eventually([&] { return server.serving() == 1; });
    }
    const bool freed =
        co_await eventually([&] { return server.serving() == 0 && called.size() == 2; }, 2s);
    BOOST_CHECK(freed);
  });
  BOOST_CHECK_EQUAL(called.back(), "mark out cancelled");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(Authorization)

BOOST_AUTO_TEST_CASE(TheLongestPatternDecidesAndNothingOfTheCallRunsBefore) {
  asio::io_context context;
  Host server = start(context, options("server"));
  Host client = start(context, options("client"));
  int ran = 0;
  const auto count = [&](ServerCall&, Bytes) -> asio::awaitable<Result<Bytes>> {
    ++ran;
    co_return Bytes{};
  };
  for (const char* method : {"Billing.pay", "Billing.list", "Open.all"}) {
    server.serve(method, count);
  }
  server.intercept([&](ServerCall&, Next next) -> asio::awaitable<Status> {
    ++ran;
    co_return co_await next();
  });
  server.authorize("Billing.*", [](const ServerCall& call) {
    return error(StatusCode::permission_denied, call.method() + " is for others");
  });
  server.authorize("Billing.list", [](const ServerCall&) { return Status{}; });
  run(context, [&]() -> asio::awaitable<void> {
    Result<Bytes> got = co_await client.call(peer_of(server), "Billing.pay", {});
    BOOST_CHECK(got.code() == StatusCode::permission_denied);
    BOOST_CHECK_EQUAL(got.status().message, "Billing.pay is for others");
    BOOST_CHECK_EQUAL(ran, 0);
    got = co_await client.call(peer_of(server), "Billing.list", {});
    BOOST_CHECK(got.ok());
    got = co_await client.call(peer_of(server), "Open.all", {});
    BOOST_CHECK(got.ok());
    BOOST_CHECK_EQUAL(ran, 4);
  });
  BOOST_CHECK_EQUAL(server.counters().calls_denied, 1u);
}

BOOST_AUTO_TEST_CASE(TheCertificateOfTheCallerCounts) {
  const std::string named =
      make_certificates("--cluster dev --node ops-1 --node guest --node server");
  asio::io_context context;
  HostOptions serving = options("server");
  serving.credentials = files_of(named, "server");
  Host server = start(context, serving);
  server.serve("Admin.stop", echo);
  server.serve("Member.any", echo);
  server.authorize("Admin.*", require_node({"ops-*", "root"}));
  server.authorize("Member.*", require_certificate());
  const auto caller = [&](const std::string& node) {
    HostOptions calling = options(node);
    calling.credentials = files_of(named, node.empty() ? "server" : node);
    calling.member = false;
    calling.accept = false;
    if (node.empty()) {
      calling.credentials.anonymous = true;
      calling.cluster_name = "dev";
    }
    return start(context, calling);
  };
  Host ops = caller("ops-1");
  Host guest = caller("guest");
  Host nobody = caller("");
  const auto code = [&](Host& host, const char* method) -> asio::awaitable<StatusCode> {
    Result<Bytes> got = co_await host.call(peer_of(server), method, {});
    co_return got.code();
  };
  run(context, [&]() -> asio::awaitable<void> {
    const StatusCode by_ops = co_await code(ops, "Admin.stop");
    BOOST_CHECK(by_ops == StatusCode::ok);
    const StatusCode by_guest = co_await code(guest, "Admin.stop");
    BOOST_CHECK(by_guest == StatusCode::permission_denied);
    const StatusCode by_nobody = co_await code(nobody, "Admin.stop");
    BOOST_CHECK(by_nobody == StatusCode::unauthenticated);
    const StatusCode member_guest = co_await code(guest, "Member.any");
    BOOST_CHECK(member_guest == StatusCode::ok);
    const StatusCode member_nobody = co_await code(nobody, "Member.any");
    BOOST_CHECK(member_nobody == StatusCode::unauthenticated);
  });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(Trace)

BOOST_AUTO_TEST_CASE(ItGoesOnInTheCallsOfAHandler) {
  asio::io_context context;
  Host back = start(context, options("back"));
  Host middle = start(context, options("middle"));
  Host client = start(context, options("client"));
  Metadata arrived;
  back.serve("Back.ask", [&](ServerCall& call, Bytes) -> asio::awaitable<Result<Bytes>> {
    arrived = call.metadata();
    co_return Bytes{};
  });
  middle.serve("Pass.on", [&](ServerCall& call, Bytes) -> asio::awaitable<Result<Bytes>> {
    co_return co_await middle.call(peer_of(back), "Back.ask", {}, {.parent = &call});
  });
  middle.serve("Begin.anew", [&](ServerCall& call, Bytes) -> asio::awaitable<Result<Bytes>> {
    const Metadata own{{"traceparent", "own"}};
    co_return co_await middle.call(peer_of(back), "Back.ask", {},
                                   {.metadata = own, .parent = &call});
  });
  const Metadata sent{{"traceparent", "00-a-b-01"}, {"tracestate", "x=1"}, {"secret", "s"}};
  run(context, [&]() -> asio::awaitable<void> {
    Result<Bytes> got = co_await client.call(peer_of(middle), "Pass.on", {}, {.metadata = sent});
    BOOST_CHECK(got.ok());
    // The trace and nothing else: what a caller says is not for everybody.
    BOOST_CHECK((arrived == Metadata{{"traceparent", "00-a-b-01"}, {"tracestate", "x=1"}}));
    got = co_await client.call(peer_of(middle), "Begin.anew", {}, {.metadata = sent});
    BOOST_CHECK(got.ok());
    BOOST_CHECK((arrived == Metadata{{"traceparent", "own"}}));
  });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(WaitForReady)

BOOST_AUTO_TEST_CASE(ACallWaitsForAServerThatComesLater) {
  asio::io_context context;
  Host client = start(context, options("client"));
  std::optional<Host> server = start(context, options("server"));
  HostOptions again = options("server");
  again.bind = to_text(server->address());
  const Peer peer = peer_of(*server);
  server.reset();
  std::optional<Result<Bytes>> waited;
  std::optional<Result<Bytes>> impatient;
  std::optional<Result<Bytes>> in_vain;
  const CallOptions waiting{.timeout = 20s, .wait_for_ready = true};
  client.call(peer, "Echo.echo", to_bytes("x"), waiting,
              [&](Result<Bytes> got) { waited = std::move(got); });
  client.call(peer, "Echo.echo", {}, {.timeout = 20s},
              [&](Result<Bytes> got) { impatient = std::move(got); });
  client.call(peer, "Echo.echo", {}, {.timeout = 200ms, .wait_for_ready = true},
              [&](Result<Bytes> got) { in_vain = std::move(got); });
  run(context, [&]() -> asio::awaitable<void> {
    const bool ended = co_await eventually([&] { return impatient && in_vain; });
    BOOST_REQUIRE(ended);
    BOOST_CHECK(!waited.has_value());
    server = start(context, again);
    server->serve("Echo.echo", echo);
    const bool came = co_await eventually([&] { return waited.has_value(); }, 15s);
    BOOST_REQUIRE(came);
  });
  BOOST_CHECK(impatient->code() == StatusCode::unavailable);
  BOOST_CHECK(in_vain->code() == StatusCode::deadline_exceeded);
  BOOST_CHECK(waited->ok());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(WaitForWorker)

BOOST_AUTO_TEST_CASE(ACallWaitsForAWorkerThatComesLater) {
  asio::io_context context;
  Host host = start(context, options("only"));
  host.serve("Echo.echo", echo);
  ClusterMembership cluster(host);
  WorkerRegistry registry(cluster);
  BOOST_REQUIRE(registry.start().ok());
  const Channel any(ClusterClient(host, registry));
  std::optional<Result<Bytes>> waited;
  std::optional<Result<Bytes>> in_vain;
  run(context, [&]() -> asio::awaitable<void> {
    co_await cluster.join({});
    any.call("Echo.echo", {}, {.timeout = 200ms, .wait_for_ready = true},
             [&](Result<Bytes> got) { in_vain = std::move(got); });
    co_await eventually([&] { return in_vain.has_value(); });
    any.call("Echo.echo", to_bytes("x"), {.timeout = 20s, .wait_for_ready = true},
             [&](Result<Bytes> got) { waited = std::move(got); });
    co_await pause(50ms);
    BOOST_CHECK(!waited.has_value());
    cluster.set_tag("role", "worker");
    const bool came = co_await eventually([&] { return waited.has_value(); });
    BOOST_REQUIRE(came);
  });
  BOOST_CHECK(in_vain->code() == StatusCode::deadline_exceeded);
  BOOST_CHECK_MESSAGE(in_vain->status().message.find("no worker") != std::string::npos,
                      to_text(in_vain->status()));
  BOOST_CHECK(waited->ok());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(UnaryMetadata)

BOOST_AUTO_TEST_CASE(HeadersAndTrailersOfAUnaryCallAreHandedOut) {
  asio::io_context context;
  Host server = start(context, options("server"));
  Host client = start(context, options("client"));
  server.serve("Meta.ask", [](ServerCall& call, Bytes) -> asio::awaitable<Result<Bytes>> {
    call.send_headers({{"h", "1"}});
    call.trailers().emplace_back("t", "2");
    if (call.metadata().empty()) co_return Bytes{};
    co_return error(StatusCode::aborted, "told to");
  });
  const Channel plain(client, peer_of(server));
  const Channel conducted = plain.with([](OutgoingCallView&, Next next) { return next(); });
  run(context, [&]() -> asio::awaitable<void> {
    for (const Channel* channel : {&plain, &conducted}) {
      for (const bool fails : {false, true}) {
        Metadata own;
        if (fails) own.emplace_back("fail", "1");
        ResponseMetadata response;
        const Result<Bytes> got =
            co_await channel->call("Meta.ask", {}, {.metadata = own, .response = &response});
        BOOST_CHECK(got.code() == (fails ? StatusCode::aborted : StatusCode::ok));
        BOOST_CHECK((response.headers == Metadata{{"h", "1"}}));
        BOOST_CHECK((response.trailers == Metadata{{"t", "2"}}));
      }
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(Retries)

// What fails twice and then does not, by whether its .proto says that it may be repeated.
BOOST_AUTO_TEST_CASE(OnlyAMethodThatIsSafeIsCalledAgain) {
  asio::io_context context;
  Host server = start(context, options("server"));
  Host client = start(context, options("client"));
  int calls = 0;
  server.serve("Flaky.one", [&](ServerCall& call, Bytes) -> asio::awaitable<Result<Bytes>> {
    if (++calls < 3) co_return error(StatusCode::unavailable, "come back later");
    BOOST_CHECK(call.metadata() == (Metadata{{"own", "1"}}));
    co_return to_bytes("at last");
  });
  server.serve("Busy.one", [&](ServerCall& call, Bytes) -> asio::awaitable<Result<Bytes>> {
    ++calls;
    call.trailers().emplace_back("rpcnet-retry-after-ms", "-1");
    co_return error(StatusCode::unavailable, "and do not come back");
  });
  const Channel channel(client, peer_of(server));
  const auto ask = [&](const char* method, Idempotency idempotency) {
    const Metadata own{{"own", "1"}};
    return channel.start_call(method, {}, {.metadata = own}, idempotency);
  };
  run(context, [&]() -> asio::awaitable<void> {
    const Result<Bytes> once = co_await ask("Flaky.one", Idempotency::unknown);
    BOOST_CHECK(once.code() == StatusCode::unavailable);
    BOOST_CHECK_EQUAL(calls, 1);
    calls = 0;
    const Instant before = client.now();
    const Result<Bytes> again = co_await ask("Flaky.one", Idempotency::idempotent);
    BOOST_CHECK(again.ok() && *again == to_bytes("at last"));
    BOOST_CHECK_EQUAL(calls, 3);
    BOOST_CHECK(client.now() - before >= 75ms);  // 25 to 50, then 50 to 100
    calls = 0;
    const Result<Bytes> never = co_await ask("Busy.one", Idempotency::no_side_effects);
    BOOST_CHECK(never.code() == StatusCode::unavailable);
    BOOST_CHECK_EQUAL(calls, 1);
  });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(ChannelTargets)

// A name with two addresses, where nobody listens at the first.
BOOST_AUTO_TEST_CASE(TheNextAddressOfANameIsTriedWhenOneIsDead) {
  asio::io_context context;
  Host server = start(context, options("server"));
  Host client = start(context, options("client"));
  server.serve("Echo.echo", echo);
  server.serve_stream("Three.all", three_messages);
  Address dead;
  {
    Host gone = start(context);
    dead = gone.address();
  }
  const auto known = std::make_shared<std::vector<Address>>();
  const Channel channel(
      core::make_route(client.core(), core::NameTarget{"twice.example:1", known}));
  run(context, [&]() -> asio::awaitable<void> {
    *known = {dead, server.address()};
    const Result<Bytes> got = co_await channel.call("Echo.echo", to_bytes("x"));
    BOOST_CHECK_MESSAGE(got.ok(), to_text(got.status()));
    BOOST_CHECK(*known == std::vector<Address>{server.address()});
    *known = {dead, server.address()};
    ClientCall stream = channel.start_stream("Three.all", Bytes{}, {});
    int count = 0;
    while (co_await stream.read()) ++count;
    BOOST_CHECK_EQUAL(count, 3);
    const Status end = co_await stream.finish();
    BOOST_CHECK_MESSAGE(end.ok(), to_text(end));
  });
}

BOOST_AUTO_TEST_CASE(ANameIsLookedUpAndAWorkerIsChosen) {
  asio::io_context context;
  Host server = start(context, options("worker-a"));
  Host client = start(context, options("client"));
  server.serve("Echo.echo", echo);
  server.serve_stream("Three.all", three_messages);
  ClusterMembership workers(server);
  workers.set_tag("role", "worker");
  ClusterMembership cluster(client);
  WorkerRegistry registry(cluster);
  BOOST_REQUIRE(registry.start().ok());
  const Channel named(client, "localhost:" + std::to_string(server.address().port));
  const Channel any(ClusterClient(client, registry));
  const Channel picky(ClusterClient(client, registry), "gpu=true");
  const Channel nowhere(client, "no colon");
  const auto three = [](const Channel& channel) -> asio::awaitable<int> {
    ClientCall stream = channel.open("Three.all");
    int count = 0;
    while (co_await stream.read()) ++count;
    const Status end = co_await stream.finish();
    co_return end.ok() ? count : -1;
  };
  run(context, [&]() -> asio::awaitable<void> {
    co_await workers.join({});
    std::vector<std::string> seeds{to_text(server.address())};
    const Status joined = co_await cluster.join(seeds);
    BOOST_REQUIRE(joined.ok());
    const bool seen = co_await eventually([&] { return registry.workers().size() == 1; });
    BOOST_REQUIRE(seen);
    for (const Channel* channel : {&named, &any}) {
      Result<Bytes> got = co_await channel->call("Echo.echo", to_bytes("x"));
      BOOST_CHECK_MESSAGE(got.ok(), to_text(got.status()));
      const int count = co_await three(*channel);
      BOOST_CHECK_EQUAL(count, 3);
    }
    Result<Bytes> got = co_await picky.call("Echo.echo", {});
    BOOST_CHECK(got.code() == StatusCode::unavailable);
    got = co_await nowhere.call("Echo.echo", {});
    BOOST_CHECK(got.code() == StatusCode::invalid_argument);
    const int none = co_await three(nowhere);
    BOOST_CHECK_EQUAL(none, -1);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rpcnet::test
