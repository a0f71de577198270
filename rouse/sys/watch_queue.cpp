#include <rouse/sys/watch_queue.hpp>

#include <rouse/sys/internal/answer.hpp>
#include <rouse/sys/table.hpp>

#include <sys/inotify.h>

#include <climits>
#include <cstring>

namespace rouse::sys {

using internal::failure;

constexpr std::uint32_t change::created = IN_CREATE;
constexpr std::uint32_t change::removed = IN_DELETE;
constexpr std::uint32_t change::modified = IN_MODIFY;
constexpr std::uint32_t change::written = IN_CLOSE_WRITE;
constexpr std::uint32_t change::attributes = IN_ATTRIB;
constexpr std::uint32_t change::moved_from = IN_MOVED_FROM;
constexpr std::uint32_t change::moved_to = IN_MOVED_TO;
constexpr std::uint32_t change::self_removed = IN_DELETE_SELF;
constexpr std::uint32_t change::self_moved = IN_MOVE_SELF;
constexpr std::uint32_t change::directory = IN_ISDIR;
constexpr std::uint32_t change::overflow = IN_Q_OVERFLOW;
constexpr std::uint32_t change::forgotten = IN_IGNORED;
constexpr std::uint32_t change::unmounted = IN_UNMOUNT;
constexpr std::uint32_t change::no_follow = IN_DONT_FOLLOW;
constexpr std::uint32_t change::only_directory = IN_ONLYDIR;

static_assert(change_bytes_max == sizeof(inotify_event) + NAME_MAX + 1);

result<descriptor> open_watch_queue() {
  const int fd = calls().inotify_init(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return std::unexpected(failure("watch", fd));
  return descriptor(fd);
}

result<int> add_watch(int queue, const char* path, std::uint32_t mask) {
  const int watch = calls().inotify_add_watch(queue, path, mask);
  if (watch < 0) return std::unexpected(failure("watch", watch));
  return watch;
}

result<void> remove_watch(int queue, int watch) {
  return internal::done("unwatch", calls().inotify_rm_watch(queue, watch));
}

std::optional<change_record> take_change(std::span<const std::byte>& bytes) noexcept {
  inotify_event head;
  if (bytes.size() < sizeof head) return std::nullopt;
  std::memcpy(&head, bytes.data(), sizeof head);
  const std::size_t size = sizeof head + head.len;
  if (bytes.size() < size) return std::nullopt;
  // padded with NULs up to its length
  const auto* name = reinterpret_cast<const char*>(bytes.data() + sizeof head);
  const change_record record{head.wd, head.mask, head.cookie,
                             std::string_view(name, ::strnlen(name, head.len))};
  bytes = bytes.subspan(size);
  return record;
}

}  // namespace rouse::sys
