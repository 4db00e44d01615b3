// Completion of the command line by a shell.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace hasten::cli {

enum class Shell { kBash, kZsh, kFish };

// A script for the shell that completes the commands of `app`, their options, and values where a list of them is known;
// file names elsewhere. `methods` are the words behind --with, --without and the like.
std::string completion_script(const CLI::App& app, Shell shell, const std::vector<std::string>& methods);

}  // namespace hasten::cli
