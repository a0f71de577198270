#include <rouse/fs/byte_streams.hpp>

#include <rouse/fs/file.hpp>
#include <rouse/fs/internal/kept_job.hpp>
#include <rouse/reactor/reactor.hpp>
#include <rouse/reactor/source.hpp>
#include <rouse/sys/socket.hpp>

#include <algorithm>
#include <cstring>

namespace rouse::fs {
namespace internal {
namespace {

constexpr std::size_t job_bytes_max = 64 * 1024;
/// A pipe that is writable has room for this much, so that writing it does not wait (PIPE_BUF).
constexpr std::size_t polite_bytes_max = 4096;

enum class way : unsigned char {
  unknown,  // not looked at yet
  socket,   // calls that do not wait, on a duplicate
  polled,   // opened anew, non-blocking
  pooled,   // a job of the pool; where there is a source it is asked first whether one would wait
};

}  // namespace

/// What both directions have in common.
struct byte_stream {
  byte_stream(int number, std::string text, sys::access direction)
      : fd(number), mode(direction), name(std::move(text)) {}

  result<void> open() { return how == way::unknown ? look() : result<void>(); }

  const int fd;
  const sys::access mode;
  way how = way::unknown;
  const std::string name;
  source ready;        // to wait on; none for files
  open_file_ref file;  // for jobs

