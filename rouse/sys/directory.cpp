#include <rouse/sys/directory.hpp>

#include <dirent.h>

#include <cstring>

namespace rouse::sys {
namespace {

// The kernel's linux_dirent64: inode, offset, record length, type, then the name and a NUL.
constexpr std::size_t length_at = 16;
constexpr std::size_t type_at = 18;
constexpr std::size_t name_at = 19;

file_kind kind_of(unsigned char type) noexcept {
  switch (type) {
    case DT_REG: return file_kind::regular;
    case DT_DIR: return file_kind::directory;
    case DT_LNK: return file_kind::symlink;
    case DT_FIFO: return file_kind::fifo;
    case DT_SOCK: return file_kind::socket;
    case DT_CHR: return file_kind::character_device;
    case DT_BLK: return file_kind::block_device;
    default: return file_kind::unknown;
  }
}

}  // namespace

result<const directory_entry*> directory_reader::next() {
  for (;;) {
    if (at_ == filled_) {
      const auto n = read_directory(directory_.get(), buffer_);
      if (!n) return std::unexpected(n.error());
      if (*n == 0) return nullptr;
      at_ = 0;
      filled_ = *n;
    }
    const std::byte* record = buffer_ + at_;
    std::uint16_t length = 0;
    std::memcpy(&length, record + length_at, sizeof length);
    std::memcpy(&entry_.inode, record, sizeof entry_.inode);
    entry_.kind = kind_of(std::to_integer<unsigned char>(record[type_at]));
    entry_.name = reinterpret_cast<const char*>(record + name_at);
    at_ += length;
    if (entry_.name != "." && entry_.name != "..") return &entry_;
  }
}

}  // namespace rouse::sys
