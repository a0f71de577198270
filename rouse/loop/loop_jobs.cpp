#include <rouse/loop/loop_jobs.hpp>

#include <rouse/loop/internal/jobs_under_way.hpp>
#include <rouse/loop/internal/loop_core.hpp>

namespace rouse::internal {

const wake_table loop_job::how{
    [](wakeable& w) noexcept {
      auto& self = static_cast<loop_job&>(w);
      self.caller_.core().jobs.push_ended(self);
    },
    [](wakeable& w) noexcept -> wakeable& {
      static_cast<loop_job&>(w).retain();
      return w;
    },
    [](wakeable& w) noexcept { static_cast<loop_job&>(w).release(); },
};

request_id loop_job::enrol() {
  // Until the loop has it, what fails here ends it.
  struct holder {
    loop_job* job;
    ~holder() {
      if (job) job->release();
    }
  } mine{this};
  loop_core& core = caller_.core();
  request& place = core.request_table.emplace();
  place.job = this;
  id_ = {{requests::index_of(place), requests::serial_of(place)}};
  try {
    core.jobs.add(*this, core.stack());
  } catch (...) {
    core.request_table.erase(place);
    throw;
  }
  mine.job = nullptr;
  return id_;
}

void loop_job::begin() noexcept {
  context cx(*this);
  if (look(cx)) caller_.core().jobs.push_ended(*this);
}

void loop_job::withdraw() noexcept {
  loop_core& core = caller_.core();
  core.request_table.erase(*core.request_table.find(id_.index, id_.serial));
  core.jobs.remove(*this);
}

void loop_job::cancel() noexcept {
  context cx(no_wakeable());
  cancel_job(cx);
  caller_.core().jobs.push_ended(*this);
}

void loop_job::deliver() noexcept {
  loop_core& core = caller_.core();
  context cx(no_wakeable());
  (void)look(cx);
  core.request_table.erase(*core.request_table.find(id_.index, id_.serial));
  caller_.call([this] { answer(); }, "job", &set_at_);
  core.jobs.remove(*this);
}

void loop_job::drop() noexcept {
  clear();
  hold_ = loop_hold();
}

void jobs_under_way::add(loop_job& fresh, runtime& stack) {
  if (!has_deliverer_) {
    spawn_options options;
    options.background = true;
    deliverer_ = stack.spawn(deliverer{*this}, options);
    has_deliverer_ = true;
  }
  all_.push_back(fresh);
}

void jobs_under_way::remove(loop_job& job) noexcept {
  job.unlink();
  job.drop();
  job.release();
}

void jobs_under_way::clear() noexcept {
  while (loop_job* job = all_.front())
    remove(*job);
  for (;;) {
    context cx(no_wakeable());
    loop_job* ended = pop_ended(cx);
    if (!ended) break;
    ended->release();
  }
}

void jobs_under_way::push_ended(loop_job& job) noexcept {
  waker woken;
  {
    const lock_guard lock(lock_);
    if (std::exchange(job.has_ended_, true)) return;
    job.retain();
    *last_ = &job;
    last_ = &job.next_ended_;
    woken = std::move(idle_);
  }
  woken.wake_and_reset();
}

loop_job* jobs_under_way::pop_ended(context& cx) noexcept {
  if (!taken_) taken_ = take_ended(cx);
  loop_job* const first = taken_;
  if (first) taken_ = first->next_ended_;
  return first;
}

loop_job* jobs_under_way::take_ended(context& cx) noexcept {
  const lock_guard lock(lock_);
  if (!first_ && !idle_) idle_ = cx.get_waker();
  last_ = &first_;
  return std::exchange(first_, nullptr);
}

}  // namespace rouse::internal
