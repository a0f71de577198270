// Servers that other people wrote, beside `rouse serve`: each a process that has the last processor
// for itself and serves the same directory, while its load comes from the others. They are started
// when first asked for and live as long as the program.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace bench {

enum class served_by : unsigned char {
  rouse_epoll,
  rouse_io_uring,
  rouse_sendfile,     // --sendfile, epoll
  rouse_cached,       // --cache 60, epoll
  rouse_cached_ring,  // --cache 60, io_uring
  nginx,
  nginx_open_file_cache,  // keeps descriptors and their status
  node_from_memory,       // node:http, the file read once
  node_from_file,         // node:http, fs.readFile for each request
};

struct place {
  unsigned short port = 0;
  pid_t process = -1;
};

/// Serves "small" (1 KiB) and "big" (big_bytes(), sparse). Throws std::runtime_error that begins
/// with "not here: " where there is no such program.
[[nodiscard]] place server_of(served_by who);
[[nodiscard]] std::int64_t big_bytes();

struct wrk_load {
  int connections = 64;
  int pipelined = 1;
};
struct wrk_result {
  double cpu_ns = 0;  // of the server, for one answer
};
/// GETs of "small", for a second. Throws when anything but the file came back.
[[nodiscard]] wrk_result load_with_wrk(const place& server, const wrk_load& load);

struct pull_result {
  double cpu_ns = 0;   // of the server
  double wall_ns = 0;  // to the last byte
};
/// One GET of "big", whose bytes the kernel drops as they come, so that the server is what counts.
[[nodiscard]] pull_result pull_big(const place& server);

/// From the fork of a new `rouse serve` to the first byte of a file from it.
[[nodiscard]] double start_to_first_byte_ns(served_by who);

}  // namespace bench
