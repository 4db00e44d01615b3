// The program: registers commands, maps errors to messages and exit codes.
#include <algorithm>
#include <iostream>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/base/version.h"
#include "hasten/cli/command.h"
#include "hasten/cli/defaults.h"
#include "hasten/cli/diagnose_recipe.h"
#include "hasten/cli/hand_over.h"
#ifdef HASTEN_WITH_TORCH
#include "hasten/meter/memory.h"
#endif

namespace hasten::cli {
namespace {

constexpr const char* kDescription =
    "hasten trains neural networks for less compute, and checks that it is so.\n\n"
    "  hasten race baseline.toml fast.toml     train both, compare, write a report\n"
    "  hasten train recipe.toml --with ema     one run, with a method added\n"
    "  hasten explain recipe.toml              what would run, in which order, at what cost\n"
    "  hasten methods list                     what there is to try\n"
    "  hasten compare runs/                    is it really faster?\n"
    "  hasten lint logs/ --claim claim.toml    43 checks of a comparison\n"
    "  hasten diagnose recipe.toml             what holds it back, by experiments, and what helps\n"
    "  hasten diagnose --trace FILE...         the same of a profiled run, by where its time went\n"
    "  hasten doctor                           what this machine offers and lacks\n";

constexpr const char* kExitCodes =
    "Exit codes: 0 done, 1 a bug of hasten, 2 wrong recipe or flag, 3 corrupt data, 4 an expected outcome such as a\n"
    "missed target under --strict, 130 interrupted (--resume goes on).";

void print_error(const std::string& source, const std::string& message, const std::string& hint) {
  std::cerr << "error: " << message << "\n";
  if (!source.empty()) std::cerr << "  in " << source << "\n";
  if (!hint.empty()) std::cerr << "hint: " << hint << "\n";
}

std::string shell_quoted(const std::string& word) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:/@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string quoted = "'";
  for (char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

// Words that nobody asked for, in their order, and what an option among them may have meant.
int refuse_extras(const CLI::App& command) {
  const std::vector<std::string> extras = command.remaining();
  const auto option =
      std::find_if(extras.begin(), extras.end(), [](const auto& word) { return word.rfind("--", 0) == 0; });
  const std::string near =
      option == extras.end() ? "" : closest(option->substr(2, option->find('=') - 2), option_names(command));
  print_error("", "[command line] not expected: " + join(extras, " "),
              near.empty() ? "hasten --help, or hasten COMMAND --help" : "did you mean '--" + near + "'?");
  return kBadInput;
}

#ifndef HASTEN_ENGINE
// Else CLI11 says that a command is missing.
void require_command(const CLI::App& app, const std::vector<std::string>& words) {
  if (words.empty() || words[0].rfind('-', 0) == 0) return;
  std::vector<std::string> names;
  for (const CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (each->check_name(words[0])) return;
    names.push_back(each->get_name());
  }
  throw ConfigError("command line", "a command", "'" + words[0] + "'", suggest(words[0], names));
}
#endif

int run(int argc, char** argv) {
  CLI::App app{kDescription, "hasten"};
  app.set_version_flag("--version", "hasten " + build_name());
  app.footer(kExitCodes);
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::help);
  add_default_options(app);
  Context context;
#ifdef HASTEN_WITH_TORCH
  add_train(app, context);
  add_race(app, context);
  add_tune(app, context);
  add_ablate(app, context);
  add_explain(app, context);
  add_export(app, context);
  add_doctor(app, context);
#endif
  add_methods(app, context);
#ifdef HASTEN_WITH_TORCH
  add_methods_check(app, context);
#endif
  add_compare(app, context);
  add_lint(app, context);
  add_score(app, context);
  add_import(app, context);
  add_report(app, context);
#ifdef HASTEN_WITH_TORCH
  add_diagnose(app, context, diagnose_recipe);
#elif defined(HASTEN_ENGINE)
  add_diagnose(app, context, [argv](const RecipeDiagnosis&, Context&) { hand_over(HASTEN_ENGINE, argv); });
#else
  add_diagnose(app, context, [](const RecipeDiagnosis& options, Context&) {
    throw ConfigError("diagnose", "a build with LibTorch for experiments on a recipe", "'" + options.recipe + "'",
                      "this one was made without it; it reads runs and traces");
  });
#endif
  add_data(app, context);
  add_runs(app, context);
  std::vector<std::string> words(argv + 1, argv + argc);
#ifdef HASTEN_ENGINE
  const bool asks_version = words == std::vector<std::string>{"--version"};
  if (!asks_version && named_command(app, words).app == nullptr) hand_over(HASTEN_ENGINE, argv);
#else
  add_completion(app, context);
  require_command(app, words);
#endif
  const std::set<std::string> typed(words.begin(), words.end());
  words = with_defaults(app, words);
  for (const std::string& word : words) {
    if (!typed.contains(word)) context.by_default.insert(word.substr(0, word.find('=')));
  }
  context.command_line = "hasten";
  for (const std::string& word : words) context.command_line += " " + shell_quoted(word);
  const NamedCommand named = named_command(app, words);
  const CLI::App* command = named.app == nullptr ? &app : named.app;
  std::reverse(words.begin(), words.end());  // CLI11 takes the last one first
  try {
    app.parse(words);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ExtrasError&) {
    return refuse_extras(*command);
  } catch (const CLI::ParseError& error) {
    const std::string what = error.what(), option = what.substr(0, what.find(':'));
    print_error("", "[command line] " + what,
                context.by_default.contains(option)
                    ? "the value is from the environment or a file of defaults; hasten --no-defaults leaves them out"
                    : "hasten --help, or hasten COMMAND --help");
    return kBadInput;
  }
  return context.exit_code;
}

}  // namespace
}  // namespace hasten::cli

int main(int argc, char** argv) {
  using namespace hasten;
#ifdef HASTEN_WITH_TORCH
  tune_allocator();  // before the first large buffer
#endif
  try {
#ifdef HASTEN_WITH_TORCH
    if (const std::string other = cli::other_build(); !other.empty()) std::cerr << "warning: " << other << "\n";
#endif
    return cli::run(argc, argv);
  } catch (const ConfigError& error) {
    cli::print_error(error.source(), error.what(), error.hint());
    return cli::kBadInput;
  } catch (const DataError& error) {
    cli::print_error("", error.what(), error.hint());
    return cli::kBadData;
  } catch (const std::exception& error) {
    cli::print_error("", std::string("internal error: ") + error.what(),
                     "this is a bug of hasten; please report it with the command and the recipe");
    return cli::kInternalFailure;
  }
}
