// Which handler answers: by method and path, with parameters, and with steps around it that all
// requests go through.
//
// ```
// http::router app;
// app.use([](http::exchange& x, http::next_step next) -> task<result<void>> { ...; return next(x);
// }); app.get("/hello/:name", [](http::exchange& x) { x.text(x.parameter("name")); });
// app.post("/notes", [&](http::exchange& x) -> task<void> {
//   notes.push_back(co_await x.body().read_to_end());
//   x.empty(http::status::created);
// });
// app.mount("/files", files);
// ```
#pragma once

#include <rouse/http/exchange.hpp>

#include <string_view>
#include <utility>

namespace rouse::http {

class router;

/// What follows a middleware: the next one, or the handler. Call it once, or not at all.
class next_step {
 public:
  [[nodiscard]] task<result<void>> operator()(exchange& x) const;

 private:
  friend router;
  next_step(router& r, std::size_t index) noexcept : router_(&r), index_(index) {}
  router* router_;
  std::size_t index_;
};

/// What a route calls: `void(exchange&)`, which answers at once; `task<void>(exchange&)`, whose
/// exceptions become a 500; or `task<result<void>>(exchange&)`.
template <class F>
concept route_function = requires(F& f, exchange& x) {
  requires std::same_as<decltype(f(x)), void> || std::same_as<decltype(f(x)), task<void>> ||
               std::same_as<decltype(f(x)), task<result<void>>>;
};

/// Patterns are paths of segments: "/users/:id/files/*path". A segment that begins with ':' takes
/// any one segment, not an empty one; one that begins with '*', the last, takes the rest of the
/// path as it was sent, also none. Segments of a request are compared decoded, one by one: "%2F"
/// separates nothing. Literal beats ':' beats '*', whatever the order they were added in.
///
/// HEAD goes to the GET of its path, whose body is then left out. A path that is there with other
/// methods only is answered 405, or OPTIONS with 204, and Allow names them. No path: 404.
/// @threads  Set up before it serves; then that of the server.
/// @cost     A walk over the segments, without allocation unless one has to be decoded.
class router final : public handler {
 public:
  router();
  ~router() override;

  /// Adds a route. A pattern that makes no sense, or is there already, is a bug and asserts.
  /// @param method  as it is sent: "GET", "PROPFIND".
  template <route_function F>
  router& on(std::string_view method, std::string_view pattern, F f) {
    return add(method, pattern, new action<F>(std::move(f)));
  }
  template <route_function F>
  router& get(std::string_view pattern, F f) {
    return on("GET", pattern, std::move(f));
  }
  template <route_function F>
  router& post(std::string_view pattern, F f) {
    return on("POST", pattern, std::move(f));
  }
  template <route_function F>
  router& put(std::string_view pattern, F f) {
    return on("PUT", pattern, std::move(f));
  }
  template <route_function F>
  router& patch(std::string_view pattern, F f) {
    return on("PATCH", pattern, std::move(f));
  }
  template <route_function F>
  router& del(std::string_view pattern, F f) {
    return on("DELETE", pattern, std::move(f));
  }
  /// All methods at `prefix` ("/files") and below go to `below`, which sees the rest of the target.
  /// The longest prefix wins, and a route wins over a mount. `below` must outlive this.
  router& mount(std::string_view prefix, handler& below);
  /// Every request goes through `step`, in the order added, before it is routed:
  /// `task<result<void>>(exchange&, next_step)`.
  template <class F>
    requires std::same_as<std::invoke_result_t<F&, exchange&, next_step>, task<result<void>>>
  router& use(F step) {
    return add_step(new middleware<F>(std::move(step)));
  }

  [[nodiscard]] task<result<void>> respond(exchange& x) override;

 private:
  friend next_step;
  struct parts;
  struct match;

  // Functions behind one virtual call.
  struct any_action {
    virtual ~any_action() = default;
    virtual task<result<void>> operator()(exchange& x) = 0;
  };
  template <class F>
  struct action final : any_action {
    explicit action(F function) : f(std::move(function)) {}
    task<result<void>> operator()(exchange& x) override {
      using answer = std::invoke_result_t<F&, exchange&>;
      if constexpr (std::same_as<answer, task<result<void>>>) {
        return f(x);
      } else if constexpr (std::same_as<answer, task<void>>) {
        return finished(f(x));
      } else {
        f(x);
        return nothing();
      }
    }
    F f;
  };
  struct any_step {
    virtual ~any_step() = default;
    virtual task<result<void>> operator()(exchange& x, next_step next) = 0;
  };
  template <class F>
  struct middleware final : any_step {
    explicit middleware(F function) : f(std::move(function)) {}
    task<result<void>> operator()(exchange& x, next_step next) override { return f(x, next); }
    F f;
  };
  static task<result<void>> finished(task<void> work);
  static task<result<void>> nothing();
  // Take over what they are given.
  router& add(std::string_view method, std::string_view pattern, any_action* f);
  router& add_step(any_step* step);
  [[nodiscard]] task<result<void>> route_to(exchange& x);
  [[nodiscard]] task<result<void>> step(std::size_t index, exchange& x);

  parts* const parts_;  // owned; a pointer keeps its headers out
};

}  // namespace rouse::http
