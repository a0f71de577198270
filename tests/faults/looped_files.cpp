// The scenario `loop_files`: a directory is made, a file written, changed, synced, read whole, in
// part and as a flow, copied, listed, renamed, and all removed.
#include <rouse/io/bytes.hpp>
#include <rouse/loop/loop_files.hpp>

#include <tests/faults/looped.hpp>

#include <optional>

namespace faults {

using namespace rouse;

namespace {

class files final : public looped_program {
 public:
  using looped_program::looped_program;

 private:
  void begin() override {
    ask(mkdir_, [this] {
      on().fs().mkdir(site.folder, [this](const result<void>& done) {
        if (came(mkdir_, done)) write();
      });
    });
  }
  void write() {
    ask(write_, [this] {
      on().fs().write_file(a_, std::string(site.text), [this](const result<void>& done) {
        if (came(write_, done)) append();
      });
    });
  }
  /// A ring of which it is said that it was interrupted has written all the same, so that the text
  /// may be there more than once.
  void append() {
    ask(append_, [this] {
      on().fs().append_file(log_, "appended", [this](const result<void>& done) {
        if (came(append_, done)) read_log();
      });
    });
  }
  void read_log() {
    ask(read_file_, [this] {
      on().fs().read_file(log_, [this](const result<std::string>& text) {
        if (!came(read_file_, text)) return;
        if (!text->starts_with("appended")) out.note_wrong("append_file", "other bytes");
        copy();
      });
    });
  }
  void copy() {
    ask(copy_, [this] {
      on().fs().copy_file(a_, b_, [this](const result<std::uint64_t>& bytes) {
        if (!came(copy_, bytes)) return;
        if (*bytes != site.text.size()) out.note_wrong("copy", "another size");
        look();
      });
    });
  }
  /// Two at a time.
  void look() {
    looks_ = 2;
    ask(stat_, [this] {
      on().fs().stat(b_, [this](const result<fs::file_status>& status) {
        if (!came(stat_, status)) return;
        if (status->size_bytes != site.text.size()) out.note_wrong("stat", "another size");
        looked();
      });
    });
    ask(readdir_, [this] {
      on().fs().readdir(site.folder, [this](const result<std::vector<fs::directory_entry>>& all) {
        if (!came(readdir_, all)) return;
        if (all->size() != 3) out.note_wrong("readdir", "more entries, or fewer");
        looked();
      });
    });
  }
  void looked() {
    if (--looks_ == 0) open();
  }
  void open() {
    fs::open_options how;
    how.mode = sys::access::read_write;
    ask(open_, [&] {
      on().fs().open(a_, how, [this](result<fs::file> opened) {
        if (!came(open_, opened)) return;
        file_.emplace(std::move(*opened));
        change();
      });
    });
  }
  void change() {
    ask(change_, [this] {
      on().fs().write(*file_, 0, "CHANGED", [this](const result<std::size_t>& bytes) {
        if (came(change_, bytes)) sync();
      });
    });
  }
  void sync() {
    ask(sync_, [this] {
      on().fs().fsync(*file_, [this](const result<void>& done) {
        if (came(sync_, done)) read_part();
      });
    });
  }
  void read_part() {
    ask(read_, [this] {
      on().fs().read(*file_, 4, 6, [this](const result<io::buffer>& part) {
        if (!came(read_, part)) return;
        if (!std::string_view("GED").starts_with(part->text().substr(0, 3)) || part->text().empty())
          out.note_wrong("read", "other bytes");
        close();
      });
    });
  }
  void close() {
    ask(close_, [this] {
      on().fs().close(std::move(*file_), [this](const result<void>& done) {
        if (came(close_, done)) read_whole();
      });
    });
    file_.reset();
  }
  void read_whole() {
    ask(read_file_, [this] {
      on().fs().read_file(a_, [this](const result<std::string>& text) {
        if (!came(read_file_, text)) return;
        if (!is_content(*text)) out.note_wrong("read_file", "other bytes");
        begin_flow();
      });
    });
  }
  void begin_flow() {
    read_stream_options how;
    how.piece_bytes_max = site.text.size() / 3;
    seen_ = 0;
    ask(flow_closes_, [&] {
      flow_ = on().fs().create_read_stream(b_, how);
      flow_.on_close([this] { flow_closes_.came(out); });
    });
    flow_ends_.expect();
    flow_.on_data([this](std::span<const std::byte> piece) {
      const auto came = io::as_text(piece);
      if (site.text.substr(seen_, came.size()) != came) out.note_wrong("flow", "other bytes");
      seen_ += came.size();
      flow_.pause();
      on().next_tick([this] { flow_.resume(); });
    });
    flow_.on_error([this](const error& why) {
      flow_ends_.came(out);
      fail("flow", why);
    });
    flow_.on_end([this] {
      flow_ends_.came(out);
      if (seen_ != site.text.size()) out.note_wrong("flow", "ended early");
      rename();
    });
    if (flow_.is_closed()) flow_ends_.waive();
  }
  void rename() {
    ask(rename_, [this] {
      on().fs().rename(b_, site.folder + "/c", [this](const result<void>& done) {
        if (came(rename_, done)) unlink();
      });
    });
  }
  void unlink() {
    ask(unlink_, [this] {
      on().fs().unlink(site.folder + "/c", [this](const result<void>& done) {
        if (came(unlink_, done)) remove();
      });
    });
  }
  void remove() {
    ask(rm_, [this] {
      on().fs().rm(site.folder, [this](const result<void>& done) {
        if (came(rm_, done)) out.note_complete();
      });
    });
  }
  [[nodiscard]] bool is_content(std::string_view text) const {
    return text.starts_with("CHANGED") && text.substr(7) == site.text.substr(7);
  }

  void let_go() noexcept override {
    if (!flow_.is_closed()) {
      flow_.destroy();
      flow_ends_.waive();
    }
  }
  void settle() noexcept override {
    for (const due_calls* each :
         {&mkdir_, &write_, &append_, &copy_, &stat_, &readdir_, &open_, &change_, &sync_, &read_,
          &close_, &read_file_, &flow_ends_, &flow_closes_, &rename_, &unlink_, &rm_})
      each->settle(out);
  }

  const std::string a_ = site.folder + "/a";
  const std::string b_ = site.folder + "/b";
  const std::string log_ = site.folder + "/log";
  std::optional<fs::file> file_;
  loop_flow flow_;
  std::size_t seen_ = 0;
  unsigned looks_ = 0;
  due_calls mkdir_{"mkdir"}, write_{"write_file"}, append_{"append_file"}, copy_{"copy_file"},
      stat_{"stat"}, readdir_{"readdir"}, open_{"open"}, change_{"write"}, sync_{"fsync"},
      read_{"read"}, close_{"close"}, read_file_{"read_file"}, flow_ends_{"end of a flow"},
      flow_closes_{"close of a flow"}, rename_{"rename"}, unlink_{"unlink"}, rm_{"rm"};
};

}  // namespace

void run_loop_files(const looped_site& at, outcome& out) { files(at, out).run(); }

}  // namespace faults
