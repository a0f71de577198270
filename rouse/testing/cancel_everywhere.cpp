#include <rouse/core/describe.hpp>
#include <rouse/testing/cancel_everywhere.hpp>
#include <rouse/testing/census.hpp>
#include <rouse/testing/internal/stage.hpp>

#include <thread>

namespace rouse::testing {
namespace {

/// Passes what happens on this thread to the run that is on; other threads' probes, and all of
/// them, to whoever listened before.
class listener final : public trace::sink {
 public:
  listener() noexcept : former_(trace::set_sink(this)) {}
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;
  ~listener() { trace::set_sink(former_); }

  void on_probe(const trace::record& r) noexcept override {
    if (trial* run = here()) run->on_probe(r);
    if (former_) former_->on_probe(r);
  }

  /// The run that is on, on this thread.
  class scope {
   public:
    explicit scope(trial& run) noexcept { here() = &run; }
    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;
    ~scope() { here() = nullptr; }
  };

 private:
  static trial*& here() noexcept {
    static constinit thread_local trial* run = nullptr;
    return run;
  }
  trace::sink* former_;
};

class campaign {
 public:
  campaign(internal::scenario_ref scenario, const cancel_options& options) noexcept
      : scenario_(scenario), options_(options) {}

  cancel_report run() {
    std::thread([] {}).join();  // a sanitizer starts a thread of its own with the first one
    report_.points = try_at(0, way::none);
    if (!report_.failures.empty()) return std::move(report_);
    // A real kernel does not count twice alike: so to the last point of either count.
    for (unsigned point = 1, seen = report_.points; point <= seen && goes_on(point); ++point) {
      for (way how : {way::cancel, way::cancel_and_poll, way::destroy}) {
        if (try_at(point, how) >= point && point == seen) ++seen;
      }
    }
    return std::move(report_);
  }

 private:
  bool goes_on(unsigned point) {
    if (point <= options_.points_max) return report_.failures.size() < options_.failures_max;
    report_.failures.push_back("more than " + std::to_string(options_.points_max) + " points");
    return false;
  }

  /// Plays the scenario once; gives the points that were seen.
  unsigned try_at(unsigned point, way how) {
    ++report_.runs;
    const census before = census::take();
    trial run(point, how);
    const bool ended = play(run);
    if (ended) {
      for (const std::string& left : census::left_since(before, options_.patience))
        run.fail("left behind: " + left);
    }
    if (run.was_interrupted()) ++report_.interrupted;
    report_.failures.insert(report_.failures.end(), run.failures().begin(), run.failures().end());
    return run.points();
  }

  bool play(trial& run) {
    const listener::scope here(run);
    try {
      internal::stage stage(options_, run);
      report_.backend = stage.backend();
      return stage.play(scenario_);
    } catch (...) {
      run.fail(describe(std::current_exception()));
      return false;
    }
  }

  const internal::scenario_ref scenario_;
  const cancel_options& options_;
  const listener listener_;
  cancel_report report_;
};

}  // namespace

cancel_report internal::cancel_everywhere(scenario_ref scenario, const cancel_options& options) {
  return campaign(scenario, options).run();
}

std::string cancel_report::message() const {
  std::string text = std::to_string(points) + " points, " + std::to_string(runs) + " runs, " +
                     std::to_string(interrupted) + " interrupted, on " + backend;
  if (failures.empty() && interrupted == 0)
    text += "\nnothing was interrupted: no work given to trial::interrupt suspended";
  for (const std::string& failure : failures)
    text += "\n" + failure;
  return text;
}

}  // namespace rouse::testing
