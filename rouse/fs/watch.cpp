#include <rouse/fs/watch.hpp>

#include <rouse/fs/internal/kept_job.hpp>
#include <rouse/fs/internal/named_call.hpp>
#include <rouse/fs/internal/names.hpp>
#include <rouse/sys/directory.hpp>
#include <rouse/sys/socket.hpp>
#include <rouse/sys/watch_queue.hpp>

#include <array>
#include <deque>
#include <map>
#include <vector>

namespace rouse::fs {
namespace {

using internal::open_file_ref;
using sys::change;

std::uint32_t wanted_changes() noexcept {
  return change::created | change::removed | change::modified | change::written |
         change::attributes | change::moved_from | change::moved_to | change::self_removed |
         change::self_moved;
}

/// Of one directory that was looked at.
struct looked {
  std::string path;
  int watch = -1;        // none when it could not be watched
  error failure;         // of that, or of reading it
  bool is_gone = false;  // which is why: what holds it tells
};
struct found_entry {
  std::string path;
  bool is_directory;
};
struct look_answer {
  std::vector<looked> directories;
  std::vector<found_entry> entries;  // in them
};

struct look_options {
  std::string root;  // only this one may be a symbolic link
  bool recursive;
  std::size_t directories_max;
  bool keeps_entries;
};

void fail(looked& what, const error& why, bool is_gone) noexcept {
  what.failure = why;
  what.is_gone = is_gone;
}
/// Something else has its name, or nothing has.
bool is_no_directory(const error& e) noexcept {
  return e.code == ENOENT || e.code == ENOTDIR || e.code == ELOOP;
}

/// Watches `path` and, if asked, all directories below. A directory is watched before it is read,
/// so that what comes meanwhile is told or found, or both.
void look(int queue, std::string path, const look_options& options, look_answer& answer) {
  std::vector<std::string> to_enter{std::move(path)};
  while (!to_enter.empty()) {
    looked& here = answer.directories.emplace_back();
    here.path = std::move(to_enter.back());
    to_enter.pop_back();
    if (answer.directories.size() > options.directories_max) {
      here.failure = error("watch", errc::too_large);
      return;
    }
    const bool follows = here.path == options.root;
    const std::uint32_t how =
        (options.recursive ? change::only_directory : 0) | (follows ? 0 : change::no_follow);
    auto watch = sys::add_watch(queue, here.path.c_str(), wanted_changes() | how);
    if (!watch) {
      fail(here, watch.error(), is_no_directory(watch.error()));
      continue;
    }
    here.watch = *watch;
    if (!options.recursive) return;
    auto opened = sys::open_at(sys::current_directory, here.path.c_str(),
                               {.directory = true, .no_follow = !follows});
    if (!opened) {
      fail(here, opened.error(), is_no_directory(opened.error()));
      continue;
    }
    const std::string folder = here.path;
    sys::directory_reader reader(std::move(*opened));
    for (;;) {
      auto next = reader.next();
      if (!next) fail(here, next.error(), next.error().code == ENOENT);
      if (!next || !*next) break;
      std::string name = internal::joined(folder, (*next)->name);
      sys::file_kind kind = (*next)->kind;
      if (kind == sys::file_kind::unknown) {
        auto known = sys::status_at(sys::current_directory, name.c_str(), false);
        if (known) kind = known->kind;
      }
      const bool is_directory = kind == sys::file_kind::directory;
      if (is_directory) to_enter.push_back(name);
      if (options.keeps_entries) answer.entries.push_back({std::move(name), is_directory});
    }
  }
}

}  // namespace

namespace internal {

struct watch_state {
  watch_state(std::string path, watch_options o, source q, open_file_ref a)
      : root(std::move(path)), options(o), queue(std::move(q)), adding(std::move(a)) {}

  static task<result<watcher>> make(std::string path, watch_options options);

  void take_in(look_answer&& answer);
  void handle(const sys::change_record& record);
  void tell(change_kind kind, std::string path, const sys::change_record& record);
  void forget_below(const std::string& path);
  void rescan();

