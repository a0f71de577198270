#include "bad_network.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace peers {
namespace {

constexpr std::size_t packet_bytes_max = 65'536;
constexpr std::size_t waiting_max = 16'384;
// Taken, or given, in one go: what answers those given is read before the kernel's queue is full.
constexpr int packets_at_once = 64;
constexpr const char* interface = "bad0";

[[noreturn]] void fail(const char* what) {
  throw std::runtime_error(std::string("bad network: ") + what + ": " + std::strerror(errno));
}

void set_address(int socket, unsigned long request, const char* what, const char* text) {
  ifreq wanted{};
  std::strcpy(wanted.ifr_name, interface);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  ::inet_pton(AF_INET, text, &address.sin_addr);
  std::memcpy(&wanted.ifr_addr, &address, sizeof address);
  if (::ioctl(socket, request, &wanted) != 0) fail(what);
}

void set_up() {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) fail("socket");
  set_address(socket, SIOCSIFADDR, "address", bad_network::here);
  set_address(socket, SIOCSIFNETMASK, "mask", "255.255.255.0");
  ifreq wanted{};
  std::strcpy(wanted.ifr_name, interface);
  wanted.ifr_flags = IFF_UP | IFF_RUNNING;
  if (::ioctl(socket, SIOCSIFFLAGS, &wanted) != 0) fail("up");
  ::close(socket);
}

// Headers are copied out and in: a packet is bytes, and nothing in it need be aligned.
template <class Header>
Header header_at(const std::vector<std::byte>& packet, std::size_t at) {
  Header header;
  std::memcpy(&header, packet.data() + at, sizeof header);
  return header;
}
template <class Header>
void put_header(std::vector<std::byte>& packet, std::size_t at, const Header& header) {
  std::memcpy(packet.data() + at, &header, sizeof header);
}

/// The sum of RFC 1071, not yet folded.
std::uint64_t sum_of(std::span<const std::byte> bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    sum += std::to_integer<std::uint64_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
  return sum;
}
std::uint16_t checksum(std::uint64_t sum) {
  while (sum >> 16)
    sum = (sum & 0xffff) + (sum >> 16);
  return htons(static_cast<std::uint16_t>(~sum));
}

/// Where an IPv4 packet that is a whole TCP segment has its TCP header and its payload; both 0 for
/// anything else.
struct segment_parts {
  std::size_t tcp = 0;
  std::size_t payload = 0;
};
segment_parts parts_of(const std::vector<std::byte>& packet) {
  if (packet.size() < sizeof(iphdr)) return {};
  const auto ip = header_at<iphdr>(packet, 0);
  const std::size_t tcp = ip.ihl * 4u;
  if (ip.version != 4 || ip.protocol != IPPROTO_TCP || ntohs(ip.tot_len) != packet.size() ||
      (ntohs(ip.frag_off) & 0x3fff) != 0 || packet.size() < tcp + sizeof(tcphdr))
    return {};
  const std::size_t payload = tcp + header_at<tcphdr>(packet, tcp).doff * 4u;
  return payload <= packet.size() ? segment_parts{tcp, payload} : segment_parts{};
}

/// The segment that carries only the payload's byte number `index`, as the sender would make it.
std::vector<std::byte> one_byte_of(const std::vector<std::byte>& whole, segment_parts at,
                                   std::size_t index) {
  std::vector<std::byte> piece(whole.begin(),
                               whole.begin() + static_cast<std::ptrdiff_t>(at.payload));
  piece.push_back(whole[at.payload + index]);
  auto ip = header_at<iphdr>(piece, 0);
  ip.tot_len = htons(static_cast<std::uint16_t>(piece.size()));
  ip.check = 0;
  put_header(piece, 0, ip);
  ip.check = checksum(sum_of(std::span(piece).first(at.tcp)));
  put_header(piece, 0, ip);
  auto tcp = header_at<tcphdr>(piece, at.tcp);
  tcp.seq = htonl(ntohl(tcp.seq) + static_cast<std::uint32_t>(index));
  if (at.payload + index + 1 != whole.size()) tcp.fin = tcp.psh = 0;
  tcp.check = 0;
  put_header(piece, at.tcp, tcp);
  const std::span segment = std::span(std::as_const(piece)).subspan(at.tcp);
  const std::uint64_t pseudo =
      sum_of(std::as_bytes(std::span(&ip.saddr, 2))) + IPPROTO_TCP + segment.size();
  tcp.check = checksum(pseudo + sum_of(segment));
  put_header(piece, at.tcp, tcp);
  return piece;
}

}  // namespace

