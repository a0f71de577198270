#include <rouse/http/router.hpp>

#include <rouse/base/assert.hpp>
#include <rouse/http/internal/scan.hpp>
#include <rouse/http/target.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace rouse::http {
namespace {

constexpr std::size_t segments_max = 64;    // of a request's path that a pattern can match
constexpr std::size_t parameters_max = 16;  // of one pattern

}  // namespace

/// What a pattern and a method lead to.
struct router::parts {
  struct route {
    std::string method;
    std::unique_ptr<any_action> act;
    std::vector<std::string> names;  // of the parameters, in order
  };

  /// A segment of the patterns.
  struct node {
    struct literal {
      std::string text;
      std::unique_ptr<node> below;
    };
    std::vector<literal> literals;  // sorted
    std::unique_ptr<node> any;      // ':name'
    std::vector<route> rest;        // '*name'
    std::vector<route> here;

    [[nodiscard]] auto place_of(std::string_view text) noexcept {
      return std::ranges::lower_bound(literals, text, {}, &literal::text);
    }
    [[nodiscard]] node* find_literal(std::string_view text) noexcept {
      const auto at = place_of(text);
      return at != literals.end() && at->text == text ? at->below.get() : nullptr;
    }
    node& literal_child(std::string_view text) {
      if (node* known = find_literal(text)) return *known;
      return *literals.insert(place_of(text), {std::string(text), std::make_unique<node>()})->below;
    }
  };

  struct mounted {
    std::string prefix;
    handler* below;
  };

  node root;
  std::vector<mounted> mounts;  // longest first
  std::vector<std::unique_ptr<any_step>> steps;
};

/// The segments of one request, and what is found for them.
struct router::match {
  std::string_view segments[segments_max];
  std::size_t offsets[segments_max];  // of each in the path, for what '*' takes
  std::size_t count = 0;
  std::string decoded;  // storage of those that had to be
  std::string_view path;
  std::string_view values[parameters_max];
  std::size_t value_count = 0;
  std::vector<parts::route>* routes = nullptr;

  /// False: no pattern can match (too many segments, or malformed).
  bool split(std::string_view whole) {
    path = whole;
    if (!whole.starts_with('/')) return false;
    // Decoding shortens: with room for all of it no view moves.
    if (whole.find('%') != std::string_view::npos) decoded.reserve(whole.size());
    std::size_t at = 1;
    for (;;) {
      if (count == segments_max) return false;
      const std::size_t slash = std::min(whole.find('/', at), whole.size());
      std::string_view one = whole.substr(at, slash - at);
      offsets[count] = at;
      if (one.find('%') != std::string_view::npos) {
        const std::size_t begin = decoded.size();
        if (!append_decoded(decoded, one)) return false;
        one = std::string_view(decoded).substr(begin);
        if (internal::find_control(one.data(), 0, one.size()) != one.size()) return false;
      }
      segments[count++] = one;
      if (slash == whole.size()) return true;
      at = slash + 1;
    }
  }

  /// Depth first, literal before ':' before '*'; true when something is there.
  bool find(parts::node& n, std::size_t at) {
    if (at == count) {
      if (!n.here.empty()) return routes = &n.here, true;
    } else {
      if (parts::node* below = n.find_literal(segments[at]); below && find(*below, at + 1))
        return true;
      if (n.any && !segments[at].empty() && value_count < parameters_max) {
        values[value_count++] = segments[at];
        if (find(*n.any, at + 1)) return true;
        --value_count;
      }
    }
    if (n.rest.empty() || value_count == parameters_max) return false;
    values[value_count++] = at == count ? std::string_view() : path.substr(offsets[at]);
    routes = &n.rest;
    return true;
  }
};

router::router() : parts_(new parts) {}
router::~router() { delete parts_; }

