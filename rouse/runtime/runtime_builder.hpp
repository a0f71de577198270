// Builds a runtime step by step; the same as filling runtime_options by hand.
#pragma once

#include <rouse/base/log.hpp>
#include <rouse/runtime/runtime.hpp>

namespace rouse {

/// @example  `auto rt =
/// rouse::runtime_builder().reactor(rouse::reactor_kind::epoll).blocking_threads(4).build();`
class runtime_builder {
 public:
  runtime_builder& reactor(reactor_kind kind) noexcept {
    return options_.reactor.kind = kind, *this;
  }
  runtime_builder& reactor(const reactor_options& options) noexcept {
    return options_.reactor = options, *this;
  }
  /// Must outlive the runtime.
  runtime_builder& clock(rouse::clock& c) noexcept { return options_.clock = &c, *this; }
  /// 0: as many as the pool chooses.
  runtime_builder& blocking_threads(unsigned most) noexcept {
    if (most != 0) options_.blocking.threads_max = most;
    return *this;
  }
  /// Null: the pool's own.
  runtime_builder& blocking_thread_name(const char* prefix) noexcept {
    if (prefix) options_.blocking.name = prefix;
    return *this;
  }
  /// Who is told of a task that failed and that nobody joins; by default a log line and
  /// std::terminate.
  runtime_builder& on_failure(failure_handler handler) noexcept {
    return options_.executor.on_failure = handler, *this;
  }
  /// Where the library's log lines go; for the whole process, from build() on. See set_log_sink.
  runtime_builder& log_sink(rouse::log_sink& sink) noexcept { return sink_ = &sink, *this; }
  /// How often the layers below are looked at though tasks are ready.
  runtime_builder& polls_per_look(unsigned polls) noexcept {
    return options_.executor.polls_per_look = polls, *this;
  }
  [[nodiscard]] const runtime_options& options() const noexcept { return options_; }
  [[nodiscard]] result<runtime> build() const {
    if (sink_) (void)set_log_sink(sink_);
    return runtime::make(options_);
  }

 private:
  rouse::log_sink* sink_ = nullptr;
  runtime_options options_;
};

}  // namespace rouse
