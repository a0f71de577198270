#include <rouse/fs/file_stream.hpp>

#include <algorithm>
#include <cstring>

namespace rouse::fs {
namespace {

constexpr std::size_t piece_bytes_max = 256 * 1024;  // copied, and lost to a cancel, at a time

}  // namespace

// ---- reading

poll_result<rouse::result<std::size_t>> file_read::poll(context& cx) {
  if (into_.empty()) return rouse::result<std::size_t>(0);
  if (!reading_) {
    if (cancelled_ || !cx.spend()) return pending;
    from_->spare_.clear();
    reading_.emplace(from_->file_.read_at(from_->offset_, std::min(into_.size(), piece_bytes_max),
                                          std::move(from_->spare_)));
  }
  auto answer = reading_->poll(cx);
  if (!answer.is_ready()) return pending;
  auto got = answer.take();
  reading_.reset();
  if (!got) return std::unexpected(got.error());
  const std::size_t count = got->size();
  if (count) std::memcpy(into_.data(), got->bytes().data(), count);
  from_->offset_ += count;
  from_->spare_ = std::move(*got);
  return rouse::result<std::size_t>(count);
}

poll_result<void> file_read::poll_cancel(context& cx) noexcept {
  cancelled_ = true;
  if (reading_) return reading_->poll_cancel(cx);
  return ready;
}

void file_read::disown() noexcept {
  if (reading_) reading_->disown();
}

const std::string& file_read::subject() const noexcept { return from_->subject(); }

// ---- writing

template <bool All>
poll_result<rouse::result<typename file_write<All>::value_type>> file_write<All>::poll(
    context& cx) {
  while (writing_ || at() < bytes_.size()) {
    if (!writing_) {
      if (cancelled_ || !cx.spend()) return pending;
      io::buffer piece = std::move(to_->spare_);
      piece.clear();
      piece.append(bytes_.subspan(at(), std::min(bytes_.size() - at(), piece_bytes_max)));
      writing_.emplace(to_->file_.write_all_at(to_->offset_, std::move(piece), &done_));
    }
    auto answer = writing_->poll(cx);
    if (!answer.is_ready()) return pending;
    auto wrote = answer.take();
    [[maybe_unused]] const std::size_t count = end();
    if (!wrote) return std::unexpected(wrote.error());
    to_->spare_ = std::move(wrote->buffer);
    if constexpr (!All) return rouse::result<std::size_t>(count);
  }
  return rouse::result<value_type>();
}

template <bool All>
std::size_t file_write<All>::end() noexcept {
  writing_.reset();
  const std::size_t count = std::exchange(done_, 0);
  at() += count;
  to_->offset_ += count;
  return count;
}

template <bool All>
poll_result<void> file_write<All>::poll_cancel(context& cx) noexcept {
  cancelled_ = true;
  if (writing_) return writing_->poll_cancel(cx);
  return ready;
}

template <bool All>
void file_write<All>::disown() noexcept {
  if (writing_) writing_->disown();
}

template <bool All>
const std::string& file_write<All>::subject() const noexcept {
  return to_->subject();
}

template class file_write<true>;
template class file_write<false>;

}  // namespace rouse::fs
