// The command of the house: reads the command line and hands over. The only source that includes
// CLI11.
#include "serve.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>

namespace {

constexpr int usage_exit = 2;

int report(const CLI::App& app, const CLI::ParseError& e) {
  if (e.get_exit_code() == 0) return app.exit(e);  // --help, --version
  std::fprintf(stderr, "rouse: %s\nTry 'rouse %s--help'.\n", e.what(),
               app.get_subcommands().empty() ? "" : "serve ");
  return usage_exit;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("rouse: an asynchronous runtime's own tool", "rouse");
  app.set_version_flag("--version", "rouse " ROUSE_VERSION);
  app.require_subcommand(1);

  tool::serve_options options;
  const CLI::Validator not_empty(
      [](const std::string& text) { return text.empty() ? "must not be empty" : std::string(); },
      "");
  CLI::App* serve = app.add_subcommand("serve", "Serve the files of a directory over HTTP/1.1");
  serve->add_option("DIR", options.directory, "Directory to serve")
      ->check(not_empty)
      ->capture_default_str();
  CLI::Option* port =
      serve
          ->add_option("-p,--port", options.port, "Port; without it the next free one from 8080 on")
          ->check(CLI::Range(0, 65535));
  serve
      ->add_option("-b,--bind", options.bind,
                   "Address to listen at; [::] and 0.0.0.0 let others in")
      ->check(not_empty)
      ->capture_default_str();
  serve->add_flag("-q,--quiet", options.quiet, "No line per request");
  serve->footer(
      "Files that begin with a dot and symbolic links are not served.\n"
      "ctrl-c finishes what is in flight and ends; a second one ends at once.\n"
      "ROUSE_REACTOR=epoll or io_uring chooses the reactor.");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return report(app, e);
  }
  options.port_given = port->count() != 0;
  return tool::serve(options);
}