std::string leave_network() {
  if (::unshare(CLONE_NEWNET) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0) return "";
  return std::string("no network namespace: ") + std::strerror(errno);
}

int bad_network::open_tun(std::string& why_not) {
  const int tun = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  ifreq wanted{};
  std::strcpy(wanted.ifr_name, interface);
  wanted.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (tun >= 0 && ::ioctl(tun, TUNSETIFF, &wanted) == 0) return tun;
  why_not = std::string("no /dev/net/tun: ") + std::strerror(errno);
  if (tun >= 0) ::close(tun);
  return -1;
}

bad_network::bad_network(int tun, const bad_network_options& options)
    : options_(options),
      tun_(tun),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      random_(options.seed) {
  if (stop_ < 0) fail("eventfd");
  set_up();
  carrier_ = std::thread([this] { run(); });
}

bad_network::~bad_network() {
  end();
  ::close(stop_);
  ::close(tun_);
}

bad_network_counts bad_network::end() {
  if (carrier_.joinable()) {
    ::eventfd_write(stop_, 1);
    carrier_.join();
  }
  return counts_;
}

void bad_network::run() {
  for (;;) {
    timespec limit{};
    if (!waiting_.empty()) {
      const std::chrono::nanoseconds left =
          waiting_.begin()->first - std::chrono::steady_clock::now();
      const auto ns = std::max<std::int64_t>(left.count(), 0);
      limit.tv_sec = ns / 1'000'000'000;
      limit.tv_nsec = ns % 1'000'000'000;
    }
    pollfd both[] = {{.fd = tun_, .events = POLLIN, .revents = 0},
                     {.fd = stop_, .events = POLLIN, .revents = 0}};
    ::ppoll(both, 2, waiting_.empty() ? nullptr : &limit, nullptr);
    if (both[1].revents != 0) return;
    take_some();
    give_due();
  }
}

void bad_network::take_some() {
  std::array<std::byte, packet_bytes_max> buffer;
  for (int i = 0; i < packets_at_once; ++i) {
    const ssize_t n = ::read(tun_, buffer.data(), buffer.size());
    if (n <= 0) return;
    cross(packet(buffer.begin(), buffer.begin() + n));
  }
}

void bad_network::cross(packet whole) {
  const segment_parts at = parts_of(whole);
  if (at.tcp == 0) return;  // what an interface says when it comes up
  auto ip = header_at<iphdr>(whole, 0);
  std::swap(ip.saddr, ip.daddr);
  put_header(whole, 0, ip);
  const std::size_t bytes = whole.size() - at.payload;
  if (!options_.one_byte_segments || bytes < 2) return carry(std::move(whole));
  ++counts_.cut;
  for (std::size_t i = 0; i < bytes; ++i)
    carry(one_byte_of(whole, at, i));
}

std::chrono::nanoseconds bad_network::time_for(std::size_t bytes) const {
  return std::chrono::nanoseconds(bytes * 8 * 1'000'000'000 / options_.bits_per_second);
}

void bad_network::carry(packet one) {
  ++counts_.seen;
  if (has_chance(options_.lost_percent)) {
    ++counts_.lost;
    return;
  }
  const bool is_doubled = has_chance(options_.doubled_percent);
  counts_.doubled += is_doubled;
  for (int copies = is_doubled ? 2 : 1; copies > 0; --copies) {
    if (waiting_.size() == waiting_max) {
      ++counts_.overflowed;
      return;
    }
    instant due = std::chrono::steady_clock::now();
    if (options_.bits_per_second != 0) {
      line_free_ =
          std::max(line_free_, due - time_for(options_.burst_bytes)) + time_for(one.size());
      due = std::max(due, line_free_);
    }
    if (has_chance(options_.late_percent)) {
      ++counts_.late;
      due += std::chrono::microseconds(
          random_.between(1, static_cast<std::int64_t>(options_.late_max.count())));
    }
    waiting_.emplace(due, one);
  }
}

void bad_network::give_due() {
  const instant now = std::chrono::steady_clock::now();
  for (int i = 0; i < packets_at_once; ++i) {
    if (waiting_.empty() || waiting_.begin()->first > now) return;
    const packet& first = waiting_.begin()->second;
    // The kernel may refuse one, as a network may lose one: TCP sends it again.
    if (::write(tun_, first.data(), first.size()) < 0) ++counts_.lost;
    waiting_.erase(waiting_.begin());
  }
}

}  // namespace peers
