// gRPC's server of the benchmark: the asynchronous raw API on one completion queue and one thread,
// its fastest form for one core.
#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/service_type.h>
#include <grpcpp/support/async_stream.h>
#include <grpcpp/support/async_unary_call.h>

#include <chrono>
#include <cstdio>
#include <memory>

#include "tests/bench/grpc/echo.h"
#include "tests/bench/load/load.h"

namespace {

using grpc::ByteBuffer;
using Queue = grpc::ServerCompletionQueue;

class EchoService final : public grpc::Service {
 public:
  EchoService() {
    using grpc::internal::RpcMethod;
    add(bench::kEchoMethod, RpcMethod::NORMAL_RPC);
    add(bench::kTokensMethod, RpcMethod::SERVER_STREAMING);
    add(bench::kPingpongMethod, RpcMethod::BIDI_STREAMING);
  }

  void request_echo(grpc::ServerContext* context, ByteBuffer* request,
                    grpc::ServerAsyncResponseWriter<ByteBuffer>* writer, Queue* queue, void* tag) {
    RequestAsyncUnary(0, context, request, writer, queue, queue, tag);
  }
  void request_tokens(grpc::ServerContext* context, ByteBuffer* request,
                      grpc::ServerAsyncWriter<ByteBuffer>* writer, Queue* queue, void* tag) {
    RequestAsyncServerStreaming(1, context, request, writer, queue, queue, tag);
  }
  void request_pingpong(grpc::ServerContext* context,
                        grpc::ServerAsyncReaderWriter<ByteBuffer, ByteBuffer>* stream, Queue* queue,
                        void* tag) {
    RequestAsyncBidiStreaming(2, context, stream, queue, queue, tag);
  }

 private:
  void add(const char* name, grpc::internal::RpcMethod::RpcType type) {
    AddMethod(new grpc::internal::RpcServiceMethod(name, type, nullptr));
    MarkMethodRaw(index_++);
  }

  int index_ = 0;
};

// A call, and a tag of the queue. Each waits for a request, begins its successor, serves, and goes.
class Call {
 public:
  Call(EchoService& service, Queue& queue) : service_(service), queue_(queue) {}
  virtual ~Call() = default;
  virtual void proceed(bool ok) = 0;

 protected:
  EchoService& service_;
  Queue& queue_;
  grpc::ServerContext context_;
};

class Echo final : public Call {
 public:
  Echo(EchoService& service, Queue& queue) : Call(service, queue), writer_(&context_) {
    service_.request_echo(&context_, &request_, &writer_, &queue_, this);
  }
  void proceed(bool ok) override {
    if (ended_ || !ok) {
      delete this;
      return;
    }
    if (!slept_) {
      new Echo(service_, queue_);
      if (bench::first_byte(request_) == bench::kSlowMark) {
        slept_ = true;
        alarm_.Set(&queue_, std::chrono::system_clock::now() + bench::kSlow, this);
        return;
      }
    }
    ended_ = true;
    writer_.Finish(request_, grpc::Status::OK, this);
  }

 private:
  ByteBuffer request_;
  grpc::ServerAsyncResponseWriter<ByteBuffer> writer_;
  grpc::Alarm alarm_;
  bool slept_ = false;
  bool ended_ = false;
};

class Tokens final : public Call {
 public:
  Tokens(EchoService& service, Queue& queue) : Call(service, queue), writer_(&context_) {
    service_.request_tokens(&context_, &request_, &writer_, &queue_, this);
  }
  void proceed(bool ok) override {
    if (ended_ || !ok) {
      delete this;
      return;
    }
    if (!begun_) {
      begun_ = true;
      new Tokens(service_, queue_);
      grpc::Slice slice;
      if (request_.TrySingleSlice(&slice).ok() && slice.size() == sizeof wanted_) {
        std::memcpy(&wanted_, slice.begin(), sizeof wanted_);
      }
      token_ = bench::buffer_of(std::string(wanted_.payload, 'x').data(), wanted_.payload);
    }
    if (sent_ == wanted_.messages) {
      ended_ = true;
      writer_.Finish(grpc::Status::OK, this);
      return;
    }
    ++sent_;
    writer_.Write(token_, this);
  }

 private:
  ByteBuffer request_;
  ByteBuffer token_;
  bench::TokensWanted wanted_;
  grpc::ServerAsyncWriter<ByteBuffer> writer_;
  std::uint32_t sent_ = 0;
  bool begun_ = false;
  bool ended_ = false;
};

class Pingpong final : public Call {
 public:
  Pingpong(EchoService& service, Queue& queue) : Call(service, queue), stream_(&context_) {
    service_.request_pingpong(&context_, &stream_, &queue_, this);
  }
  void proceed(bool ok) override {
    switch (next_) {
      case Step::begin:
        if (!ok) {
          delete this;
          return;
        }
        new Pingpong(service_, queue_);
        next_ = Step::write;
        stream_.Read(&message_, this);
        return;
      case Step::write:
        if (!ok) {
          next_ = Step::end;
          stream_.Finish(grpc::Status::OK, this);
          return;
        }
        next_ = Step::read;
        stream_.Write(message_, this);
        return;
      case Step::read:
        next_ = Step::write;
        stream_.Read(&message_, this);
        return;
      case Step::end: delete this; return;
    }
  }

 private:
  enum class Step : std::uint8_t { begin, read, write, end };

  ByteBuffer message_;
  grpc::ServerAsyncReaderWriter<ByteBuffer, ByteBuffer> stream_;
  Step next_ = Step::begin;
};

}  // namespace

int main(int argc, char** argv) {
  const bench::Load load = bench::parse_server(argc, argv);
  grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  tls.pem_root_certs = bench::content_of(load.certs + "/ca_cert.pem");
  tls.pem_key_cert_pairs.push_back({bench::content_of(load.certs + "/test_key.pem"),
                                    bench::content_of(load.certs + "/test_cert.pem")});
  EchoService service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(-1);
  builder.AddListeningPort(load.address(), grpc::SslServerCredentials(tls), &port);
  builder.RegisterService(&service);
  const auto queue = builder.AddCompletionQueue();
  const auto server = builder.BuildAndStart();
  if (!server) {
    std::fprintf(stderr, "server: cannot listen on %s\n", load.address().c_str());
    return 1;
  }
  for (int i = 0; i < 1024; ++i) new Echo(service, *queue);
  for (int i = 0; i < 128; ++i) {
    new Tokens(service, *queue);
    new Pingpong(service, *queue);
  }
  bench::print_listening(static_cast<std::uint16_t>(port));
  void* tag = nullptr;
  bool ok = false;
  while (queue->Next(&tag, &ok)) static_cast<Call*>(tag)->proceed(ok);
}
