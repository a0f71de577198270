// One connection of a server: what has been read and not yet understood, what is to be written, and
// how far the request is.
#pragma once

#include <rouse/http/exchange.hpp>
#include <rouse/http/internal/workspace.hpp>
#include <rouse/http/server.hpp>

namespace rouse::http {

class server::connection final : public list_link, private exchange_source {
 public:
  connection(server& home, net::tcp_stream stream);

  /// All of its life. The frame of this coroutine is what an idle connection costs.
  static task<void> run(server& home, net::tcp_stream stream, ticket counted);
  /// The server stops: a connection that waits for its next request reads the end of the stream.
  void end_when_idle() noexcept;

 private:
  enum class step : unsigned char { go_on, answer, read_on, close, reset };

  // Receiving.
  task<step> serve_arrived();
  [[nodiscard]] nanoseconds patience() noexcept;
  void shut_reading() noexcept;
  void begin_request() noexcept;
  void take_in(lease arrived);
  void keep_rest();
  [[nodiscard]] bool is_between_requests() const noexcept;
  step go_through();

  // Answering.
  task<step> answer();
  task<bool> send_earlier(exchange& x);
  /// Of a failed answer: whether another one could take its place.
  bool replace(exchange& x, const std::string& why);
  void refuse(status code);
  void log(std::string_view method, std::string_view target, int minor_version, status code,
           std::uint64_t bytes, std::uint64_t body_bytes) noexcept;

  // The body, as the handler asks for it.
  task<result<std::span<const std::byte>>> next() override;
  task<result<void>> receive_more();
  [[nodiscard]] const std::uint64_t* length() const noexcept override;
  [[nodiscard]] std::string subject() const override { return stream_.subject(); }
  void allow_body(std::uint64_t bytes_max, nanoseconds within) noexcept override;
  void note_too_large() noexcept override {
    if (fault_ == status::ok) fault_ = status::content_too_large;
  }
  void want_body() override;
  [[nodiscard]] std::optional<std::string_view> trailer(
      std::string_view name) const noexcept override;
  [[nodiscard]] bool is_stopping() const noexcept override { return home_.stopping_; }
  void begin_body() noexcept;
  void expect_body_progress() noexcept;

  server& home_;
  net::tcp_stream stream_;
  std::unique_ptr<internal::workspace> work_;  // null: idle
  lease arrived_;                              // where input_ is, or it is in work_->unread
  std::string_view input_;
  std::size_t used_ = 0;             // of input_
  std::uint64_t batch_ = 0;          // names the read that input_ came with
  exchange* current_ = nullptr;      // while the handler runs
  instant deadline_;                 // of the head or the body under way
  instant began_;                    // the request
  nanoseconds body_limit_{};         // of this request, for its whole body
  nanoseconds body_waited_{};        // for the client, of that
  std::uint64_t body_received_ = 0;  // of this request
  std::uint64_t body_dropped_ = 0;   // since its answer
  std::uint64_t body_length_ = 0;
  status fault_ = status::ok;  // of the request, found while its handler read the body
  bool waits_ = false;         // for the first byte of a request
  bool is_first_ = false;      // no request of input_ was answered yet
  bool answered_ = false;      // the request under way, whose body may still come
  bool body_over_ = false;
  bool awaits_continue_ = false;  // the client sends no body before it was told to
};

}  // namespace rouse::http
