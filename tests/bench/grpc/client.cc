// gRPC's client of the benchmark: the asynchronous raw API on one completion queue and one thread.
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/grpc/echo.h"
#include "tests/bench/load/load.h"

namespace {

using grpc::ByteBuffer;

class Client;

// A tag of the queue.
class Operation {
 public:
  virtual ~Operation() = default;
  virtual void proceed(bool ok) = 0;
};

class Client {
 public:
  explicit Client(const bench::Load& load)
      : load_(load), meter_(load), payload_(load.payload, '\0') {}

  int run();

  const bench::Load& load() const { return load_; }
  bench::Meter& meter() { return meter_; }
  grpc::CompletionQueue& queue() { return queue_; }
  const std::string& payload() const { return payload_; }
  void ended() { --running_; }
  bool open_loop() const { return load_.rate > 0; }

 private:
  std::unique_ptr<grpc::GenericStub> connect(std::size_t number);
  bool echo_once(grpc::GenericStub& stub);
  void closed_loop();
  void run_open_loop();
  void handshakes();
  void idle();

  const bench::Load& load_;
  bench::Meter meter_;
  std::string payload_;
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  std::size_t running_ = 0;
};

// One call after the other; of an open loop, one call alone.
class Unary final : public Operation {
 public:
  Unary(Client& client, grpc::GenericStub& stub, bench::Clock::time_point start, bool slow)
      : client_(client), stub_(stub), start_(start), slow_(slow) {
    begin();
  }
  void proceed(bool) override {
    bench::Meter& meter = client_.meter();
    if (status_.ok()) {
      start_ = meter.done(start_, !slow_);
    } else {
      meter.failed(status_.error_message());
      start_ = meter.check();
    }
    if (client_.open_loop() || meter.over()) {
      client_.ended();
      delete this;
      return;
    }
    begin();
  }

 private:
  void begin() {
    context_ = std::make_unique<grpc::ClientContext>();
    std::string message = client_.payload();
    if (slow_) message.front() = static_cast<char>(bench::kSlowMark);
    const ByteBuffer request = bench::buffer_of(message.data(), message.size());
    reader_ = stub_.PrepareUnaryCall(context_.get(), bench::kEchoMethod, request, &client_.queue());
    reader_->StartCall();
    reader_->Finish(&reply_, &status_, this);
  }

  Client& client_;
  grpc::GenericStub& stub_;
  bench::Clock::time_point start_;
  bool slow_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader_;
  ByteBuffer reply_;
  grpc::Status status_;
};

// Server streams one after the other, or one stream of messages there and back.
class Stream final : public Operation {
 public:
  Stream(Client& client, grpc::GenericStub& stub) : client_(client), stub_(stub) { begin(); }

  void proceed(bool ok) override {
    const bool tokens = client_.load().kind == bench::Kind::tokens;
    if (client_.meter().over()) {
      if (step_ == Step::finished) {
        client_.ended();
        delete this;
        return;
      }
      context_->TryCancel();
      return finish();
    }
    switch (step_) {
      case Step::begun: start_ = bench::Clock::now(); return tokens ? write_last() : write();
      case Step::written: return read();
      case Step::read:
        if (!ok) return finish();
        start_ = client_.meter().done(start_);
        return tokens ? read() : write();
      case Step::finished:
        if (!status_.ok()) client_.meter().failed(status_.error_message());
        return begin();
    }
  }

 private:
  enum class Step : std::uint8_t { begun, written, read, finished };

  void begin() {
    step_ = Step::begun;
    const bool tokens = client_.load().kind == bench::Kind::tokens;
    context_ = std::make_unique<grpc::ClientContext>();
    stream_ = stub_.PrepareCall(
        context_.get(), tokens ? bench::kTokensMethod : bench::kPingpongMethod, &client_.queue());
    stream_->StartCall(this);
  }
  void write_last() {
    step_ = Step::written;
    const bench::TokensWanted wanted{static_cast<std::uint32_t>(client_.load().messages),
                                     static_cast<std::uint32_t>(client_.load().payload)};
    stream_->WriteLast(bench::buffer_of(&wanted, sizeof wanted), grpc::WriteOptions(), this);
  }
  void write() {
    step_ = Step::written;
    stream_->Write(bench::buffer_of(client_.payload().data(), client_.payload().size()), this);
  }
  void read() {
    step_ = Step::read;
    stream_->Read(&message_, this);
  }
  void finish() {
    step_ = Step::finished;
    stream_->Finish(&status_, this);
  }

