// Defaults of one's own: from the environment (HASTEN_TRAIN_THREADS=2) and from a file ([train] threads = 2). What is typed
// goes before the environment, and that before the file.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace hasten::cli {

// Adds --config FILE and --no-defaults, which stand before the command.
void add_default_options(CLI::App& app);

// The long names of the command's options, without dashes; help is none that has a default.
std::vector<std::string> option_names(const CLI::App& command);

// The command that `words` name to the end, and where its own words begin; nullptr where they stop before (no command,
// `data --help`, a word that is not known).
struct NamedCommand {
  CLI::App* app = nullptr;
  size_t own_words = 0;
};
NamedCommand named_command(CLI::App& app, const std::vector<std::string>& words);

// `words` (without the program's name) and what the environment and the file add to them, as `--option=value` behind the
// command's name; nothing where help is asked for. Throws ConfigError for a name that is no option of the command, for
// one anywhere in the file that is no command or option, and for a file that was named and is not there.
std::vector<std::string> with_defaults(CLI::App& app, const std::vector<std::string>& words);

}  // namespace hasten::cli
