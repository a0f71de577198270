// What fork() without an exec means to us. The copy in the child has the memory of all threads and
// only one of them: what the others were in the middle of stays so for ever. So copies know that
// they are some, and locks that a copy needs are not held by others when it is made.
#pragma once

#include <rouse/base/list.hpp>
#include <rouse/base/mutex.hpp>

namespace rouse {

/// Forks that led to this process: what was made under another count belongs to a parent.
[[nodiscard]] unsigned fork_count() noexcept;

/// A mutex that fork() takes and gives back on both sides, so that the child finds it free and what
/// it guards whole. For what lives as long as a runtime: making and destroying one takes a lock of
/// the whole process, so nobody does it under another one. What lives for ever is made before main,
/// for a child waits for ever where a thread was making it at the fork. Nobody may fork() while
/// holding it.
class ROUSE_CAPABILITY("mutex") fork_mutex : public mutex, public list_link {
 public:
  /// Who holds one may take others of a later rank only, and fork() takes them in this order.
  enum class rank : unsigned char { outermost, outer, inner };
  static constexpr unsigned ranks = 3;
  explicit fork_mutex(rank r = rank::inner) noexcept;
  ~fork_mutex();
};

}  // namespace rouse