 private:
  result<void> look();
  result<void> attach(sys::descriptor own, source_kind kind);
};

result<void> byte_stream::attach(sys::descriptor own, source_kind kind) {
  reactor* here = current<reactor>::get();
  if (!here) return std::unexpected(error("standard stream", errc::no_context));
  auto attached = here->attach(std::move(own), kind);
  if (!attached) return std::unexpected(attached.error());
  ready = std::move(*attached);
  return {};
}

result<void> byte_stream::look() {
  const auto known = sys::status(fd);
  if (!known) return std::unexpected(known.error());
  const bool is_file = known->kind == file_kind::regular || known->kind == file_kind::directory ||
                       known->kind == file_kind::block_device;
  const bool is_socket = known->kind == file_kind::socket;
  if (!is_file && !is_socket) {
    auto anew = sys::reopen(fd, {.mode = mode, .non_block = true});
    if (anew) {
      if (auto done = attach(std::move(*anew), source_kind::other); !done) return done;
      how = way::polled;
      return {};
    }
  }
  auto own = sys::duplicate(fd);
  if (!own) return std::unexpected(own.error());
  if (is_socket) {
    if (auto done = attach(std::move(*own), source_kind::stream); !done) return done;
    how = way::socket;
    return {};
  }
  if (!is_file) {
    auto second = sys::duplicate(fd);
    if (!second) return std::unexpected(second.error());
    if (auto done = attach(std::move(*second), source_kind::other); !done) return done;
  }
  file = open_file_ref(new open_file(std::move(*own), name));
  how = way::pooled;
  return {};
}

struct input_state : byte_stream {
  using byte_stream::byte_stream;
  io::buffer come;  // read by a job, not yet given
  kept_job<io::buffer> job;
};

/// Of a job that writes: how much, and what stopped it.
struct piece_written {
  std::size_t bytes = 0;
  error failure;
};

struct output_state : byte_stream {
  using byte_stream::byte_stream;
  // What was handed over counts as written, so it is, also when nobody waits any more.
  ~output_state() { job.detach(); }
  kept_job<piece_written> job;
};

}  // namespace internal

namespace {

using internal::input_state;
using internal::open_file_ref;
using internal::output_state;
using internal::piece_written;
using internal::way;

result<io::buffer> read_piece(const open_file_ref& file, std::size_t bytes) {
  io::buffer piece;
  auto n = sys::read(file.fd(), piece.prepare(bytes).first(bytes));
  if (!n) return std::unexpected(n.error());
  piece.commit(*n);
  return piece;
}

result<piece_written> write_piece(const open_file_ref& file, const io::buffer& piece) {
  piece_written done;
  while (done.bytes < piece.size()) {
    auto n = sys::write(file.fd(), piece.bytes().subspan(done.bytes));
    if (!n) {
      done.failure = n.error();
      break;
    }
    done.bytes += *n;
  }
  return done;
}

/// Ready once a job would not wait; at once where there is nothing to ask.
poll_result<result<void>> poll_gate(rouse::operation& gate, source& ready, sys::access mode,
                                    context& cx) {
  if (!ready) return result<void>();
  if (gate.is_idle()) mode == sys::access::read ? gate.readable(ready) : gate.writable(ready);
  if (!gate.poll(cx)) return pending;
  const error failure = gate.result() < 0 ? gate.failure() : error();
  gate.reset();
  // What cannot be waited on, such as some devices, is always ready.
  if (failure.code != 0 && failure.code != EPERM) return std::unexpected(failure);
  return result<void>();
}

}  // namespace

// ---- reading

poll_result<rouse::result<std::size_t>> input_read::poll(context& cx) {
  if (auto opened = from_->open(); !opened) return std::unexpected(opened.error());
  if (into_.empty()) return rouse::result<std::size_t>(0);
  return from_->how == way::pooled ? poll_pool(cx) : poll_source(cx);
}

poll_result<rouse::result<std::size_t>> input_read::poll_source(context& cx) {
  if (operation_.is_idle()) {
    if (from_->how == way::socket)
      operation_.receive(from_->ready, into_);
    else
      operation_.read(from_->ready, into_);
  }
  if (!operation_.poll(cx)) return pending;
  if (operation_.result() < 0) return std::unexpected(operation_.failure());
  return rouse::result<std::size_t>(static_cast<std::size_t>(operation_.result()));
}

poll_result<rouse::result<std::size_t>> input_read::poll_pool(context& cx) {
  for (;;) {
    if (!from_->come.is_empty()) {
      if (!cx.spend()) return pending;
      const std::size_t count = std::min(into_.size(), from_->come.size());
      std::memcpy(into_.data(), from_->come.bytes().data(), count);
      from_->come.consume(count);
      return rouse::result<std::size_t>(count);
    }
    if (cancelled_) return pending;
    if (from_->job.is_begun()) {
      waits_ = true;
      auto answer = from_->job.poll(cx);
      if (!answer.is_ready()) return pending;
      waits_ = false;
      auto piece = answer.take();
      if (!piece) return std::unexpected(piece.error());
      if (piece->is_empty()) return rouse::result<std::size_t>(0);
      from_->come = std::move(*piece);
      continue;
    }
    auto open = poll_gate(operation_, from_->ready, from_->mode, cx);
    if (!open.is_ready()) return pending;
    if (auto gone = open.take(); !gone) return std::unexpected(gone.error());
    const std::size_t bytes = std::min(into_.size(), internal::job_bytes_max);
    auto begun = from_->job.begin([file = from_->file, bytes] { return read_piece(file, bytes); });
    if (!begun) return std::unexpected(begun.error());
  }
}

poll_result<void> input_read::poll_cancel(context& cx) noexcept {
  cancelled_ = true;
  if (std::exchange(waits_, false)) from_->job.disown();
  return operation_.poll_cancel(cx);
}

void input_read::disown() noexcept {
  if (std::exchange(waits_, false)) from_->job.disown();
  operation_.disown();
}

std::string input_read::subject() const { return from_->name; }

input_stream::input_stream(int fd, std::string name)
    : state_(std::make_unique<input_state>(fd, std::move(name), sys::access::read)) {}
input_stream::input_stream(input_stream&&) noexcept = default;
input_stream& input_stream::operator=(input_stream&&) noexcept = default;
input_stream::~input_stream() = default;
const std::string& input_stream::subject() const noexcept { return state_->name; }

// ---- writing

template <bool All>
poll_result<rouse::result<typename output_write<All>::value_type>> output_write<All>::poll(
    context& cx) {
  if (auto opened = to_->open(); !opened) return std::unexpected(opened.error());
  // Also when nothing is left: what a write that was given up has handed over is waited for.
  while (at() < bytes_.size() || to_->job.is_begun()) {
    auto step = to_->how == way::pooled ? poll_pool(cx) : poll_source(cx);
    if (!step.is_ready()) return pending;
    auto went = step.take();
    if (!went) return std::unexpected(went.error());
    if constexpr (!All) return went;
  }
  return rouse::result<value_type>();
}

template <bool All>
poll_result<rouse::result<std::size_t>> output_write<All>::poll_source(context& cx) {
  if (operation_.is_idle()) {
    const auto rest = bytes_.subspan(at());
    if (to_->how == way::socket)
      operation_.send(to_->ready, rest);
    else
      operation_.write(to_->ready, rest);
  }
  if (!operation_.poll(cx)) return pending;
  if (operation_.result() < 0) return std::unexpected(operation_.failure());
  const auto went = static_cast<std::size_t>(operation_.result());
  operation_.reset();
  at() += went;
  return rouse::result<std::size_t>(went);
}

template <bool All>
poll_result<rouse::result<std::size_t>> output_write<All>::poll_pool(context& cx) {
  for (;;) {
    if (to_->job.is_begun()) {
      if (cancelled_ && handed_over_ == 0) return pending;
      waits_ = true;
      auto answer = to_->job.poll(cx);
      if (!answer.is_ready()) return pending;
      waits_ = false;
      const std::size_t handed_over = std::exchange(handed_over_, 0);
      auto wrote = answer.take();
      if (!wrote) return std::unexpected(wrote.error());
      if (wrote->failure.code != 0) {
        if (handed_over != 0) at() -= handed_over - wrote->bytes;
        return std::unexpected(wrote->failure);
      }
      if (handed_over != 0) return rouse::result<std::size_t>(handed_over);
      if (at() == bytes_.size()) return rouse::result<std::size_t>(0);
      continue;  // that of a write that was given up
    }
    if (cancelled_) return pending;
    auto open = poll_gate(operation_, to_->ready, to_->mode, cx);
    if (!open.is_ready()) return pending;
    if (auto gone = open.take(); !gone) return std::unexpected(gone.error());
    const std::size_t most = to_->ready ? internal::polite_bytes_max : internal::job_bytes_max;
    const auto piece = bytes_.subspan(at(), std::min(bytes_.size() - at(), most));
    io::buffer copy;
    copy.append(piece);
    auto begun = to_->job.begin(
        [file = to_->file, copy = std::move(copy)] { return write_piece(file, copy); });
    if (!begun) return std::unexpected(begun.error());
    handed_over_ = piece.size();
    at() += piece.size();
  }
}

template <bool All>
poll_result<void> output_write<All>::poll_cancel(context& cx) noexcept {
  cancelled_ = true;
  if (std::exchange(waits_, false)) to_->job.disown();
  return operation_.poll_cancel(cx);
}

template <bool All>
void output_write<All>::disown() noexcept {
  if (std::exchange(waits_, false)) to_->job.disown();
  operation_.disown();
}

template <bool All>
std::string output_write<All>::subject() const {
  return to_->name;
}

template class output_write<true>;
template class output_write<false>;

output_stream::output_stream(int fd, std::string name)
    : state_(std::make_unique<output_state>(fd, std::move(name), sys::access::write)) {}
output_stream::output_stream(output_stream&&) noexcept = default;
output_stream& output_stream::operator=(output_stream&&) noexcept = default;
output_stream::~output_stream() = default;
const std::string& output_stream::subject() const noexcept { return state_->name; }

input_stream standard_input() { return input_stream(0, "standard input"); }
output_stream standard_output() { return output_stream(1, "standard output"); }
output_stream standard_error() { return output_stream(2, "standard error"); }

}  // namespace rouse::fs
