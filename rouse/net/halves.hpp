// Two owners of one stream, for a reading and a writing task that end independently.
// (`stream.split()` lends instead.)
#pragma once

#include <rouse/base/assert.hpp>
#include <rouse/net/stream.hpp>
#include <rouse/sys/socket.hpp>

namespace rouse::net {

template <class Stream>
class owned_read_half;
template <class Stream>
class owned_write_half;
template <class Stream>
struct owned_halves;

namespace internal {
template <class Stream>
struct shared_stream {
  Stream whole;
  int owners = 2;  // one thread: that of the stream's reactor
  explicit shared_stream(Stream s) noexcept : whole(std::move(s)) {}
};
}  // namespace internal

/// Takes a stream apart. One allocation. The halves stay on the stream's thread.
/// @example  `auto halves = net::into_halves(std::move(stream));
/// spawn(reader(std::move(halves.read)));`
template <class Stream>
[[nodiscard]] owned_halves<Stream> into_halves(Stream whole);
/// Puts the halves of one stream together again; others assert (`belongs_to` tells). No operation
/// may be pending.
template <class Stream>
[[nodiscard]] Stream reunite(owned_read_half<Stream> read, owned_write_half<Stream> write) noexcept;

/// Reads; the stream is closed when both halves are gone.
template <class Stream>
class owned_read_half {
 public:
  owned_read_half(owned_read_half&& other) noexcept
      : shared_(std::exchange(other.shared_, nullptr)) {}
  owned_read_half& operator=(owned_read_half&& other) noexcept {
    owned_read_half taken(std::move(other));
    std::swap(shared_, taken.shared_);
    return *this;
  }
  ~owned_read_half() {
    if (shared_ && --shared_->owners == 0) delete shared_;
  }
  template <class... Args>
  [[nodiscard]] auto read(Args&&... args) noexcept {
    return shared_->whole.read(std::forward<Args>(args)...);
  }
  [[nodiscard]] read_into_operation read(std::span<std::byte> into) noexcept {
    return shared_->whole.read(into);
  }
  void unread(lease bytes) noexcept { shared_->whole.unread(std::move(bytes)); }
  void unread(std::span<const std::byte> bytes) { shared_->whole.unread(bytes); }
  [[nodiscard]] const address& peer_address() const noexcept {
    return shared_->whole.peer_address();
  }
  [[nodiscard]] std::string subject() const { return shared_->whole.subject(); }
  [[nodiscard]] bool belongs_to(const owned_write_half<Stream>& other) const noexcept {
    return shared_ == other.shared_;
  }

 private:
  friend owned_write_half<Stream>;
  friend owned_halves<Stream> into_halves<Stream>(Stream);
  friend Stream reunite<Stream>(owned_read_half, owned_write_half<Stream>) noexcept;
  explicit owned_read_half(internal::shared_stream<Stream>& shared) noexcept : shared_(&shared) {}
  internal::shared_stream<Stream>* shared_;
};

/// Writes; destroying it tells the peer that no more will come, also while the other half reads on.
template <class Stream>
class owned_write_half {
 public:
  owned_write_half(owned_write_half&& other) noexcept
      : shared_(std::exchange(other.shared_, nullptr)) {}
  owned_write_half& operator=(owned_write_half&& other) noexcept {
    owned_write_half taken(std::move(other));
    std::swap(shared_, taken.shared_);
    return *this;
  }
  ~owned_write_half() {
    if (!shared_) return;
    if (--shared_->owners == 0)
      delete shared_;
    else
      (void)sys::shutdown(shared_->whole.fd(), sys::shutdown_side::send);
  }
  template <class... Args>
  [[nodiscard]] auto write_all(Args&&... args) noexcept {
    return shared_->whole.write_all(std::forward<Args>(args)...);
  }
  template <class... Args>
  [[nodiscard]] auto write_some(Args&&... args) noexcept {
    return shared_->whole.write_some(std::forward<Args>(args)...);
  }
  [[nodiscard]] shutdown_operation shutdown() noexcept {
    return shared_->whole.shutdown(direction::write);
  }
  [[nodiscard]] const address& peer_address() const noexcept {
    return shared_->whole.peer_address();
  }
  [[nodiscard]] std::string subject() const { return shared_->whole.subject(); }

 private:
  friend owned_read_half<Stream>;
  friend owned_halves<Stream> into_halves<Stream>(Stream);
  friend Stream reunite<Stream>(owned_read_half<Stream>, owned_write_half) noexcept;
  explicit owned_write_half(internal::shared_stream<Stream>& shared) noexcept : shared_(&shared) {}
  internal::shared_stream<Stream>* shared_;
};

template <class Stream>
struct owned_halves {
  owned_read_half<Stream> read;
  owned_write_half<Stream> write;
  owned_halves(owned_read_half<Stream> r, owned_write_half<Stream> w) noexcept
      : read(std::move(r)), write(std::move(w)) {}
};

template <class Stream>
owned_halves<Stream> into_halves(Stream whole) {
  auto* shared = new internal::shared_stream<Stream>(std::move(whole));
  return {owned_read_half<Stream>(*shared), owned_write_half<Stream>(*shared)};
}

template <class Stream>
Stream reunite(owned_read_half<Stream> read, owned_write_half<Stream> write) noexcept {
  ROUSE_ASSERT(read.shared_ && read.shared_ == write.shared_);
  internal::shared_stream<Stream>* shared = std::exchange(read.shared_, nullptr);
  write.shared_ = nullptr;
  Stream whole = std::move(shared->whole);
  delete shared;
  return whole;
}

}  // namespace rouse::net
