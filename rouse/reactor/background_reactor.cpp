#include <rouse/reactor/background_reactor.hpp>

#include <rouse/base/condition.hpp>
#include <rouse/base/log.hpp>
#include <rouse/sys/process.hpp>
#include <rouse/sys/signals.hpp>

#include <memory>
#include <system_error>
#include <thread>

namespace rouse {

struct background_reactor::state {
  enum class phase : unsigned char { starting, running, ended };

  reactor_options options;
  std::thread thread;
  atomic<bool> stop_now{false};
  atomic<bool> stop_on_idle{false};

  mutable rouse::mutex mutex;
  condition changed;
  phase current ROUSE_GUARDED_BY(mutex) = phase::starting;
  result<void> outcome ROUSE_GUARDED_BY(mutex);
  reactor_handle handle ROUSE_GUARDED_BY(mutex);
  reactor_kind kind ROUSE_GUARDED_BY(mutex) = reactor_kind::automatic;

  void run() noexcept;
  result<void> serve() noexcept;
  void enter(phase next, result<void> how) noexcept {
    lock_guard lock(mutex);
    current = next;
    if (!how) outcome = how;
    changed.notify_all();
  }
  phase wait_while(phase unwanted) noexcept {
    lock_guard lock(mutex);
    while (current == unwanted)
      changed.wait(mutex);
    return current;
  }
  void request(atomic<bool>& what) noexcept {
    what.store(true, order::release);  // release: pairs with the acquire in serve()
    reactor_handle h;
    {
      lock_guard lock(mutex);
      h = handle;
    }
    h.unpark();
  }
};

void background_reactor::state::run() noexcept {
  sys::name_this_thread("rouse-reactor");
  const auto how = serve();
  if (!how) ROUSE_LOG(error, "the background reactor ended: %s", how.error().message().c_str());
  enter(phase::ended, how);
}

result<void> background_reactor::state::serve() noexcept {
  auto made = make_reactor(options);
  if (!made) return std::unexpected(made.error());
  reactor& r = **made;
  if (auto opened = r.open(); !opened) return opened;
  {
    lock_guard lock(mutex);
    handle = r.handle();
    kind = r.kind();
  }
  enter(phase::running, {});
  while (!stop_now.load(order::acquire)) {
    if (stop_on_idle.load(order::acquire) && r.watch_count() == 0) break;
    if (auto parked = r.park(no_limit); !parked) return std::unexpected(parked.error());
  }
  return {};
}

result<background_reactor> background_reactor::start(const reactor_options& options) {
  auto s = std::make_unique<state>();
  s->options = options;
  try {
    sys::scoped_signal_block no_signals(sys::signal_set::all());  // inherited by the thread
    s->thread = std::thread([raw = s.get()] { raw->run(); });
  } catch (const std::system_error& e) {
    return std::unexpected(error("thread", e.code().value()));
  }
  background_reactor fresh(s.release());
  if (fresh.state_->wait_while(state::phase::starting) == state::phase::ended)
    if (auto how = fresh.join(); !how) return std::unexpected(how.error());
  return fresh;
}

background_reactor::~background_reactor() {
  if (!state_) return;
  shutdown_now();
  if (state_->thread.joinable()) state_->thread.join();
  delete state_;
}

reactor_handle background_reactor::handle() const {
  lock_guard lock(state_->mutex);
  return state_->handle;
}
reactor_kind background_reactor::kind() const noexcept {
  lock_guard lock(state_->mutex);
  return state_->kind;
}
void background_reactor::shutdown_on_idle() noexcept { state_->request(state_->stop_on_idle); }
void background_reactor::shutdown_now() noexcept { state_->request(state_->stop_now); }

result<void> background_reactor::join() {
  if (state_->thread.joinable()) state_->thread.join();
  lock_guard lock(state_->mutex);
  return state_->outcome;
}

bool background_reactor::is_running() const noexcept {
  lock_guard lock(state_->mutex);
  return state_->current == state::phase::running;
}

}  // namespace rouse
