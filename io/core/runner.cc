// The two lists, and a post when nobody holds the runner.
#include "io/core/runner.h"

#include <asio/post.hpp>

namespace rpcnet::core {

asio::execution_context::id Runner::id;

void TaskList::push(Task& task) {
  task.before_ = last_;
  task.after_ = nullptr;
  (last_ != nullptr ? last_->after_ : first_) = &task;
  last_ = &task;
  ++size_;
}

void TaskList::remove(Task& task) {
  (task.before_ != nullptr ? task.before_->after_ : first_) = task.after_;
  (task.after_ != nullptr ? task.after_->before_ : last_) = task.before_;
  task.before_ = nullptr;
  task.after_ = nullptr;
  --size_;
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

bool Runner::run_one() {
  Task* task = ready_.pop();
  if (task == nullptr) return false;
  task->run();
  return true;
}

void Runner::schedule() {
  if (holds_ > 0 || scheduled_ || ready_.empty()) return;
  scheduled_ = true;
  asio::post(context_, [this] {
    scheduled_ = false;
    const Hold hold(*this);
    // What becomes ready meanwhile has its turn after what else the context has to do.
    for (std::size_t left = ready_count(); left > 0 && run_one(); --left) {
    }
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
