#include <rouse/reactor/lease.hpp>

#include <new>

namespace rouse {

lease lease::heap_copy(std::span<const std::byte> bytes) {
  if (bytes.empty()) return {};
  auto* block = static_cast<std::byte*>(::operator new(bytes.size()));
  std::memcpy(block, bytes.data(), bytes.size());
  return from_parts({nullptr, block, block, static_cast<std::uint32_t>(bytes.size())});
}

void lease::give_back(const parts& p) noexcept {
  if (p.pool)
    p.pool->give_back(p.block);
  else
    ::operator delete(p.block);
}

}  // namespace rouse
