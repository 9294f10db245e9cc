// The two lists, and a post when nobody holds the runner.
#include "io/core/runner.h"

#include <memory>

#include <asio/post.hpp>

namespace rpcnet::core {

asio::execution_context::id Runner::id;

void TaskList::push(Task& task) {
  task.before_ = last_;
  task.after_ = nullptr;
  (last_ != nullptr ? last_->after_ : first_) = &task;
  last_ = &task;
}

void TaskList::remove(Task& task) {
  (task.before_ != nullptr ? task.before_->after_ : first_) = task.after_;
  (task.after_ != nullptr ? task.after_->before_ : last_) = task.before_;
  task.before_ = nullptr;
  task.after_ = nullptr;
}

Task* TaskList::pop() {
  Task* task = first_;
  if (task != nullptr) remove(*task);
  return task;
}

void TaskList::clear() {
  while (Task* task = pop()) delete task;
}

Runner::Runner(asio::io_context& context)
    : asio::execution_context::service(context), context_(context) {}

std::size_t Runner::run() {
  // A task may throw (an application's completion handler): those behind it keep their place.
  std::size_t count = 0;
  class Mark final : public Task {
   public:
    void run() override {}
  };
  if (ready_.empty()) return 0;
  // On the heap: g++ 12 takes a list that holds a local for one that outlives it (an error at -O3).
  const auto mark = std::make_unique<Mark>();
  ready_.push(*mark);
  struct Unmark {
    TaskList& list;
    Mark& mark;
    bool passed = false;
    ~Unmark() {
      if (!passed) list.remove(mark);
    }
  } unmark{ready_, *mark};
  while (Task* task = ready_.pop()) {
    if (task == mark.get()) {
      unmark.passed = true;
      break;
    }
    ++count;
    task->run();
  }
  return count;
}

void Runner::schedule() {
  if (holds_ > 0 || scheduled_ || ready_.empty()) return;
  scheduled_ = true;
  asio::post(context_, [this] {
    scheduled_ = false;
    const Hold hold(*this);
    run();
  });
}

void Runner::shutdown() {
  // Destroying a coroutine may make others ready, or end calls of other hosts: until none is left.
  ++holds_;
  while (!waiting_.empty() || !ready_.empty()) {
    waiting_.clear();
    ready_.clear();
  }
}

}  // namespace rpcnet::core
