#include <tests/faults/looped.hpp>

#include <cerrno>
#include <chrono>
#include <new>

namespace faults {

using namespace std::chrono_literals;

namespace {

constexpr auto hang_limit = 10s;
constexpr int runs_max = 20;  // beyond, it fails for ever

}  // namespace

void looped_program::run() {
  rouse::loop_options options;
  options.runtime.reactor.kind = site.on;
  options.runtime.blocking.threads_max = 1;  // as in `run`
  options.runtime.blocking.after_start = on_pool_thread.begins;
  options.runtime.blocking.before_stop = on_pool_thread.ends;
  rouse::loop l(options);
  loop_ = &l;
  const auto limit = l.set_timeout(hang_limit, [this] {
    out.note_wrong("scenario", "hangs");
    loop_->exit(1);
  });
  l.unref(limit);
  bool has_memory = true;
  for (int runs = 0; runs < runs_max; ++runs) {
    try {
      if (runs == 0)
        l.run([this] { begin(); });
      else
        l.run();
      return settle();
    } catch (const std::bad_alloc&) {
      has_memory = false;
      out.note_failure("run", rouse::error("memory", ENOMEM));
      give_up();
    } catch (...) {
      out.note_failure("run", std::current_exception());
      give_up();
    }
  }
  if (has_memory) out.note_wrong("run", "fails for ever");  // without any it cannot even wait
}

}  // namespace faults
