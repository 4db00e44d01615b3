// What commands of many runs have in common: options, how runs are started, how an interrupted one goes on.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "hasten/cli/command.h"
#include "hasten/study/run_launcher.h"

namespace hasten::cli {

struct StudyFlags {
  std::vector<std::string> recipes, set;
  std::string out, price, device;
  int64_t threads = 0;  // of each run; 0: as the command says
  bool resume = false, strict = false;
};

// Adds --set, --device and --price; the others differ in what they say.
void add_study_options(CLI::App& command, StudyFlags& flags);

// Runs as processes of this program, with the price; Ctrl-C reaches them through us. Throws ConfigError for a price that
// says too little.
RunLauncher child_runs(const StudyFlags& flags, std::vector<std::string> arguments);

// "3" means seeds 0, 1, 2; "4,7,9" means these.
std::vector<uint64_t> read_seeds(const std::string& text);

// Prints what to type to go on in `out`, and sets the exit code.
void say_how_to_go_on(const StudyFlags& flags, const std::filesystem::path& out, Context& context);

}  // namespace hasten::cli
