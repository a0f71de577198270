// What every spawned task has in front: its state, who owns it, and how to run, cancel and end its
// work.
//
// Local wakes pay no atomic read-modify-write. The words written by plain stores belong to the
// owner, the worker that runs the task; every other thread uses one mailbox word, `foreign`, and
// queues the task once in its owner's inbox:
//
//   owner    idle --wake()--> scheduled --begin--> running --finish()--> completed
//             ^                                     |  |
//             +-------------- end of poll ----------+  +--wake()--> running and scheduled
//
//   others   wake_foreign(): one fetch_or, then, if the task was not linked yet, a push to the
//            owner's inbox; the owner's drain empties the mailbox by one exchange and does what it
//            says
//
// References are wakers only, counted in two halves: `references` by the owner, plain, and a signed
// count in `foreign`; their sum is what there is, and only the owner can know it. A pending task
// with no reference and no borrowed waker can never be woken: it is ended as abandoned. Refused:
// one atomic state word for all, which makes a self-wake six times dearer, and plain stores plus
// foreign RMWs on one word, which loses a wake in 25.
#pragma once

#include <rouse/base/atomic.hpp>
#include <rouse/base/error.hpp>
#include <rouse/base/list.hpp>
#include <rouse/core/context.hpp>
#include <rouse/trace/probe.hpp>

#include <cstdint>
#include <exception>
#include <source_location>

namespace rouse {

class worker;
class task_header;

namespace internal {

void wake_task(wakeable& task) noexcept;
wakeable& clone_task(wakeable& task) noexcept;
void drop_task(wakeable& task) noexcept;
void wake_and_drop_task(wakeable& task) noexcept;

/// How every task is woken: the first part of each task_table.
inline constexpr wake_table task_wakes{wake_task, clone_task, drop_task, wake_and_drop_task};

}  // namespace internal

/// How one kind of task does its work; owner's thread only, except `release`.
struct task_table : wake_table {
  /// True: it has ended, its outcome is set and the work is gone, as if by `destroy`.
  bool (*poll)(task_header&, context&) noexcept;
  /// True: nothing outside refers to it any more.
  bool (*cancel)(task_header&, context&) noexcept;
  /// The work dies; header and outcome live on. A destructor that throws ends the process.
  void (*destroy)(task_header&) noexcept;
  /// The memory goes; any thread when the owner is gone.
  void (*release)(task_header&) noexcept;
  /// The outcome becomes this error, unless it is set.
  void (*fail)(task_header&, const error&) noexcept;
  /// The outcome's exception that nobody has taken, or null.
  std::exception_ptr (*failure)(task_header&) noexcept;
};

/// Told when a task has ended and its frames are gone; the nursery of a scope is one.
class completion_observer {
 public:
  virtual void on_complete(task_header& child) noexcept = 0;

 protected:
  ~completion_observer() = default;
};

class task_header : public wakeable, public list_link {
 public:
  explicit task_header(const task_table& how, worker& w) noexcept : wakeable(how), owner(&w) {}
  [[nodiscard]] const task_table& table() const noexcept {
    return static_cast<const task_table&>(wakeable::table());
  }

  enum : std::uint8_t {
    cancelled = 1,  // to be cancelled instead of polled
    abandoned = 2,  // to be ended: nothing can wake it, or it was destroyed in the run queue
  };

  // The owner's thread only, plain. Bytes, not bits of one word, so that an edge is a blind store
  // that waits for no earlier one.
  task_header* next = nullptr;  // in the run queue; until adopted, in the inject queue
  bool scheduled = false;       // in the run queue, or will be when this poll ends
  bool running = false;         // inside poll, cancel, destroy or a report: its memory stays
  bool completed = false;       // final: the work is gone
  std::uint8_t ending = 0;      // bits of the enumeration above
  bool borrowed = false;        // a leaf holds an uncounted waker
  bool joined = false;          // a join handle or nursery keeps the outcome
  bool observed = false;        // which member of the union below
  bool background = false;      // does not keep run() from returning
  std::int32_t references = 0;  // wakers made minus dropped on this thread; never left negative
  std::uint32_t polls = 0;
  union {
    wakeable* joiner = nullptr;  // borrowed from whoever awaits the join handle
    completion_observer* observer;
  };
  const char* name = nullptr;  // owned copy, or null
  std::source_location spawned_at;

  // Any thread.
  task_header* inbox_next = nullptr;  // whoever set `linked`, until the owner's drain
  atomic<worker*> owner;              // written by the owner only
  atomic<std::uint64_t> foreign{0};   // the mailbox: anyone by RMW, emptied by the owner

  enum : std::uint64_t {
    notified = 1,  // a foreign wake since the last poll began
    linked = 2,    // in the owner's inbox or about to be: keeps the task and its owner in place
    closed = 8,    // final: the owner is gone, the count is all there is
    cancel = 16,   // a request to end
    unjoin = 32,   // the join handle went on another thread
    one = 256,     // above the flags: a signed count of references
    flag_mask = one - 1,
  };
};

namespace internal {

/// Reports the exception that is handled, with the task's name, and terminates.
[[noreturn, gnu::cold]] void end_by_destructor(task_header& t) noexcept;

}  // namespace internal

/// Options of `spawn`.
struct spawn_options {
  const char* name = nullptr;  ///< copied, cut at 128 bytes; shown in reports and the console
  bool background = false;     ///< run() does not wait for it
};

}  // namespace rouse
