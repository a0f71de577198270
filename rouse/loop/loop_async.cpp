#include <rouse/loop/loop_async.hpp>

#include <rouse/base/atomic.hpp>
#include <rouse/loop/internal/event_slot.hpp>
#include <rouse/loop/loop.hpp>

namespace rouse {
namespace internal {

class async_block {
 public:
  async_block(loop_handle to, callback<void()>&& f) : to_(std::move(to)) { f_.set(std::move(f)); }

  void retain() noexcept { references_.fetch_add(1, order::relaxed); }
  void release() noexcept {
    // acq_rel: the last one sees what the others did
    if (references_.fetch_sub(1, order::acq_rel) == 1) delete this;
  }
  result<void> send() {
    // release: pairs with the acquire in call(), also for a send that finds one on its way
    if (is_sent_.exchange(true, order::acq_rel)) return {};
    retain();
    return to_.post(one_call(*this));
  }
  /// The loop's thread.
  void close() noexcept {
    is_closed_ = true;
    f_.reset();
  }

 private:
  class one_call {
   public:
    explicit one_call(async_block& counted) noexcept : block_(&counted) {}
    one_call(one_call&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    one_call& operator=(one_call&&) = delete;
    /// Uncalled: it could not be posted, or the loop has closed.
    ~one_call() {
      if (!block_) return;
      block_->is_sent_.store(false, order::release);
      block_->release();
    }
    void operator()() {
      struct held {
        async_block* block;
        ~held() { block->release(); }
      } const mine{std::exchange(block_, nullptr)};
      mine.block->call();
    }

   private:
    async_block* block_;
  };
  void call() {
    (void)is_sent_.exchange(false, order::acq_rel);  // sends from here on are another call
    if (!is_closed_) f_();
  }

  const loop_handle to_;
  event_slot<void()> f_;    // the loop's thread
  bool is_closed_ = false;  // the loop's thread
  atomic<bool> is_sent_{false};
  atomic<long> references_{1};
};

}  // namespace internal

async_sender::async_sender(const async_sender& other) noexcept : block_(other.block_) {
  if (block_) block_->retain();
}
async_sender::~async_sender() {
  if (block_) block_->release();
}
result<void> async_sender::send() const {
  if (!block_) return std::unexpected(error("send", errc::closed));
  return block_->send();
}

loop_async::loop_async(loop& of, callback<void()> f)
    : hold_(of.hold()), block_(new internal::async_block(of.handle(), std::move(f))) {}

async_sender loop_async::sender() const noexcept {
  if (block_) block_->retain();
  return async_sender(block_);
}

void loop_async::close() noexcept {
  hold_ = loop_hold();
  if (!block_) return;
  block_->close();
  std::exchange(block_, nullptr)->release();
}

}  // namespace rouse
