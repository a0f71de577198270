#include <rouse/loop/loop_files.hpp>

#include <rouse/executor/blocking_pool/blocking_pool.hpp>
#include <rouse/fs/copy_file.hpp>
#include <rouse/fs/remove_tree.hpp>
#include <rouse/loop/internal/flow_state.hpp>
#include <rouse/loop/internal/sink_state.hpp>

#include <algorithm>
#include <memory>
#include <optional>

namespace rouse {
namespace {

using internal::flow_state;
using internal::loop_caller;
using internal::one_turn;
using internal::sink_state;

io::buffer buffer_of(std::string_view text) {
  io::buffer bytes;
  bytes.append(text);
  return bytes;
}

task<result<void>> appended(std::string path, std::string content) {
  fs::open_options how;
  how.mode = sys::access::write;
  how.create = how.append = true;
  auto opened = co_await fs::open(std::move(path), how).result();
  if (!opened) co_return std::unexpected(opened.error());
  auto done = co_await opened->write_all_at(0, buffer_of(content)).result();
  if (!done) co_return std::unexpected(done.error());
  co_return std::move(*opened).close();
}

task<result<std::size_t>> bytes_of(fs::operation<fs::written> writing) {
  auto done = co_await std::move(writing).result();
  if (!done) co_return std::unexpected(done.error());
  co_return done->bytes;
}

task<result<void>> closed_on_pool(fs::file what) {
  auto close = [file = std::move(what)]() mutable { return std::move(file).close(); };
  const job_options options{.name = "close", .kind = job_class::files};
  auto closing = co_await spawn_blocking(options, std::move(close)).result();
  if (!closing) co_return std::unexpected(closing.error());
  co_return *closing;
}

/// A file that is opened when its first piece is asked for.
class file_pieces {
 public:
  file_pieces(std::string path, const read_stream_options& options) noexcept
      : path_(std::move(path)), options_(options) {}

  task<result<std::span<const std::byte>>> next() {
    if (!file_) {
      auto opened = co_await fs::open(std::move(path_)).result();
      if (!opened) co_return std::unexpected(opened.error());
      file_.emplace(std::move(*opened));
    }
    const auto wanted = std::min<std::uint64_t>(options_.piece_bytes_max, options_.bytes_max);
    if (wanted == 0) co_return std::span<const std::byte>();
    piece_.clear();
    auto read = co_await file_->read_at(options_.offset, wanted, std::move(piece_)).result();
    if (!read) co_return std::unexpected(read.error());
    piece_ = std::move(*read);
    options_.offset += piece_.size();
    options_.bytes_max -= piece_.size();
    co_return piece_.bytes();
  }

 private:
  std::string path_;
  read_stream_options options_;  // of what is left
  std::optional<fs::file> file_;
  io::buffer piece_;
};

class file_target {
 public:
  file_target(fs::file to, std::uint64_t offset) noexcept : file_(std::move(to)), at_(offset) {}
  task<result<io::buffer>> write(io::buffer piece) {
    auto written = co_await file_.write_all_at(at_, std::move(piece)).result();
    if (!written) co_return std::unexpected(written.error());
    at_ += written->bytes;
    co_return std::move(written->buffer);
  }
  [[nodiscard]] fs::file& file() noexcept { return file_; }

