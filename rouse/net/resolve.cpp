#include <rouse/net/resolve.hpp>

#include <rouse/executor/blocking_pool/blocking_pool.hpp>
#include <rouse/net/internal/native_address.hpp>
#include <rouse/sys/host_lookup.hpp>

#include <array>
#include <optional>

namespace rouse::net {
namespace internal {
namespace {

constexpr std::size_t addresses_max = 32;

struct found_addresses {
  std::array<sys::socket_address, addresses_max> items;
  std::size_t count = 0;
};

sys::address_family native(address_family family) noexcept {
  switch (family) {
    case address_family::ipv4: return sys::address_family::ipv4;
    case address_family::ipv6: return sys::address_family::ipv6;
    default: return sys::address_family::none;
  }
}

/// The job: owns what it needs, so that it can be abandoned.
struct query {
  std::string host;
  std::uint16_t port;
  address_family family;

  result<found_addresses> operator()() {
    found_addresses found;
    const auto count = sys::look_up_host(host.c_str(), port, native(family), found.items);
    if (!count) return std::unexpected(count.error());
    found.count = *count;
    return found;
  }
};

/// `fe80::1%eth0`: what is left to the resolver although it is no name.
result<void> check_literal(std::string_view host) noexcept {
  const std::size_t percent = host.find('%');
  if (auto literal = address::parse_ip(host.substr(0, percent)); !literal)
    return std::unexpected(literal.error());
  if (host.size() > 64 || host.find('\0') != std::string_view::npos)
    return std::unexpected(
        error("address: the scope after % is no interface", errc::invalid_input));
  return {};
}

}  // namespace

class resolve_state {
 public:
  resolve_state(std::string_view host, std::uint16_t port, address_family family)
      : query_{std::string(host), port, family} {}

  poll_result<result<std::vector<address>>> poll(context& cx) {
    if (!job_) {
      if (cancelled_) return pending;
      if (auto literal = address::parse_ip(query_.host, query_.port))
        return only(std::move(*literal));
      const bool is_name = query_.host.find(':') == std::string::npos;
      const auto checked = is_name ? check_host_name(query_.host) : check_literal(query_.host);
      if (!checked) return std::unexpected(checked.error());
      blocking_pool* pool = current<blocking_pool>::get();
      if (!pool) return std::unexpected(error("resolve", errc::no_context));
      auto submitted = pool->submit({.name = "resolve", .kind = job_class::names}, query_);
      if (!submitted) return std::unexpected(error("resolve", submitted.error().code));
      job_.emplace(std::move(*submitted));
    }
    auto answer = job_->poll(cx);
    if (!answer.is_ready()) return pending;
    auto ended = answer.take();  // how the job ended, around what it found
    if (!ended) return std::unexpected(error("resolve", ended.error().code));
    auto& found = *ended;
    if (!found) return std::unexpected(found.error());
    std::vector<address> list;
    list.reserve(found->count);
    for (std::size_t i = 0; i < found->count; i++)
      list.push_back(from_native(found->items[i]));
    return result<std::vector<address>>(std::move(list));
  }
  poll_result<void> poll_cancel(context& cx) noexcept {
    cancelled_ = true;
    if (job_) return rouse::poll_cancel(*job_, cx);
    return ready;
  }
  void disown() noexcept {
    if (job_) rouse::disown(*job_);
  }
  [[nodiscard]] const std::string& host() const noexcept { return query_.host; }

 private:
  result<std::vector<address>> only(address literal) const {
    const bool fits = query_.family == address_family::none || query_.family == literal.family();
    if (!fits) return std::unexpected(error("resolve", errc::host_not_found));
    std::vector<address> list;
    list.push_back(std::move(literal));
    return list;
  }

  query query_;
  std::optional<blocking_job<result<found_addresses>>> job_;
  bool cancelled_ = false;
};

}  // namespace internal

resolve_operation::~resolve_operation() { delete state_; }
poll_result<rouse::result<std::vector<address>>> resolve_operation::poll(context& cx) {
  return state_->poll(cx);
}
poll_result<void> resolve_operation::poll_cancel(context& cx) noexcept {
  return state_->poll_cancel(cx);
}
void resolve_operation::disown() noexcept { state_->disown(); }
std::string resolve_operation::subject() const { return state_->host(); }

resolve_operation resolve(std::string_view host, std::uint16_t port, address_family family) {
  return resolve_operation(new internal::resolve_state(host, port, family));
}

}  // namespace rouse::net
