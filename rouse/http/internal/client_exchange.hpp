// One request and its answer on one connection: writes the one while it may already read the other,
// then is the source of the answer's body. At the body's end the connection goes back to the pool;
// at anything odd it is closed, since nothing on it can be trusted any more (H12).
#pragma once

#include <rouse/http/body.hpp>
#include <rouse/http/internal/client_pool.hpp>
#include <rouse/http/outgoing.hpp>
#include <rouse/sync/notify.hpp>

#include <optional>

namespace rouse::http {

/// Where a written body comes from: the second argument of client::send().
class body_supplier {
 public:
  [[nodiscard]] virtual task<result<void>> supply(body_writer& to) = 0;

 protected:
  ~body_supplier() = default;
};

class client_exchange final : public body_source {
 public:
  /// 1xx before an answer; more are a flood.
  static constexpr unsigned interim_max = 16;
  /// Of an unwanted body, read so that its connection can be kept.
  static constexpr std::size_t drain_bytes_max = 64 * 1024;

  client_exchange(client_pool::connection over, url where, const client_options& options,
                  instant deadline)
      : options_(options),
        connection_(std::move(over)),
        parser_(options.limits),
        out_(connection_.stream(), options.write_limit),
        url_(std::move(where)),
        subject_(url_.to_string()),
        deadline_(deadline) {}
  client_exchange(const client_exchange&) = delete;
  client_exchange& operator=(const client_exchange&) = delete;
  ~client_exchange();

  /// Sends the request and reads the answer's head. Once.
  /// @param from  writes the body when the request says so, else null.
  [[nodiscard]] task<result<void>> perform(outgoing& request, body_supplier* from);
  /// Whether a byte of an answer came.
  [[nodiscard]] bool has_heard() const noexcept { return has_heard_; }
  [[nodiscard]] bool has_begun_body() const noexcept { return has_begun_body_; }
  [[nodiscard]] bool is_reused() const noexcept { return is_reused_; }

  // Of the answer.
  [[nodiscard]] const response& head() const noexcept { return parser_.head(); }
  [[nodiscard]] const http::trailers& trailers() const noexcept { return parser_.trailers(); }
  [[nodiscard]] const url& where() const noexcept { return url_; }
  /// Reads a small rest, so that the connection can be used for what follows; closes it otherwise.
  [[nodiscard]] task<void> drain();

  task<result<std::span<const std::byte>>> next() override;
  [[nodiscard]] const std::uint64_t* length() const noexcept override {
    return head().body() == body_kind::length ? &length_ : nullptr;
  }
  [[nodiscard]] std::string subject() const override { return subject_; }

 private:
  enum class upload : unsigned char { none, under_way, done, given_up };

  [[nodiscard]] task<result<void>> send_body(outgoing& request, body_supplier* from);
  [[nodiscard]] task<result<void>> wait_for_continue();
  [[nodiscard]] task<result<void>> read_head();
  [[nodiscard]] task<result<void>> finish_head(task<result<void>> reading, nanoseconds limit);
  [[nodiscard]] task<result<bool>> read_more(nanoseconds within);
  [[nodiscard]] parse_step step() noexcept;
  [[nodiscard]] result<void> note_interim() noexcept;
  void note_final();
  void end(bool whole) noexcept;
  std::unexpected<error> fail(const error& why) noexcept;

  const client_options& options_;
  client_pool::connection connection_;
  response_parser parser_;
  output out_;
  url url_;
  std::string subject_;  // asked for by each read
  instant deadline_;
  std::uint64_t length_ = 0;

  // What has been read and not parsed: in the lease, or, when a line was cut, in `pending_`.
  std::string_view unparsed_;
  lease arrived_;
  std::string pending_;
  std::string head_text_;  // of the answer: its lease goes on to other bytes

  std::optional<error> broken_;  // and stays so
  sync::local_notify news_;      // for the upload: 100 came; for the reader: the upload has ended
  unsigned interim_count_ = 0;
  upload upload_ = upload::none;
  bool is_reused_ = connection_.is_reused();
  bool may_send_ = false;
  bool has_heard_ = false;
  bool has_begun_body_ = false;
  bool has_answer_ = false;  // a final head
  bool ended_ = false;
};

}  // namespace rouse::http
