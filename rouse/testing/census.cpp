#include <rouse/core/frame_memory.hpp>
#include <rouse/testing/census.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

namespace rouse::testing {
namespace {

namespace files = std::filesystem;

constexpr auto pause = std::chrono::milliseconds(1);

/// The entries of a folder of /proc that are numbers. The listing's own descriptor is gone when it
/// returns, and so is not among those that can still be asked about.
std::vector<int> numbers_in(const char* folder) {
  std::vector<int> all;
  for (const files::directory_entry& entry : files::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    int number = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), number).ec == std::errc())
      all.push_back(number);
  }
  return all;
}

bool is_lent_by_the_kernel(const std::string& thread) { return thread.starts_with("iou-"); }

}  // namespace

census census::take() {
  census now;
  for (int fd : numbers_in("/proc/self/fd")) {
    std::error_code gone;
    const auto target = files::read_symlink("/proc/self/fd/" + std::to_string(fd), gone);
    if (!gone) now.descriptors_.push_back({fd, target});
  }
  for (int id : numbers_in("/proc/self/task")) {
    std::string name;
    std::ifstream file("/proc/self/task/" + std::to_string(id) + "/comm");
    if (std::getline(file, name) && !is_lent_by_the_kernel(name))
      now.threads_.push_back({id, name});
  }
  now.frames_ = rouse::internal::frames_in_use();
  return now;
}

std::vector<std::string> census::beyond(const census& before) const {
  std::vector<std::string> more;
  auto list_new = [&](const char* what, const std::vector<item>& then, const std::vector<item>& now,
                      auto same) {
    for (const item& i : now) {
      if (std::ranges::none_of(then, [&](const item& old) { return same(old, i); }))
        more.push_back(what + std::to_string(i.number) + " (" + i.name + ")");
    }
  };
  list_new("descriptor ", before.descriptors_, descriptors_,
           [](const item& a, const item& b) { return a.number == b.number && a.name == b.name; });
  list_new("thread ", before.threads_, threads_,
           [](const item& a, const item& b) { return a.number == b.number; });
  if (frames_ > before.frames_)
    more.push_back(std::to_string(frames_ - before.frames_) + " frames or task cells");
  return more;
}

std::vector<std::string> census::left_since(const census& before, nanoseconds patience) {
  const auto give_up = std::chrono::steady_clock::now() + patience;
  for (;;) {
    std::vector<std::string> left = take().beyond(before);
    if (left.empty() || std::chrono::steady_clock::now() >= give_up) return left;
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace rouse::testing
