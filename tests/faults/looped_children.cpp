// The scenario `loop_children`: a program is run to its end, one spoken with through its pipes, one
// stopped, one not found; and a signal is listened to.
#include <rouse/io/bytes.hpp>
#include <rouse/loop/loop_processes.hpp>
#include <rouse/loop/loop_signals.hpp>

#include <tests/faults/looped.hpp>

#include <signal.h>

#include <array>

namespace faults {

using namespace rouse;
using process::command;
using process::exit_status;
using process::piped;

namespace {

class children final : public looped_program {
 public:
  using looped_program::looped_program;

 private:
  struct pet {
    const char* name;
    loop_child child;
    bool has_begun = false;
  };

  void begin() override {
    ask(run_, [this] {
      on().processes().run(command("/bin/cat"), site.text,
                           [this](const result<process::run_result>& end) {
                             if (!came(run_, end)) return;
                             if (end->output != site.text || !end->status.is_success())
                               out.note_wrong("run", "other bytes");
                             speak();
                           });
    });
  }

  /// Events that every child has.
  void adopt(pet& p) {
    closes_.expect();
    ends_.expect();
    p.child.on_spawn([&p] { p.has_begun = true; });
    p.child.on_error([this, &p](const io_error& why) {
      ends_.came(out);
      if (&p == &missing_ && why.reason().code == ENOENT) return;
      fail(p.name, why.reason());
    });
  }
  void speak() {
    if (is_over()) return;
    start(talker_, command("/bin/cat").input(piped).output(piped));
    if (!talker_.child) return;
    talker_.child.on_exit([this](exit_status end) {
      ends_.came(out);
      if (!end.is_success() && !is_over()) out.note_wrong("speak", "another end");
    });
    talker_.child.on_close([this] {
      closes_.came(out);
      if (seen_ != site.text.size() && !is_over()) out.note_wrong("speak", "ended early");
      stop();
    });
    ask(flow_closes_, [this] {
      output_ = talker_.child.output();
      output_.on_close([this] { flow_closes_.came(out); });
    });
    if (is_over()) return;
    output_.on_error([this](const error& why) { fail("output", why); });
    output_.on_data([this](std::span<const std::byte> piece) {
      const auto came = io::as_text(piece);
      if (site.text.substr(seen_, came.size()) != came) out.note_wrong("speak", "other bytes");
      seen_ += came.size();
    });
    const loop_child_input input = talker_.child.input();
    input.on_error([this](const error& why) { fail("input", why); });
    input.on_drain([this] { write_rest(); });
    write_rest();
  }
  void write_rest() {
    const loop_child_input input = talker_.child.input();
    constexpr std::size_t piece = 9'000;
    bool goes_on = true;
    while (goes_on && written_ != site.text.size()) {
      const auto next = site.text.substr(written_, piece);
      goes_on = input.write(next);
      written_ += next.size();
    }
    if (written_ == site.text.size()) input.end();
  }
  void stop() {
    if (is_over()) return;
    start(stopped_, command("/bin/cat").input(piped).output(process::null_device).new_group());
    if (!stopped_.child) return;
    stopped_.child.on_spawn([this] {
      if (const auto told = stopped_.child.terminate_group(); !told) fail("stop", told.error());
    });
    stopped_.child.on_exit([this](exit_status end) {
      ends_.came(out);
      if (end != exit_status::signalled(SIGTERM) && !is_over())
        out.note_wrong("stop", "another end");
    });
    stopped_.child.on_close([this] {
      closes_.came(out);
      miss();
    });
  }
  void miss() {
    if (is_over()) return;
    start(missing_, command("/no/such/program"));
    if (!missing_.child) return;
    missing_.child.on_exit([this](exit_status) { out.note_wrong("miss", "ran"); });
    missing_.child.on_close([this] {
      closes_.came(out);
      listen();
    });
  }
  void listen() {
    if (is_over()) return;
    ask(signal_, [this] {
      heard_ = on().signals().on(SIGUSR2, [this](int number) {
        signal_.came(out);
        if (number != SIGUSR2) out.note_wrong("listen", "another signal");
        is_good_ = !is_over();
        heard_.remove();
      });
      heard_.ref();
      ::raise(SIGUSR2);
    });
  }
  void start(pet& p, const command& what) {
    try {
      p.child = on().processes().spawn(what);
      adopt(p);
    } catch (...) {
      out.note_failure(p.name, std::current_exception());
      give_up();
    }
  }

  void let_go() noexcept override {
    for (const pet* each : {&talker_, &stopped_})  // which then end themselves
      if (each->child) each->child.input().destroy();
    if (heard_.is_active()) signal_.waive();
    heard_.remove();
  }
  void settle() noexcept override {
    for (const due_calls* each : {&run_, &closes_, &ends_, &flow_closes_, &signal_})
      each->settle(out);
    if (is_good_) out.note_complete();
  }

  pet talker_{"speak", {}};
  pet stopped_{"stop", {}};
  pet missing_{"miss", {}};
  loop_flow output_;
  loop_signal heard_;
  std::size_t written_ = 0;
  std::size_t seen_ = 0;
  bool is_good_ = false;
  due_calls run_{"run"}, closes_{"close of a child"}, ends_{"end of a child"},
      flow_closes_{"close of a flow"}, signal_{"signal"};
};

}  // namespace

void run_loop_children(const looped_site& at, outcome& out) { children(at, out).run(); }

}  // namespace faults
