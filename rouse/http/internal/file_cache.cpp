#include <rouse/http/internal/file_cache.hpp>

#include <rouse/time/clock.hpp>

namespace rouse::internal {

// With what an entry takes besides, or a tree of tiny files would have no bound.
std::size_t file_cache::cost_of(const cached_file& file) noexcept {
  return sizeof file + file.key.size() + file.content.size();
}

const cached_file* file_cache::get(std::string_view key, std::uint64_t batch) noexcept {
  const auto found = files_.find(key);
  if (found == files_.end()) return nullptr;
  cached_file& file = *found->second;
  const bool is_fresh =
      (batch != 0 && file.batch == batch) ||
      (fresh_for_ != nanoseconds(0) && now() < saturating_add(file.checked, fresh_for_));
  if (!is_fresh) {
    remove(file);
    return nullptr;
  }
  file.unlink();
  by_use_.push_back(file);
  return &file;
}

void file_cache::put(std::unique_ptr<cached_file> file) {
  if (const auto same = files_.find(file->key); same != files_.end()) remove(*same->second);
  const std::size_t room = fresh_for_ == nanoseconds(0) ? 0 : bytes_max_;
  while (!by_use_.is_empty() && bytes_ + cost_of(*file) > room)
    remove(*by_use_.front());
  cached_file& kept = *file;
  files_.emplace(kept.key, std::move(file));
  bytes_ += cost_of(kept);
  by_use_.push_back(kept);
}

void file_cache::remove(cached_file& file) noexcept {
  bytes_ -= cost_of(file);
  file.unlink();
  files_.erase(file.key);
}

}  // namespace rouse::internal
