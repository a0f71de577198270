// What came back over a connection, in few words: two servers are alike when these are.
#pragma once

#include <string>

namespace peers {

/// Sends `bytes` over the connected `fd`, ends that direction, gives what comes until the server
/// ends its own, and closes. Throws when nothing moves for 20 s.
[[nodiscard]] std::string exchange(int fd, const std::string& bytes);

/// The answers, joined by "; ": the status, then what frames the body and what the client acts on:
///   200 all          the whole of /file
///   200 "0123"       another body that is short
///   206 0-4 "01234"  the range
///   301 -> /dir/     Location
///   404              a body in the server's own words: only its framing was checked
/// then "keep" when the last one answers the probe and "close" when not. An answer whose framing
/// cannot be followed is "unframed".
/// @param is_head  the first request is a HEAD: its answer has no body
[[nodiscard]] std::string summary(const std::string& received, bool is_head);

/// The value of a field of the first answer; empty when there is none.
[[nodiscard]] std::string field_of(const std::string& received, const std::string& name);

}  // namespace peers
