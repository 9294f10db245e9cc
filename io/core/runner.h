// Runner: whose turn it is. Coroutines that the engine woke, and handlers that are to begin, wait
// here until the driver has finished with the machines; then they run, one after the other.
//
// User code therefore never runs inside a fact or an event. And because it runs inside the driver's
// pass, whatever it sends leaves with the same flush.
//
// It is a service of the io_context, so that one that ends takes along whatever still waits: no
// coroutine frame outlives the io_context that it would have run on.
#pragma once

#include <asio/execution_context.hpp>
#include <asio/io_context.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace rpcnet::core {

struct IncomingCall;

// Something that will run once, or be dropped.
class Task {
 public:
  Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  virtual ~Task() = default;
  // Frees itself first.
  virtual void run() = 0;

 private:
  friend class TaskList;
  Task* before_ = nullptr;
  Task* after_ = nullptr;
};

// Owns its tasks; taking one out of the middle costs nothing.
class TaskList {
 public:
  TaskList() = default;
  TaskList(const TaskList&) = delete;
  TaskList& operator=(const TaskList&) = delete;
  ~TaskList() { clear(); }

  bool empty() const { return first_ == nullptr; }
  std::size_t size() const { return size_; }
  void push(Task& task);
  void remove(Task& task);
  Task* pop();
  void clear();

 private:
  Task* first_ = nullptr;
  Task* last_ = nullptr;
  std::size_t size_ = 0;
};

class Runner final : public asio::execution_context::service {
 public:
  using key_type = Runner;
  static asio::execution_context::id id;

  explicit Runner(asio::io_context& context);

  asio::io_context& context() const { return context_; }

  static Runner& of(asio::io_context& context) { return asio::use_service<Runner>(context); }

  // While one lives, ready tasks wait for whoever holds it to call run().
  class Hold {
   public:
    explicit Hold(Runner& runner) : runner_(runner) { ++runner_.holds_; }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold() {
      --runner_.holds_;
      runner_.schedule();
    }

   private:
    Runner& runner_;
  };

  // The incoming call for which what runs now runs; null: for none.
  const std::shared_ptr<IncomingCall>& current() const { return current_; }

  // What runs now does so for that call from here on, until it suspends.
  void enter(std::shared_ptr<IncomingCall> call) { current_ = std::move(call); }

  // While one lives, what runs does so for that call.
  class Within {
   public:
    Within(Runner& runner, std::shared_ptr<IncomingCall> call)
        : runner_(runner), before_(std::exchange(runner.current_, std::move(call))) {}
    Within(const Within&) = delete;
    Within& operator=(const Within&) = delete;
    ~Within() { runner_.current_ = std::move(before_); }

   private:
    Runner& runner_;
    std::shared_ptr<IncomingCall> before_;
  };

  // Keeps a task that waits for something.
  void keep(Task& task) { waiting_.push(task); }
  // Its turn has come.
  void ready(Task& waiting) {
    waiting_.remove(waiting);
    ready_.push(waiting);
    schedule();
  }

  // Runs `f` when it is its turn.
  template <typename F>
  void later(F&& f) {
    ready_.push(*new Call<std::decay_t<F>>(std::forward<F>(f)));
    schedule();
  }

  // How many tasks are ready now.
  std::size_t ready_count() const { return ready_.size(); }

  // Runs the first of them; false: there is none. One that throws (an application's completion
  // handler) is over, and those behind it keep their place.
  bool run_one();

 private:
  template <typename F>
  class Call final : public Task {
   public:
    explicit Call(F f) : f_(std::move(f)) {}
    void run() override {
      F f = std::move(f_);
      delete this;
      f();
    }

   private:
    F f_;
  };

  void schedule();
  void shutdown() override;

  asio::io_context& context_;
  TaskList waiting_;
  TaskList ready_;
  std::shared_ptr<IncomingCall> current_;
  std::size_t holds_ = 0;
  bool scheduled_ = false;
};

}  // namespace rpcnet::core