 private:
  fs::file file_;
  std::uint64_t at_;
};

task<result<void>> written(loop_sink sink, std::string path, write_stream_options options) {
  auto opened = co_await fs::open(std::move(path), options.open).result();
  if (!opened) co_return std::unexpected(opened.error());
  file_target to(std::move(*opened), options.offset);
  auto all = co_await sink_state::move_bytes(std::move(sink), to);
  if (!all) co_return all;
  if (options.flush) {
    auto flushed = co_await to.file().sync().result();
    if (!flushed) co_return flushed;
  }
  auto closed = co_await closed_on_pool(std::move(to.file()));
  co_return closed;
}

struct watch_callbacks {
  on_result<fs::change_event> on_change;
  callback<void()> on_ready;
};

task<result<void>> tell_changes(loop_caller caller, std::string path, fs::watch_options options,
                                std::shared_ptr<watch_callbacks> tell) {
  auto watching = co_await fs::watch(std::move(path), options).result();
  if (!watching) co_return std::unexpected(watching.error());
  if (tell->on_ready) {
    caller.call([&tell] { tell->on_ready.call_once(); });
    co_await one_turn();
  }
  for (;;) {
    auto change = co_await watching->next().result();
    if (!change) co_return std::unexpected(change.error());
    caller.call([&tell, &change] { tell->on_change(std::move(change)); });
    co_await one_turn();
  }
}

}  // namespace

request_id loop_files::read_file(std::string path, std::size_t bytes_max,
                                 on_result<std::string> done, site at) {
  return loop_->call_when_done(fs::read_file(std::move(path), bytes_max), std::move(done), at);
}
request_id loop_files::write_file(std::string path, std::string content, on_result<void> done,
                                  site at) {
  return loop_->call_when_done(fs::write_file(std::move(path), std::move(content)), std::move(done),
                               at);
}
request_id loop_files::append_file(std::string path, std::string content, on_result<void> done,
                                   site at) {
  return loop_->call_when_done(appended(std::move(path), std::move(content)), std::move(done), at);
}
request_id loop_files::copy_file(std::string from, std::string to, on_result<std::uint64_t> done,
                                 site at) {
  return loop_->call_when_done(fs::copy_file(std::move(from), std::move(to)), std::move(done), at);
}

request_id loop_files::open(std::string path, const fs::open_options& how, on_result<fs::file> done,
                            site at) {
  return loop_->call_when_done(fs::open(std::move(path), how), std::move(done), at);
}
request_id loop_files::read(const fs::file& from, std::uint64_t offset, std::size_t bytes_max,
                            on_result<io::buffer> done, site at) {
  return loop_->call_when_done(from.read_at(offset, bytes_max), std::move(done), at);
}
request_id loop_files::write(const fs::file& to, std::uint64_t offset, std::string content,
                             on_result<std::size_t> done, site at) {
  // Owned: the operation has a share of the file.
  auto work = assume_owned(bytes_of(to.write_all_at(offset, buffer_of(content))));
  return loop_->call_when_done(std::move(work), std::move(done), at);
}
request_id loop_files::fsync(const fs::file& what, on_result<void> done, site at) {
  return loop_->call_when_done(what.sync(), std::move(done), at);
}
request_id loop_files::close(fs::file what, on_result<void> done, site at) {
  return loop_->call_when_done(closed_on_pool(std::move(what)), std::move(done), at);
}
loop_flow loop_files::create_read_stream(std::string path, const read_stream_options& options,
                                         site at) {
  ROUSE_ASSERT(options.piece_bytes_max > 0);
  loop_flow flow = flow_state::make(*loop_);
  flow_state::run(flow, flow_state::move_bytes(flow, file_pieces(path, options)), path, at);
  return flow;
}

loop_sink loop_files::create_write_stream(std::string path, const write_stream_options& options,
                                          site at) {
  loop_sink sink = sink_state::make(*loop_, options.high_water_mark);
  sink_state::run(sink, written(sink, path, options), path, at);
  return sink;
}

request_id loop_files::stat(std::string path, on_result<fs::file_status> done, site at) {
  return loop_->call_when_done(fs::status(std::move(path)), std::move(done), at);
}
request_id loop_files::readdir(std::string path, on_result<std::vector<fs::directory_entry>> done,
                               site at) {
  return loop_->call_when_done(fs::list_directory(std::move(path)), std::move(done), at);
}
request_id loop_files::mkdir(std::string path, std::uint32_t permissions, on_result<void> done,
                             site at) {
  return loop_->call_when_done(fs::create_directory(std::move(path), permissions), std::move(done),
                               at);
}
request_id loop_files::rmdir(std::string path, on_result<void> done, site at) {
  return loop_->call_when_done(fs::remove_directory(std::move(path)), std::move(done), at);
}
request_id loop_files::rm(std::string path, on_result<void> done, site at) {
  return loop_->call_when_done(fs::remove_tree(std::move(path)), std::move(done), at);
}
request_id loop_files::unlink(std::string path, on_result<void> done, site at) {
  return loop_->call_when_done(fs::remove_file(std::move(path)), std::move(done), at);
}
request_id loop_files::rename(std::string from, std::string to, on_result<void> done, site at) {
  return loop_->call_when_done(fs::rename(std::move(from), std::move(to)), std::move(done), at);
}

request_id loop_files::watch(std::string path, const fs::watch_options& options,
                             on_result<fs::change_event> on_change, callback<void()> on_ready,
                             site at) {
  auto tell =
      std::make_shared<watch_callbacks>(watch_callbacks{std::move(on_change), std::move(on_ready)});
  auto telling = tell_changes(loop_caller(*loop_, "watch"), std::move(path), options, tell);
  auto at_end = [tell](const result<void>& end) {
    if (!end) tell->on_change(std::unexpected(end.error()));
  };
  return loop_->call_when_done(std::move(telling), std::move(at_end), at);
}

}  // namespace rouse
