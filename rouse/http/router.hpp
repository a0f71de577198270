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

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

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
/// path, also none. Segments of a request are compared decoded, one by one: "%2F" separates
/// nothing. Literal beats ':' beats '*', whatever the order they were added in.
///
/// HEAD goes to the GET of its path, whose body is then left out. A path that is there with other
/// methods only is answered 405, or OPTIONS with 204, and Allow names them. No path: 404.
/// @threads  Set up before it serves; then that of the server.
/// @cost     A walk over the segments, without allocation unless one has to be decoded.
class router final : public handler {
 public:
  using action = std::move_only_function<task<result<void>>(exchange&)>;
  using middleware = std::move_only_function<task<result<void>>(exchange&, next_step)>;

  router();
  ~router() override;

  /// Adds a route. A pattern that makes no sense, or is there already, is a bug and asserts.
  /// @param method  as it is sent: "GET", "PROPFIND".
  template <route_function F>
  router& on(std::string_view method, std::string_view pattern, F f) {
    return add(method, pattern, wrap(std::move(f)));
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
  /// Every request goes through `step`, in the order added, before it is routed.
  router& use(middleware step);

  [[nodiscard]] task<result<void>> respond(exchange& x) override;

 private:
  friend next_step;
  struct node;
  struct route;
  struct match;

  template <class F>
  static action wrap(F f) {
    using answer = std::invoke_result_t<F&, exchange&>;
    if constexpr (std::same_as<answer, task<result<void>>>) {
      return action(std::move(f));
    } else if constexpr (std::same_as<answer, task<void>>) {
      return action([f = std::move(f)](exchange& x) mutable { return finished(f(x)); });
    } else {
      return action([f = std::move(f)](exchange& x) mutable {
        f(x);
        return nothing();
      });
    }
  }
  static task<result<void>> finished(task<void> work);
  static task<result<void>> nothing();
  router& add(std::string_view method, std::string_view pattern, action f);
  [[nodiscard]] task<result<void>> route_to(exchange& x);
  [[nodiscard]] task<result<void>> step(std::size_t index, exchange& x);

  std::unique_ptr<node> root_;
  struct mounted {
    std::string prefix;
    handler* below;
  };
  std::vector<mounted> mounts_;  // longest first
  std::vector<middleware> steps_;
};

}  // namespace rouse::http
