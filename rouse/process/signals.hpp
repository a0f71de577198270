// Signals as a stream of their numbers.
//
//   auto hang_ups = process::signals({process::signal_hang_up}).value();
//   while (auto number = co_await rouse::next(hang_ups)) reload();
#pragma once

#include <rouse/core/pollable.hpp>
#include <rouse/core/stream.hpp>
#include <rouse/reactor/operation.hpp>
#include <rouse/reactor/source.hpp>
#include <rouse/sys/signals.hpp>

namespace rouse::process {

using sys::signal_broken_pipe;
using sys::signal_child;
using sys::signal_continue;
using sys::signal_hang_up;
using sys::signal_interrupt;
using sys::signal_kill;
using sys::signal_quit;
using sys::signal_set;
using sys::signal_terminate;
using sys::signal_user_1;
using sys::signal_user_2;
using sys::signal_window;

class signal_stream;
/// Listens from now on. @errors  invalid_input: none, or one that cannot be caught or tells of a
/// fault; no_context: no reactor on this thread; EMFILE, ENFILE, ENOMEM.
[[nodiscard]] result<signal_stream> signals(const signal_set& which);

/// What arrives in this process, whichever thread it interrupts. Those of one kind that come before
/// the stream is looked at are one; those of different kinds come lowest first. Any number of
/// streams on any number of runtimes: each has every signal, and which is woken first is not said.
///
/// While a stream wants a signal, nothing else has it: neither its default action nor a handler
/// that was there before, and `rouse::run` does not cancel its root for it, so a program that
/// listens to SIGINT answers ctrl-c itself. All that comes back when the last stream goes.
///
/// A signal that every thread blocks does not arrive; the pools' and the reactor's own threads
/// block all. A child made by fork hears nothing.
/// @threads  That of the reactor it was made on. Movable while nothing is pending.
class signal_stream {
 public:
  signal_stream(signal_stream&&) noexcept = default;
  signal_stream& operator=(signal_stream&&) = delete;

  /// For `rouse::next`. Ends when the reactor does.
  poll_result<std::optional<int>> poll_next(context& cx) noexcept;
  void disown() noexcept { readable_.disown(); }

 private:
  friend result<signal_stream> signals(const signal_set& which);
  signal_stream(source attached, sys::signal_listener listener) noexcept
      : source_(std::move(attached)), listener_(std::move(listener)) {}
  source source_;
  operation readable_;
  sys::signal_listener listener_;  // goes first: its handler writes to what the source owns
  signal_set arrived_;             // and not yet given
};

}  // namespace rouse::process
