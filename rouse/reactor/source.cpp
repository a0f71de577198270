#include <rouse/reactor/source.hpp>

#include <rouse/reactor/reactor.hpp>

#include <cstring>
#include <new>

namespace rouse {

void source_block::push_back(lease bytes) noexcept {
  if (!bytes) return;
  if (pushed_back) {  // rare: somebody pushes back by hand what they had taken
    try {
      lease both = lease::heap_copy(bytes.bytes());
      const lease::parts front = both.release();
      auto* block = static_cast<std::byte*>(::operator new(front.size + pushed_back.size()));
      std::memcpy(block, front.data, front.size);
      std::memcpy(block + front.size, pushed_back.bytes().data(), pushed_back.size());
      both = lease::from_parts(front);  // frees the half
      bytes = lease::from_parts(
          {nullptr, block, block, front.size + static_cast<std::uint32_t>(pushed_back.size())});
    } catch (...) {
      lost_bytes = true;
      return;
    }
  }
  pushed_back = std::move(bytes);
}

void source_block::push_back(sys::descriptor connection) noexcept {
  if (!late_) late_ = new (std::nothrow) int[late_max];
  if (!late_ || late_count_ == late_max) return;
  late_[(late_first_ + late_count_++) % late_max] = connection.release();
}

sys::descriptor source_block::take_late() noexcept {
  if (late_count_ == 0) return {};
  sys::descriptor oldest(late_[late_first_]);
  late_first_ = (late_first_ + 1) % late_max;
  late_count_--;
  return oldest;
}

void source_block::drop_pushed_back() noexcept {
  pushed_back.reset();
  while (has_late())
    take_late().reset();
  delete[] std::exchange(late_, nullptr);
  late_first_ = 0;
  lost_bytes = false;
}

int source::discard(source_block* block, bool close_descriptor) noexcept {
  for (source_side* side : {&block->read, &block->write})
    if (operation* op = std::exchange(side->waiting, nullptr)) reactor::end(*op);
  if (block->owner) block->owner->detach(*block);
  block->drop_pushed_back();
  int fd = std::exchange(block->fd, -1);
  if (close_descriptor) {
    sys::descriptor(fd).reset();
    fd = -1;
  }
  if (block->owner)
    block->owner->recycle(*block);
  else
    delete block;
  return fd;
}

sys::descriptor source::release() noexcept {
  return block_ ? sys::descriptor(discard(std::exchange(block_, nullptr), false))
                : sys::descriptor();
}

}  // namespace rouse
