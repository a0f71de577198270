// A server and its client, each a process of its own that is made afresh for every run, both on one
// processor. The client goes round in steps: a message on every connection, then the answer of
// every connection. It reads the last one first, so that it sleeps once a round, and neither
// process may interrupt the other when it wakes (SCHED_BATCH): the server finds all connections
// ready in each of its turns, and runs repeat within a few per cent on a busy machine.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace bench {

/// Serves a listening TCP socket, non-blocking, for ever. It runs in a process of its own.
using server = std::function<void(int listener)>;

struct load {
  int connections = 64;
  int rounds = 500;
  int warm_rounds = 50;
  std::string message;  // what is sent on each connection each round
  bool echo = true;     // the answer is the message; else HTTP answers with a Content-Length
  int answers = 1;      // HTTP: how many a message asks for
};

struct load_result {
  double cpu_ns = 0;          // of the server, for one answer
  double resident_bytes = 0;  // of the server, for one idle connection
  double p50_ns = 0;          // from asking to the whole answer
  double p99_ns = 0;
  char error[120] = "";  // empty when all went well
};

/// CPU of the server for a message.
[[nodiscard]] load_result measure_load(const server& s, const load& l);
/// Memory of the server for a connection that has sent one message and is idle since.
[[nodiscard]] load_result measure_idle(const server& s, const load& l);

/// How long the client waits when each connection asks anew as soon as it has its answer, so that
/// there are always as many messages under way as connections. For echo.
[[nodiscard]] load_result measure_latency(const server& s, const load& l);

}  // namespace bench
