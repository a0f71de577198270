// Where one run of a scenario plays: a runtime on a clock that skips, turned by hand until the
// scenario has ended and everything it began has come to rest.
#pragma once

#include <rouse/runtime/runtime.hpp>
#include <rouse/testing/cancel_everywhere.hpp>
#include <rouse/testing/internal/skipping_clock.hpp>

namespace rouse::testing::internal {

class stage {
 public:
  stage(const cancel_options& options, trial& run);
  stage(const stage&) = delete;
  stage& operator=(const stage&) = delete;

  /// False when it did not come to its end; why is a failure of the trial.
  bool play(scenario_ref scenario);
  [[nodiscard]] const char* backend() const noexcept { return runtime_.backend(); }

 private:
  /// Turns until `is_over`; false when that does not come.
  bool play_to_rest(scenario_ref scenario);
  template <class F>
  bool turn_until(F is_over, const char* what);
  /// A job that never ends must not keep the runtime from going: it is left behind, and named.
  void end_pool();
  [[nodiscard]] bool is_at_rest() const noexcept;
  [[nodiscard]] bool pool_is_quiet() const noexcept;
  [[nodiscard]] std::string what_is_left() const;

  const cancel_options& options_;
  trial& trial_;
  skipping_clock clock_;
  runtime runtime_;
};

}  // namespace rouse::testing::internal
