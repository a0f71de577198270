// Wakers of anybody's wake object, cloned, woken and dropped by two threads: the object lives until
// the last one is gone, sees every wake, and is freed once.
#include <rouse/core/shared_waker.hpp>

#include <tests/model/checker.hpp>

namespace rouse::model {
namespace {

class references final : public scenario {
 public:
  references() {
    waker first = make_waker(std::make_shared<bell>(*this));
    wakers_[0] = first;
    wakers_[1] = std::move(first);
  }
  void thread(unsigned index) override {
    waker mine = std::move(wakers_[index]);
    const waker copy = mine;
    mine.wake_and_reset();
    copy.wake();
  }
  void after() override {
    expect(rings_.value() == 4, "every wake arrived");
    expect(gone_.value() == 1, "the object went once");
  }

 private:
  class bell {
   public:
    explicit bell(references& by) noexcept : by_(&by) {}
    bell(const bell&) = delete;
    bell& operator=(const bell&) = delete;
    ~bell() { by_->gone_.add(); }
    void wake() noexcept { by_->rings_.add(); }

   private:
    references* by_;
  };

  waker wakers_[2];
  tally rings_;
  tally gone_;
};

std::unique_ptr<scenario> make_references() { return std::make_unique<references>(); }

constexpr const char* mutated[] = {"shared_waker.hpp"};

}  // namespace
}  // namespace rouse::model

int main(int argc, char** argv) {
  using namespace rouse::model;
  return run(argc, argv, "references", &make_references,
             {.executions = 20000, .small = &make_references, .mutated = mutated});
}
