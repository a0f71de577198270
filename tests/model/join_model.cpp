// A task whose join handle is dropped, detached or aborted by one thread, while another wakes it
// and its executor runs it or goes away: the request arrives and ends the task, or the task ends by
// itself; its result and its memory go once, whoever is last.
#include <rouse/executor/current_thread/current_thread_executor.hpp>
#include <rouse/park/thread_park.hpp>

#include "executor_survivors.hpp"

#include <optional>

namespace rouse::model {
namespace {

class join final : public scenario {
 public:
  join()
      : executor_(std::make_unique<current_thread_executor>(sleep_)),
        handle_(executor_->spawn(work(*this))) {
    executor_->turn(nanoseconds(0));  // the first poll leaves its waker
  }

  void thread(unsigned index) override {
    switch (index) {
      case 0: return own();
      case 1: return let_go();
      default: return wake();
    }
  }

  void after() override {
    expect(ended_.value() == 1, "the work ended once");
    if (way_ == way::detach && !leaves_early_) expect(finished_.value() == 1, "and by itself");
  }

 private:
  enum class way : unsigned { detach, drop, abort };

  /// Is done when it has been told; gives something that must be freed.
  class work {
   public:
    explicit work(join& of) noexcept : of_(&of) {}
    work(work&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    work& operator=(work&&) = delete;
    ~work() {
      if (of_) of_->ended_.add();
    }
    poll_result<std::unique_ptr<unsigned>> poll(context& cx) {
      if (of_->is_first_poll_) of_->waker_ = cx.get_waker();
      of_->is_first_poll_ = false;
      if (of_->told_.load(order::relaxed) == 0) return pending;
      of_->finished_.add();
      return std::make_unique<unsigned>(1);
    }
    poll_result<void> poll_cancel(context&) noexcept { return ready; }

   private:
    join* of_;
  };

  void own() {
    while (ended_.value() == 0 && !(leaves_early_ && choose(4) == 0))
      executor_->turn(leaves_early_ ? nanoseconds(0) : no_limit);
    executor_.reset();
  }
  void let_go() {
    auto mine = std::move(*handle_);
    handle_.reset();
    if (way_ == way::abort) mine.abort();
    if (way_ != way::drop) std::move(mine).detach();
  }
  void wake() {
    if (way_ != way::detach && choose(2) == 0) return;  // the request alone must end it
    const waker mine = std::move(waker_);
    told_.store(1, order::relaxed);
    mine.wake();
  }

  thread_park sleep_;
  std::unique_ptr<current_thread_executor> executor_;
  const way way_{choose(3)};
  const bool leaves_early_ = choose(4) == 0;
  bool is_first_poll_ = true;
  waker waker_;
  atomic<unsigned> told_{0};
  tally ended_;
  tally finished_;
  std::optional<join_handle<std::unique_ptr<unsigned>>> handle_;
};

constexpr const char* mutated[] = {"worker.cpp unjoin", "worker.cpp close", "worker.cpp fold",
                                   "join_handle.hpp"};

}  // namespace
}  // namespace rouse::model

int main(int argc, char** argv) {
  using namespace rouse::model;
  return run(
      argc, argv, "join", [] -> std::unique_ptr<scenario> { return std::make_unique<join>(); },
      {.threads = 3, .executions = 50000, .mutated = mutated, .survivors = executor_survivors});
}
