#include <rouse/loop/pipeline.hpp>

#include <rouse/base/assert.hpp>
#include <rouse/base/io_error.hpp>

#include <memory>  // lint: ok, shared by the callbacks of both streams
#include <optional>

namespace rouse {
namespace {

/// What the callbacks of both streams share.
struct both_ends {
  callback<void(result<void>)> done;
  bool has_ended = false;    // all was read
  bool is_finished = false;  // and written
  int open = 2;
  std::optional<error> why = std::nullopt;  // the first failure

  void fail(const error& e) {
    if (!why) why = e;
  }
  void close_one(bool is_complete) {
    if (!is_complete) fail(error("pipeline", errc::closed));
    if (--open != 0) return;
    auto f = std::move(done);
    f(why ? result<void>(std::unexpected(*why)) : result<void>());
  }
};

}  // namespace

void pipeline(const loop_flow& from, const loop_sink& to, callback<void(result<void>)> done) {
  ROUSE_ASSERT(done);
  if (from.is_closed() || to.is_closed()) throw_error(error("pipeline", errc::closed));
  const auto both = std::make_shared<both_ends>(std::move(done));

  // All are made before the first is set, since that may want memory.
  callback<void(std::span<const std::byte>)> data = [from, to](std::span<const std::byte> piece) {
    if (!to.write(piece)) from.pause();
  };
  callback<void()> drain = [from] { from.resume(); };
  callback<void()> end = [both, to] {
    both->has_ended = true;
    to.end();
  };
  callback<void()> finish = [both] { both->is_finished = true; };
  callback<void(const error&)> source_error = [both](const error& e) { both->fail(e); };
  callback<void(const error&)> target_error = [both](const error& e) { both->fail(e); };
  callback<void()> source_close = [both, to] {
    if (!both->has_ended) to.destroy();
    both->close_one(both->has_ended);
  };
  callback<void()> target_close = [both, from] {
    from.destroy();
    both->close_one(both->is_finished);
  };

  to.on_drain(std::move(drain)).on_finish(std::move(finish));
  to.on_error(std::move(target_error)).on_close(std::move(target_close));
  from.on_end(std::move(end)).on_error(std::move(source_error)).on_close(std::move(source_close));
  from.on_data(std::move(data));
}

}  // namespace rouse
