// The command of the house: reads the command line and hands over. The only source that includes
// CLI11.
#include "bench.hpp"
#include "get.hpp"
#include "serve.hpp"

#include <rouse/http/response.hpp>

#include <CLI/CLI.hpp>

#include <cstdio>

namespace {

constexpr int usage_exit = 2;

int report(const CLI::App& app, const CLI::ParseError& e) {
  if (e.get_exit_code() == 0) return app.exit(e);  // --help, --version
  const auto chosen = app.get_subcommands();
  const std::string command = chosen.empty() ? "" : chosen.front()->get_name() + " ";
  std::fprintf(stderr, "rouse: %s\nTry 'rouse %s--help'.\n", e.what(), command.c_str());
  return usage_exit;
}

const CLI::Validator not_empty(
    [](const std::string& text) { return text.empty() ? "must not be empty" : std::string(); }, "");

const CLI::Validator field_value(
    [](const std::string& text) {
      return rouse::http::is_field_value(text) ? std::string()
                                               : "must be a header field's value: " + text;
    },
    "");

// The bounds go into the message of a value that is outside, not into every line of the help.
template <class T>
CLI::Validator range(T low, T high) {
  return CLI::Range(low, high).description("");
}

// CLI11's own lets "nan" through.
CLI::Validator number_from(double low, double high) {
  return CLI::Validator(
      [low, high](const std::string& text) {
        double value = 0;
        if (CLI::detail::lexical_cast(text, value) && value >= low && value <= high)
          return std::string();
        char bounds[64];
        std::snprintf(bounds, sizeof bounds, " is no number from %g to %g", low, high);
        return "'" + text + "'" + bounds;
      },
      "");
}

void limit(CLI::App& command, const char* name, double& seconds, const char* what) {
  command.add_option(name, seconds, what)
      ->check(number_from(0.001, 1e6))
      ->capture_default_str()
      ->type_name("SECONDS")
      ->group("Limits");
}

CLI::App& add_serve(CLI::App& app, tool::serve_options& options) {
  CLI::App& serve = *app.add_subcommand("serve", "Serve the files of a directory over HTTP/1.1");
  serve.add_option("DIR", options.directory, "Directory to serve")
      ->type_name("")
      ->check(not_empty)
      ->capture_default_str();
  serve
      .add_option_function<std::uint16_t>(
          "-p,--port",
          [&options](const std::uint16_t& port) {
            options.port = port;
            options.port_given = true;
          },
          "Port, 0 for any free one; without it the next free one from 8080 on")
      ->type_name("PORT")
      ->check(range(0, 65535));
  serve
      .add_option("-b,--bind", options.bind, "Address to listen at; [::] and 0.0.0.0 let others in")
      ->check(not_empty)
      ->capture_default_str();
  serve
      .add_option_function<std::string>(
          "--log",
          [&options](const std::string& name) { options.log = *tool::log_format_of(name); },
          "A line per request: brief (the default), common (Apache's), json, none")
      ->check(CLI::IsMember({"brief", "common", "json", "none"}).description(""))
      ->type_name("FORMAT");
  serve.add_flag_callback(
      "-q,--quiet", [&options] { options.log = tool::log_format::none; }, "The same as --log none");
  serve.add_flag_callback(
      "--no-listing", [&options] { options.listing = false; },
      "Directories without an index.html are 404");
  serve.add_flag_callback(
      "--no-precompressed", [&options] { options.precompressed = false; },
      "Never send FILE.br or FILE.gz in the place of FILE");
  serve
      .add_option("--cache-control", options.cache_control,
                  "Cache-Control of files, for example 'max-age=3600'")
      ->check(field_value)
      ->type_name("VALUE");
  serve
      .add_option("--cache", options.cached_for_s,
                  "Serve small files from memory for so long without a look at the disk")
      ->check(number_from(0, 1e6))
      ->type_name("SECONDS");
  serve.add_flag("--sendfile", options.sendfile,
                 "Send large files without a copy; for files that never change in place");
  serve.add_option("--max-connections", options.connections_max, "More wait until one ends")
      ->check(range(1, 1'000'000))
      ->capture_default_str()
      ->type_name("N")
      ->group("Limits");
  serve.add_option("--max-entries", options.entries_max, "Rows of a directory page")
      ->check(range(1, 1'000'000))
      ->capture_default_str()
      ->type_name("N")
      ->group("Limits");
  limit(serve, "--header-timeout", options.header_limit_s, "For the head of a request");
  limit(serve, "--request-timeout", options.request_limit_s, "For its body");
  limit(serve, "--idle-timeout", options.idle_limit_s, "Between two requests of a connection");
  limit(serve, "--write-timeout", options.write_limit_s, "For a client that reads nothing");
  limit(serve, "--drain", options.drain_limit_s, "For what is in flight after ctrl-c or SIGTERM");
  serve.footer(
      "Files that begin with a dot and symbolic links are not served.\n"
      "ctrl-c finishes what is in flight and ends; a second one ends at once.\n"
      "ROUSE_REACTOR=epoll or io_uring chooses the reactor.\n");
  return serve;
}

CLI::App* add_get(CLI::App& app, tool::get_options& options) {
  CLI::App* get = app.add_subcommand("get", "Fetch a URL over HTTP/1.1, to stdout or a file");
  get->add_option("URL", options.url, "What to fetch; http:// may be left out")
      ->type_name("")
      ->required();
  get->add_option("-o,--output", options.output, "File to write to, instead of stdout")
      ->type_name("FILE");
  get->add_option("-H,--header", options.headers, "A field to send: 'Name: value'; repeatable")
      ->allow_extra_args(false)
      ->type_name("FIELD");
  get->add_option("-X,--method", options.method, "Method, instead of GET (POST with -d)")
      ->type_name("NAME");
  get->add_option("-d,--data", options.data, "Body to send; @FILE sends a file")
      ->type_name("DATA")
      ->each([&options](const std::string&) { options.has_data = true; });
  get->add_flag("-C,--resume", options.resume, "Go on with a file that was not finished");
  get->add_option("--max-time", options.time_max_s, "Seconds that all of it may take")
      ->check(CLI::Validator(
          [](const std::string& text) {
            const bool good = CLI::PositiveNumber(text).empty();
            return good ? std::string() : "'" + text + "' is no number of seconds";
          },
          ""))
      ->type_name("SECONDS");
  get->add_flag("-s,--silent", options.silent, "No progress, no remarks; errors are still told");
  get->add_flag("-i,--include", options.include_head, "Print the answer's head too");
  get->footer(
      "Redirects are followed (10 at most). A file gets the time that the server gives it, by "
      "which\n"
      "a later -C knows whether the rest still belongs to it.\n\n"
      "Exit codes: 0 good, 1 network or file failed, 2 usage, 22 the answer's status is 400 or "
      "above,\n28 too slow, 130 interrupted.");
  return get;
}

CLI::App* add_bench(CLI::App& app, tool::bench_options& options) {
  CLI::App* bench = app.add_subcommand("bench", "Put load on an HTTP/1.1 server and measure it");
  bench->add_option("URL", options.url, "What to ask for; http:// may be left out")
      ->type_name("")
      ->required();
  bench->add_option("-c,--connections", options.connections, "Connections")
      ->check(CLI::Range(1u, 100'000u).description(""))
      ->type_name("N")
      ->capture_default_str();
  bench
      ->add_option_function<std::string>(
          "-d,--duration",
          [&options](const std::string& text) {
            if (!tool::read_duration(text, options.duration))
              throw CLI::ValidationError("--duration", "'" + text + "' is no duration: 10s, 500ms");
          },
          "How long: 10s, 500ms, 2m")
      ->type_name("TIME")
      ->default_str("10s");
  bench->add_option("-r,--rate", options.rate, "Requests a second, of all connections together")
      ->check(number_from(0.001, 1e8))
      ->type_name("RATE");
  bench->add_option("--pipeline", options.pipeline, "Requests in flight on one connection")
      ->check(CLI::Range(1u, 1000u).description(""))
      ->type_name("N")
      ->capture_default_str();
  bench->add_option("-H,--header", options.headers, "A field to send: 'Name: value'; repeatable")
      ->allow_extra_args(false)
      ->type_name("FIELD");
  bench->add_flag("--json", options.json, "The same facts as JSON, times in nanoseconds");
  bench->footer(
      "Without -r each connection asks again once it has an answer. With -r requests are due at\n"
      "fixed instants and latency counts from those, so a server's stall is felt by all whom it\n"
      "would have kept waiting. One thread; ctrl-c ends early and reports.\n\n"
      "Exit codes: 0 good, 1 no connection or no answer, 2 usage, 130 interrupted.");
  return bench;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("rouse: an asynchronous runtime's own tool", "rouse");
  app.set_version_flag("--version", "rouse " ROUSE_VERSION);
  app.require_subcommand(1);

  tool::serve_options serve;
  add_serve(app, serve);

  tool::get_options get_options;
  const CLI::App* get = add_get(app, get_options);
  tool::bench_options bench_options;
  const CLI::App* bench = add_bench(app, bench_options);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return report(app, e);
  }
  if (bench->parsed()) return tool::bench(bench_options);
  if (get->parsed()) return tool::get(get_options);
  return tool::serve(serve);
}