  const std::string root;
  const watch_options options;
  source queue;
  open_file_ref adding;  // a duplicate of it, for jobs that may outlive us
  std::map<int, std::string> paths;
  int root_watch = -1;

  std::deque<change_event> ready;
  std::vector<std::string> to_look;
  kept_job<look_answer> looking;
  bool tells = true;  // of what the look finds: not after a rescan
  bool has_ended = false;

  std::array<std::byte, 8192> memory;
  std::span<const std::byte> rest;  // of memory, not yet taken
  rouse::operation reading;         // into memory; goes before the queue
};

task<result<watcher>> watch_state::make(std::string path, watch_options options) {
  reactor* here = current<reactor>::get();
  if (!here) co_return std::unexpected(error("watch", errc::no_context));
  if (!is_path(path)) co_return std::unexpected(error("path", errc::invalid_input));
  auto opened = sys::open_watch_queue();
  if (!opened) co_return std::unexpected(opened.error());
  auto second = sys::duplicate(opened->get());
  if (!second) co_return std::unexpected(second.error());
  open_file_ref adding(new open_file(std::move(*second), path));
  auto job = [adding, path, options]() -> result<look_answer> {
    look_answer answer;
    look(adding.fd(), path, {path, options.recursive, options.directories_max, false}, answer);
    for (const looked& one : answer.directories) {
      const bool may_be_gone = one.path != path;
      if (one.failure.code != 0 && !(one.is_gone && may_be_gone))
        return std::unexpected(one.failure);
    }
    return answer;
  };
  auto answer = co_await offload(std::move(job));
  if (!answer) co_return std::unexpected(answer.error());
  auto attached = here->attach(std::move(*opened));
  if (!attached) co_return std::unexpected(attached.error());
  auto state = std::make_unique<watch_state>(std::move(path), options, std::move(*attached),
                                             std::move(adding));
  state->root_watch = answer->directories.front().watch;
  state->take_in(std::move(*answer));
  co_return watcher(std::move(state));
}

void watch_state::take_in(look_answer&& answer) {
  for (looked& one : answer.directories) {
    if (one.failure.code != 0 && !one.is_gone)
      ready.push_back({change_kind::unwatched, one.path, true, 0});
    if (one.watch >= 0) paths[one.watch] = std::move(one.path);
  }
  for (found_entry& entry : answer.entries)
    ready.push_back({change_kind::created, std::move(entry.path), entry.is_directory, 0});
}

void watch_state::tell(change_kind kind, std::string path, const sys::change_record& record) {
  ready.push_back({kind, std::move(path), (record.mask & change::directory) != 0, record.cookie});
}

/// Watches go with a directory that is renamed, and would tell its old name.
void watch_state::forget_below(const std::string& path) {
  for (auto at = paths.begin(); at != paths.end();) {
    const bool is_below = at->second == path || at->second.starts_with(path + "/");
    if (is_below) (void)sys::remove_watch(queue.fd(), at->first);
    at = is_below ? paths.erase(at) : std::next(at);
  }
}

/// Directories may have come unseen; who was told to look again will find what they hold.
void watch_state::rescan() {
  ready.push_back({change_kind::rescan, root, true, 0});
  if (!options.recursive) return;
  to_look.assign(1, root);
  tells = false;
}

void watch_state::handle(const sys::change_record& record) {
  if (record.mask & change::overflow) return rescan();
  const auto known = paths.find(record.watch);
  if (known == paths.end()) return;  // told after it was forgotten
  const std::string folder = known->second;
  const bool is_root = record.watch == root_watch;
  const bool is_directory = (record.mask & change::directory) != 0;
  if (record.mask & change::forgotten) paths.erase(known);
  if (record.mask &
      (change::self_removed | change::self_moved | change::unmounted | change::forgotten)) {
    if (!is_root || has_ended) return;  // the directory above has told it
    has_ended = true;
    return tell(change_kind::gone, folder, record);
  }
  if (record.name.empty() && !is_root) return;  // likewise
  std::string path = record.name.empty() ? folder : joined(folder, record.name);
  if (options.recursive && is_directory && (record.mask & change::moved_from)) forget_below(path);
  if (options.recursive && is_directory && (record.mask & (change::created | change::moved_to)))
    to_look.push_back(path);
  constexpr std::pair<const std::uint32_t*, change_kind> kinds[] = {
      {&change::created, change_kind::created},
      {&change::removed, change_kind::removed},
      {&change::modified, change_kind::modified},
      {&change::written, change_kind::written},
      {&change::attributes, change_kind::attributes},
      {&change::moved_from, change_kind::moved_from},
      {&change::moved_to, change_kind::moved_to}};
  for (const auto& [bit, kind] : kinds)
    if (record.mask & *bit) return tell(kind, std::move(path), record);
}

}  // namespace internal

using internal::watch_state;

const char* name_of(change_kind kind) noexcept {
  switch (kind) {
    case change_kind::created: return "created";
    case change_kind::removed: return "removed";
    case change_kind::modified: return "modified";
    case change_kind::written: return "written";
    case change_kind::attributes: return "attributes";
    case change_kind::moved_from: return "moved from";
    case change_kind::moved_to: return "moved to";
    case change_kind::rescan: return "rescan";
    case change_kind::unwatched: return "unwatched";
    case change_kind::gone: return "gone";
  }
  return "?";
}

watcher::watcher(std::unique_ptr<watch_state> state) noexcept : state_(std::move(state)) {}
watcher::watcher(watcher&&) noexcept = default;
watcher& watcher::operator=(watcher&&) noexcept = default;
watcher::~watcher() = default;

const std::string& watcher::path() const noexcept { return state_->root; }
void watcher::disown() noexcept {
  state_->looking.disown();
  state_->reading.disown();
}

poll_result<result<change_event>> watcher::poll_next(context& cx) {
  watch_state& s = *state_;
  for (;;) {
    if (s.looking.is_begun()) {
      auto answer = s.looking.poll(cx);
      if (!answer.is_ready()) return pending;
      auto looked = answer.take();
      if (!looked) return std::unexpected(looked.error());
      s.tells = true;
      s.take_in(std::move(*looked));
    } else if (!s.ready.empty()) {
      if (!cx.spend()) return pending;
      change_event next = std::move(s.ready.front());
      s.ready.pop_front();
      return result<change_event>(std::move(next));
    } else if (s.has_ended) {
      return std::unexpected(error("watch", errc::closed));
    } else if (!s.to_look.empty()) {
      // Before more is taken from the queue, which may tell of the watches that this adds.
      const std::size_t room =
          s.options.directories_max - std::min(s.options.directories_max, s.paths.size());
      const look_options how{s.root, true, s.tells ? room : s.options.directories_max, s.tells};
      auto job = [queue = s.adding, paths = s.to_look, how]() -> result<look_answer> {
        look_answer answer;
        for (const std::string& path : paths)
          look(queue.fd(), path, how, answer);
        return answer;
      };
      if (auto begun = s.looking.begin(std::move(job)); !begun)
        return std::unexpected(begun.error());
      s.to_look.clear();
    } else if (auto record = sys::take_change(s.rest)) {
      s.handle(*record);
    } else {
      if (s.reading.is_idle()) s.reading.read(s.queue, s.memory);
      if (!s.reading.poll(cx)) return pending;
      const std::int32_t bytes = s.reading.result();
      const error failure = bytes < 0 ? s.reading.failure() : error();
      s.reading.reset();
      if (bytes < 0) return std::unexpected(failure);
      s.rest = std::span(s.memory).first(static_cast<std::size_t>(bytes));
    }
  }
}

operation<watcher> watch(std::string path, watch_options options) {
  std::string subject = path;
  return {watch_state::make(std::move(path), options), std::move(subject)};
}

}  // namespace rouse::fs
