// The scenario `loop_watch`: a directory is watched, told of by a file that is written there, and
// no longer watched. By itself, since the kernel takes its time to end a watch.
#include <rouse/loop/loop_files.hpp>

#include <tests/faults/looped.hpp>

#include <cerrno>

namespace faults {

using namespace rouse;

namespace {

class watch final : public looped_program {
 public:
  using looped_program::looped_program;

 private:
  void begin() override {
    ask(mkdir_, [this] {
      on().fs().mkdir(site.folder, [this](const result<void>& done) {
        if (came(mkdir_, done)) look();
      });
    });
  }
  void look() {
    ask(end_, [this] {
      ready_.expect();
      watching_ = on().fs().watch(
          site.folder, [this](const result<fs::change_event>& change) { changed(change); },
          [this] {
            ready_.came(out);
            write();
          });
    });
    if (is_over()) ready_.waive();
  }
  void write() {
    ask(write_, [this] {
      on().fs().write_file(site.folder + "/file", "x",
                           [this](const result<void>& done) { (void)came(write_, done); });
    });
  }
  void changed(const result<fs::change_event>& change) {
    if (change) {
      if (change->kind == fs::change_kind::created && !change->path.ends_with("/file"))
        out.note_wrong("watch", "told of something else");
      if (change->kind == fs::change_kind::written && !on().cancel(watching_))
        out.note_wrong("watch", "had ended");
      return;
    }
    end_.came(out);
    if (!is_over() && change.error().code == ECANCELED)
      out.note_complete();
    else if (!is_over())
      fail("watch", change.error());
  }

  void let_go() noexcept override { (void)on().cancel(watching_); }
  void settle() noexcept override {
    for (const due_calls* each : {&mkdir_, &write_, &end_})
      each->settle(out);
    if (!is_over()) ready_.settle(out);
  }

  request_id watching_;
  due_calls mkdir_{"mkdir"}, write_{"write_file"}, end_{"end of a watch"}, ready_{"watch is there"};
};

}  // namespace

void run_loop_watch(const looped_site& at, outcome& out) { watch(at, out).run(); }

}  // namespace faults
