// hasten race: a baseline against other recipes, compared and reported.
#include <unistd.h>

#include <array>
#include <iostream>

#include "hasten/base/clock.h"
#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/cli/torch/recipe_options.h"
#include "hasten/cli/torch/study_options.h"
#include "hasten/evaluate/comparison.h"
#include "hasten/evaluate/record_io.h"
#include "hasten/meter/device.h"
#include "hasten/report/comparison_html.h"
#include "hasten/report/comparison_text.h"
#include "hasten/study/race.h"
#include "hasten/train/plan_recipe.h"

namespace hasten::cli {
namespace {

struct RaceFlags : StudyFlags {
  std::string seeds = "3";
  std::vector<double> budgets{1.0};
};

RaceOptions race_options(const RaceFlags& flags, const Context& context) {
  if (flags.resume && flags.out.empty())
    throw ConfigError("--out", "the directory of the race to go on with", "nothing");
  RaceOptions options;
  for (const std::string& path : flags.recipes) {
    options.recipes.push_back(load_recipe(path, registry().catalogue(), {{}, {}, flags.set}));
    plan_recipe(options.recipes.back(), registry());  // every mistake shows before the first step
  }
  options.seeds = read_seeds(flags.seeds);
  options.budgets = flags.budgets;
  options.threads = flags.threads;
  options.device = find_device(flags.device, "--device").str();
  options.price = flags.price;
  options.out = flags.out.empty() ? cat("runs/race-", utc_now().substr(0, 19), "-", getpid()) : flags.out;
  options.resume = flags.resume;
  options.command = context.command_line;
  return options;
}

void report(const RaceResult& result, const RaceOptions& options, const RaceFlags& flags, Context& context) {
  std::vector<evaluate::Run> runs;
  for (const auto& path : result.runs) runs.push_back(evaluate::read_run(path));
  evaluate::CompareOptions compare_options;
  compare_options.baseline = options.recipes.front().name;
  evaluate::Comparison comparison = evaluate::compare(std::move(runs), compare_options);
  std::filesystem::path page = options.out / "report.html";
  write_file_atomic(page,
                    report::comparison_html(std::array{comparison}, {.title = "", .command = context.command_line}));
  write_file_atomic(options.out / "comparison.json", report::comparison_json(comparison).dump(2) + "\n");
  if (context.json) {
    print_json(report::comparison_json(comparison));
  } else {
    std::cout << report::comparison_text(comparison, {.color = stdout_is_terminal(), .all_lints = false})
              << "\nruns    " << options.out.string() << "\nreport  " << page.string() << "\n";
  }
  bool missed = false;
  for (const evaluate::Group& group : comparison.groups) missed = missed || !group.reaches_target;
  if (flags.strict && (missed || result.failed > 0)) context.exit_code = kStrictFailure;
}

void race(const RaceFlags& flags, Context& context) {
  std::vector<std::string> arguments{"--no-summary"};
  if (flags.threads > 0) arguments.insert(arguments.end(), {"--threads", std::to_string(flags.threads)});
  RunLauncher launch = child_runs(flags, std::move(arguments));
  RaceOptions options = race_options(flags, context);
  RaceResult result = run_race(options, launch, [](const RunRequest& request, size_t place, size_t count) {
    std::cerr << "run " << place << "/" << count << "  " << request.group << "  seed " << request.seed << "  budget "
              << to_string(request.recipe.budget) << "\n";
  });
  if (result.interrupted) return say_how_to_go_on(flags, options.out, context);
  if (result.runs.empty()) std::cerr << "error: no run finished; the errors are above\n";
  else report(result, options, flags, context);
  if (result.failed > 0 && context.exit_code == kSuccess) context.exit_code = result.exit_code;
}

}  // namespace

void add_race(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("race", "train a baseline and other recipes, and compare them");
  auto flags = std::make_shared<RaceFlags>();
  command->add_option("recipes", flags->recipes, "the baseline's recipe, then the others'")
      ->required()
      ->expected(2, 100);
  command->add_option("--seeds", flags->seeds, "how many, or which: 3, or 4,7,9")->capture_default_str();
  command->add_option("--budgets", flags->budgets, "factors on each recipe's budget; several give tradeoff curves")
      ->delimiter(',')
      ->capture_default_str();
  add_study_options(*command, *flags);
  command->add_option("--out", flags->out, "directory of runs and report (default: runs/race-DATE)");
  command->add_flag("--resume", flags->resume, "keep what is finished in --out and go on");
  command->add_option("--threads", flags->threads, "threads of the kernels (default: OMP_NUM_THREADS, or all cores)")
      ->check(non_negative());
  command->add_flag("--strict", flags->strict, "exit 4 when a recipe misses the target or a run fails");
  add_json_flag(*command, context);
  command->footer(
      "examples:\n"
      "  hasten race recipes/fashion-mnist/baseline.toml recipes/fashion-mnist/fast.toml\n"
      "  hasten race base.toml mine.toml --seeds 5 --budgets 0.5,1,2 --out runs/curves");
  command->callback([flags, &context] { race(*flags, context); });
}

}  // namespace hasten::cli
