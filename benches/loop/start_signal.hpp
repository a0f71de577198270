// Given by a loop that runs, awaited by the thread that calls into it: else all calls could be made
// before the loop has begun.
#pragma once

#include <atomic>

namespace bench {

class start_signal {
 public:
  void give() {
    is_given_ = true;
    is_given_.notify_all();
  }
  void await() const { is_given_.wait(false); }

 private:
  std::atomic<bool> is_given_{false};
};

}  // namespace bench