router& router::add(std::string_view method, std::string_view pattern, any_action* f) {
  std::unique_ptr<any_action> act(f);
  ROUSE_ASSERT(!method.empty() && pattern.starts_with('/'));
  parts::route added{std::string(method), std::move(act), {}};
  parts::node* at = &parts_->root;
  std::vector<parts::route>* into = nullptr;
  std::string_view rest = pattern.substr(1);
  for (;;) {
    const std::size_t slash = rest.find('/');
    const std::string_view one = rest.substr(0, slash);
    const bool is_last = slash == std::string_view::npos;
    if (one.starts_with('*') || one.starts_with(':')) {
      ROUSE_ASSERT(one.size() > 1 && added.names.size() < parameters_max);
      added.names.emplace_back(one.substr(1));
    }
    if (one.starts_with('*')) {
      ROUSE_ASSERT(is_last);
      into = &at->rest;
    } else if (one.starts_with(':')) {
      if (!at->any) at->any = std::make_unique<parts::node>();
      at = at->any.get();
    } else {
      at = &at->literal_child(one);
    }
    if (is_last) break;
    rest.remove_prefix(slash + 1);
  }
  if (!into) into = &at->here;
  ROUSE_ASSERT(std::ranges::find(*into, method, &parts::route::method) == into->end());
  into->push_back(std::move(added));
  return *this;
}

router& router::mount(std::string_view prefix, handler& below) {
  while (prefix.ends_with('/'))
    prefix.remove_suffix(1);
  ROUSE_ASSERT(prefix.empty() || prefix.starts_with('/'));
  ROUSE_ASSERT(std::ranges::find(parts_->mounts, prefix, &parts::mounted::prefix) ==
               parts_->mounts.end());
  const auto at = std::ranges::find_if(
      parts_->mounts, [&](const parts::mounted& m) { return m.prefix.size() < prefix.size(); });
  parts_->mounts.insert(at, {std::string(prefix), &below});
  return *this;
}

router& router::add_step(any_step* step) {
  std::unique_ptr<any_step> owned(step);
  parts_->steps.push_back(std::move(owned));
  return *this;
}

task<result<void>> router::finished(task<void> work) {
  co_await std::move(work);
  co_return result<void>();
}
task<result<void>> router::nothing() { co_return result<void>(); }

task<result<void>> next_step::operator()(exchange& x) const { return router_->step(index_, x); }

task<result<void>> router::step(std::size_t index, exchange& x) {
  if (index == parts_->steps.size()) return route_to(x);
  return (*parts_->steps[index])(x, next_step(*this, index + 1));
}

task<result<void>> router::respond(exchange& x) { return step(0, x); }

task<result<void>> router::route_to(exchange& x) {
  match found;
  const bool is_path = found.split(x.path());
  if (is_path && found.find(parts_->root, 0)) {
    const auto named = [&](std::string_view method) {
      return std::ranges::find(*found.routes, method, &parts::route::method);
    };
    auto chosen = named(x.request().method_name());
    if (chosen == found.routes->end() && x.is_head()) chosen = named("GET");
    if (chosen != found.routes->end()) {
      path_parameter parameters[parameters_max];
      for (std::size_t i = 0; i < chosen->names.size(); ++i)
        parameters[i] = {chosen->names[i], found.values[i]};
      x.set_parameters(std::span(parameters).first(chosen->names.size()));
      auto answered = co_await (*chosen->act)(x);
      x.set_parameters({});
      co_return answered;
    }
  }
  for (const parts::mounted& m : parts_->mounts) {
    if (!x.path().starts_with(m.prefix)) continue;
    const std::string_view rest = x.path().substr(m.prefix.size());
    if (!rest.empty() && !rest.starts_with('/')) continue;
    if (rest.empty()) {  // "/files" has no relative links: "/files/" has
      std::string location(x.mounted_at());
      location.append(x.path()).append("/").append(x.target().substr(x.path().size()));
      if (!x.redirect(location, status::moved_permanently)) x.error(status::bad_request);
      co_return result<void>();
    }
    x.mount(m.prefix.size());
    auto answered = co_await m.below->respond(x);
    co_return answered;
  }
  if (!found.routes) {
    if (x.target() == "*" && x.request().method() == verb::options)
      x.empty(status::no_content);  // about the server as a whole
    else
      x.error(status::not_found);
    co_return result<void>();
  }
  std::string allow;
  for (const parts::route& r : *found.routes) {
    if (!allow.empty()) allow += ", ";
    allow += r.method;
    if (r.method == "GET") allow += ", HEAD";
  }
  if (x.request().method() == verb::options) {
    (void)x.field("Allow", allow);
    x.empty(status::no_content);
  } else {
    x.error(status::method_not_allowed, allow);
  }
  co_return result<void>();
}

}  // namespace rouse::http
