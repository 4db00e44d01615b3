// Which of the two programs answers a command line.
#include "hasten/cli/hand_over.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "hasten/base/error.h"

namespace hasten::cli {

bool has_command(CLI::App& app, int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--version") return true;
  const auto every = [](const CLI::App*) { return true; };
  CLI::App* command = &app;
  for (int i = 1; i < argc && !command->get_subcommands(every).empty(); ++i) {
    const auto found = command->get_subcommands([&](const CLI::App* each) { return each->check_name(argv[i]); });
    if (found.empty()) return false;
    command = found.front();
  }
  return command->get_subcommands(every).empty();
}

void hand_over(std::string_view program, char** argv) {
  // Found through the file that runs, so that a link to it in another folder works.
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe").parent_path() / program;
  execv(path.c_str(), argv);
  throw ConfigError(path.string(), "the program for commands that train", std::strerror(errno),
                    "it is built and installed beside hasten; install both");
}

}  // namespace hasten::cli
