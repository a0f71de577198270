// The page that shows what is in a directory. Names are foreign text: escaped where they are shown,
// percent-encoded where they are linked, and left out where no request could reach them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace rouse::http {

struct directory_entry {
  std::string_view name = {};  ///< any bytes; those that is_servable_name() refuses are left out
  bool is_directory = false;
  std::uint64_t size = 0;     ///< bytes; not shown for a directory
  std::int64_t modified = 0;  ///< seconds since 1970
};

enum class directory_order : std::uint8_t { name, size, modified };

/// How a reader wants the list: what the links and the form of the page itself ask for.
struct directory_view {
  directory_order order = directory_order::name;
  bool descending = false;
  /// Only names that have this in them, without regard to case (ASCII); empty: all.
  std::string_view filter = {};
};

/// Reads "sort=size&order=desc&filter=text"; what makes no sense is as if it were not there.
/// @param storage  keeps the filter's text.
[[nodiscard]] directory_view read_directory_view(std::string_view query, std::string& storage);

/// Whether a page in this view has a row for `name`: what a listing that has a bound asks before it
/// counts.
[[nodiscard]] bool is_shown(std::string_view name, const directory_view& view) noexcept;

struct directory_page {
  std::string_view path =
      {};  ///< target_path::path: relative to the root, decoded; empty: the root
  std::string_view root_name = "~";  ///< what the root is called on the page
  std::span<directory_entry> entries = {};
  /// How many more there are that were not put into `entries`: a listing needs a bound (R14), and
  /// says where it cut.
  std::size_t omitted = 0;
  directory_view view = {};
};

/// Appends the page: directories first, names in natural order ("a2" before "a10"), a way up,
/// sizes, dates in UTC; column heads that sort and a field that filters, as links and a form, since
/// there are no scripts.
///
/// Send it with page_content_type and page_security_policy(), from a URL that ends in '/': its
/// links are relative.
/// @param page  its entries get sorted in place.
/// @cost  About 0.3 KiB an entry and 5 KiB; n log n comparisons.
void append_directory_page(std::string& out, const directory_page& page);

/// "0 B", "999 B", "1.0 KiB", "12 KiB", "3.4 GiB": at most 8 characters up to 16 EiB.
void append_human_size(std::string& out, std::uint64_t bytes);

/// The order of names on the page: runs of digits by their value, letters without regard to case
/// (ASCII); among equals by their bytes, so that it is total.
[[nodiscard]] bool natural_less(std::string_view a, std::string_view b) noexcept;

}  // namespace rouse::http
