// Two programs that look like one: `hasten` holds the commands that need no LibTorch and starts at once, `hasten-engine`
// holds all commands. What the first does not have, it hands over.
#pragma once

#include <CLI/CLI.hpp>
#include <string_view>

namespace hasten::cli {

// Whether the command line names a command of `app` to the end. Where it stops before (no command, `data --help`, a word
// that is not known), the program with all commands answers.
bool has_command(CLI::App& app, int argc, char** argv);

// Goes on as `program`, which lies beside this one. Does not return; throws ConfigError if it cannot be started.
[[noreturn]] void hand_over(std::string_view program, char** argv);

}  // namespace hasten::cli
