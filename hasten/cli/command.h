// What every command shares: how it registers, where it prints, what it returns.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <iosfwd>
#include <limits>
#include <set>
#include <string>

#include "hasten/base/json_fwd.h"

namespace hasten::cli {

// Exit codes; the same for all commands, listed in `hasten --help`.
enum ExitCode {
  kSuccess = 0,
  kInternalFailure = 1,
  kBadInput = 2,
  kBadData = 3,
  kStrictFailure = 4,
  kInterruptedBySignal = 130,
};

// What a command is run with. Results go to stdout, progress and diagnostics to stderr.
struct Context {
  bool json = false;        // --json: results as one JSON document
  int exit_code = kSuccess;
  std::string command_line;  // as it was typed, quoted where a shell needs it
  std::set<std::string> by_default;  // options that the environment or a file gave: "--threads"
};

// Each command has one file cmd_NAME.cpp with one function that adds its options and a callback that runs it.
// Callbacks throw ConfigError and DataError; main prints them and maps them to exit codes.
void add_methods(CLI::App& app, Context& context);
void add_compare(CLI::App& app, Context& context);
void add_lint(CLI::App& app, Context& context);
void add_score(CLI::App& app, Context& context);
void add_import(CLI::App& app, Context& context);
void add_report(CLI::App& app, Context& context);
void add_data(CLI::App& app, Context& context);
void add_runs(CLI::App& app, Context& context);
void add_completion(CLI::App& app, Context& context);  // in the program that has all commands
#ifdef HASTEN_WITH_TORCH
void add_train(CLI::App& app, Context& context);
void add_race(CLI::App& app, Context& context);
void add_ablate(CLI::App& app, Context& context);
void add_tune(CLI::App& app, Context& context);
void add_explain(CLI::App& app, Context& context);
void add_export(CLI::App& app, Context& context);
void add_doctor(CLI::App& app, Context& context);
void add_methods_check(CLI::App& app, Context& context);  // below add_methods
#endif

// Prints a document to stdout, indented.
void print_json(const Json& json);
// Adds --json to a command.
void add_json_flag(CLI::App& command, Context& context);
// What a number has to be, with messages that are shorter than CLI11's.
CLI::Validator non_negative();
CLI::Validator positive();
CLI::Validator whole_number(int64_t least, int64_t most = std::numeric_limits<int64_t>::max());  // as records keep them

// Whether stderr (stdout) is a terminal that a person looks at.
bool stderr_is_terminal();
bool stdout_is_terminal();

}  // namespace hasten::cli
