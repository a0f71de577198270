#include <rouse/fs/walk.hpp>

#include <rouse/fs/internal/calls.hpp>
#include <rouse/fs/internal/kept_job.hpp>
#include <rouse/fs/internal/names.hpp>
#include <rouse/sys/directory.hpp>

#include <memory>
#include <set>
#include <vector>

namespace rouse::fs {
namespace internal {

/// Where a walk is, and what it has found: the job's while one runs, else the walker's.
struct walk_place {
  walk_place(const std::string& root, walk_options o) : options(o) {
    to_enter.push_back({root, 0});
  }

  struct directory_at {
    std::string path;
    unsigned depth;  // of what it holds
  };
  const walk_options options;
  std::vector<walk_entry> found;
  std::vector<directory_at> to_enter;
  std::optional<sys::directory_reader> reader;
  directory_at reading;                                       // what reader reads
  std::set<std::pair<std::uint64_t, std::uint64_t>> entered;  // device and inode, with links only
};

struct walk_state {
  std::string root;
  std::shared_ptr<walk_place> place;  // a job that runs outlives us
  std::size_t given = 0;              // of what was found
  kept_job<unit> job;
};

}  // namespace internal

namespace {

using internal::walk_place;
using internal::walk_state;
constexpr std::size_t entries_at_once = 256;

/// Of the directory that is read: the walk's own error at the top, below it told in an entry.
result<void> fail(walk_place& s, const error& why) {
  s.reader.reset();
  if (s.reading.depth == 0) return std::unexpected(why);
  s.found.push_back({s.reading.path, file_kind::directory, s.reading.depth - 1, why});
  return {};
}

/// False when it was entered before.
result<bool> is_new(walk_place& s, int directory) {
  if (!s.options.follow_links) return true;
  auto known = sys::status(directory);
  if (!known) return std::unexpected(known.error());
  return s.entered.emplace(known->device, known->inode).second;
}

/// Opens the next directory. One at the top that fails may be tried again.
result<void> enter(walk_place& s) {
  s.reading = std::move(s.to_enter.back());
  s.to_enter.pop_back();
  const bool is_top = s.reading.depth == 0;
  auto opened = sys::open_at(sys::current_directory, s.reading.path.c_str(),
                             {.directory = true, .no_follow = !is_top && !s.options.follow_links});
  if (!opened) {
    if (is_top) s.to_enter.push_back(s.reading);
    return fail(s, opened.error());
  }
  auto fresh = is_new(s, opened->get());
  if (!fresh) return fail(s, fresh.error());
  if (*fresh) s.reader.emplace(std::move(*opened));
  return {};
}

/// What the entry is, by its own word or by asking; none when it is gone.
std::optional<walk_entry> look_at(const walk_place& s, const sys::directory_entry& e) {
  walk_entry entry;
  entry.path = internal::joined(s.reading.path, e.name);
  entry.depth = s.reading.depth;
  entry.kind = e.kind;
  const bool follows = s.options.follow_links && e.kind == file_kind::symlink;
  if (e.kind != file_kind::unknown && !follows) return entry;
  const std::string name(e.name);
  auto known = sys::status_at(s.reader->fd(), name.c_str(), s.options.follow_links);
  if (!known && known.error().code == ENOENT)  // a link that leads nowhere, or gone
    known = sys::status_at(s.reader->fd(), name.c_str(), false);
  if (known)
    entry.kind = known->kind;
  else if (known.error().code == ENOENT)
    return std::nullopt;
  else
    entry.failure = known.error();
  return entry;
}

void take(walk_place& s, const sys::directory_entry& e) {
  auto entry = look_at(s, e);
  if (!entry) return;
  if (entry->kind == file_kind::directory && entry->depth < s.options.depth_max) {
    if (s.to_enter.size() < s.options.directories_max)
      s.to_enter.push_back({entry->path, entry->depth + 1});
    else
      entry->failure = error("walk", errc::too_large);
  }
  s.found.push_back(std::move(*entry));
}

/// On the pool: finds some more.
result<unit> read_ahead(walk_place& s) {
  while (s.found.size() < entries_at_once) {
    if (!s.reader) {
      if (s.to_enter.empty()) break;
      if (auto entered = enter(s); !entered) return std::unexpected(entered.error());
      continue;
    }
    auto next = s.reader->next();
    if (!next) {
      if (auto failed = fail(s, next.error()); !failed) return std::unexpected(failed.error());
    } else if (*next) {
      take(s, **next);
    } else {
      s.reader.reset();
    }
  }
  return unit{};
}

}  // namespace

walker walk(std::string path, walk_options options) {
  auto place = std::make_shared<walk_place>(path, options);
  return walker(std::make_unique<walk_state>(std::move(path), std::move(place)));
}

walker::walker(std::unique_ptr<walk_state> state) noexcept : state_(std::move(state)) {}
walker::walker(walker&&) noexcept = default;
walker& walker::operator=(walker&&) noexcept = default;
walker::~walker() = default;

const std::string& walker::path() const noexcept { return state_->root; }
void walker::disown() noexcept { state_->job.disown(); }

poll_result<result<std::optional<walk_entry>>> walker::poll_next(context& cx) {
  walk_state& s = *state_;
  if (!internal::is_path(s.root)) return std::unexpected(error("walk", errc::invalid_input));
  for (;;) {
    if (s.job.is_begun()) {
      auto answer = s.job.poll(cx);
      if (!answer.is_ready()) return pending;
      if (auto looked = answer.take(); !looked) return std::unexpected(looked.error());
    }
    walk_place& place = *s.place;
    if (s.given < place.found.size()) {
      if (!cx.spend()) return pending;
      return result<std::optional<walk_entry>>(std::move(place.found[s.given++]));
    }
    place.found.clear();
    s.given = 0;
    if (place.to_enter.empty() && !place.reader)
      return result<std::optional<walk_entry>>(std::nullopt);
    auto begun = s.job.begin([shared = s.place] { return read_ahead(*shared); });
    if (!begun) return std::unexpected(begun.error());
  }
}

}  // namespace rouse::fs