  Client& client_;
  grpc::GenericStub& stub_;
  Step step_ = Step::begun;
  bench::Clock::time_point start_{};
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  ByteBuffer message_;
  grpc::Status status_;
};

std::unique_ptr<grpc::GenericStub> Client::connect(std::size_t number) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = bench::content_of(load_.certs + "/ca_cert.pem");
  tls.pem_private_key = bench::content_of(load_.certs + "/test_key.pem");
  tls.pem_cert_chain = bench::content_of(load_.certs + "/test_cert.pem");
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride("localhost");
  arguments.SetMaxReceiveMessageSize(-1);
  // Channels with equal arguments would share one connection.
  arguments.SetInt("bench.number", static_cast<int>(number));
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return std::make_unique<grpc::GenericStub>(
      grpc::CreateCustomChannel(load_.address(), grpc::SslCredentials(tls), arguments));
}

bool Client::echo_once(grpc::GenericStub& stub) {
  grpc::ClientContext context;
  ByteBuffer reply;
  grpc::Status status;
  const ByteBuffer request = bench::buffer_of(payload_.data(), payload_.size());
  const auto reader = stub.PrepareUnaryCall(&context, bench::kEchoMethod, request, &queue_);
  reader->StartCall();
  reader->Finish(&reply, &status, &context);
  void* tag = nullptr;
  bool ok = false;
  queue_.Next(&tag, &ok);
  if (!status.ok()) meter_.failed(status.error_message());
  return status.ok();
}

void Client::closed_loop() {
  running_ = load_.in_flight * load_.connections;
  const auto now = meter_.begin();
  for (std::size_t i = 0; i < load_.in_flight * load_.connections; ++i) {
    grpc::GenericStub& stub = *stubs_[i % stubs_.size()];
    if (load_.kind == bench::Kind::unary) {
      new Unary(*this, stub, now, false);
    } else {
      new Stream(*this, stub);
    }
  }
  void* tag = nullptr;
  bool ok = false;
  while (running_ > 0 && queue_.Next(&tag, &ok)) static_cast<Operation*>(tag)->proceed(ok);
}

void Client::run_open_loop() {
  bench::Arrivals arrivals(load_.rate, meter_.begin());
  void* tag = nullptr;
  bool ok = false;
  for (std::size_t next = 0; !meter_.over() || running_ > 0; next = (next + 1) % stubs_.size()) {
    const auto now = meter_.check();
    if (!meter_.over() && arrivals.next() <= now) {
      ++running_;
      const bool slow = arrivals.draw_slow(load_.slow_share);
      new Unary(*this, *stubs_[next], arrivals.take(), slow);
    }
    const auto wait = meter_.over() ? std::chrono::seconds(1) : arrivals.next() - now;
    const auto until = std::chrono::system_clock::now() +
                       std::chrono::duration_cast<std::chrono::microseconds>(
                           std::max<bench::Clock::duration>(wait, bench::Clock::duration::zero()));
    if (queue_.AsyncNext(&tag, &ok, until) == grpc::CompletionQueue::GOT_EVENT) {
      static_cast<Operation*>(tag)->proceed(ok);
    }
  }
}

void Client::handshakes() {
  meter_.begin();
  for (std::size_t number = 0; !meter_.over(); ++number) {
    const auto start = bench::Clock::now();
    const auto stub = connect(number);
    if (echo_once(*stub)) meter_.done(start);
  }
}

void Client::idle() {
  meter_.begin();
  void* tag = nullptr;
  bool ok = false;
  while (!meter_.over()) {
    queue_.AsyncNext(&tag, &ok, std::chrono::system_clock::now() + std::chrono::milliseconds(50));
    meter_.check();
  }
}

int Client::run() {
  if (load_.kind == bench::Kind::handshake) {
    handshakes();
    return meter_.report();
  }
  for (std::size_t i = 0; i < load_.connections; ++i) {
    stubs_.push_back(connect(i));
    if (!echo_once(*stubs_.back())) return meter_.report();
  }
  if (load_.kind == bench::Kind::idle) {
    idle();
  } else if (open_loop()) {
    run_open_loop();
  } else {
    closed_loop();
  }
  return meter_.report();
}

}  // namespace

int main(int argc, char** argv) {
  const bench::Load load = bench::parse_load(argc, argv);
  return Client(load).run();
}
