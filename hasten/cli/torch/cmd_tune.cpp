// hasten tune: a search for the settings of one or more recipes.
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "hasten/base/clock.h"
#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/cli/torch/recipe_options.h"
#include "hasten/cli/torch/study_options.h"
#include "hasten/cli/torch/threads.h"
#include "hasten/cli/torch/tune_report.h"
#include "hasten/meter/device.h"

namespace hasten::cli {
namespace {

struct TuneFlags : StudyFlags {
  std::string space, budget = "1dur", on = "validation", search = "sobol";
  int64_t trials = 16, rungs = 0, jobs = 1;
  double reduction = 3;
  uint64_t seed = 0;
};

template <class Enum>
Enum read_word(const std::string& text, const std::string& flag) {
  std::vector<std::string> words;
  for (std::string_view word : choices(Enum{})) words.emplace_back(word);
  const auto found = std::find(words.begin(), words.end(), text);
  if (found == words.end()) throw ConfigError(flag, ordinal_list(words, "or"), "'" + text + "'", suggest(text, words));
  return static_cast<Enum>(found - words.begin());
}

TuneOptions tune_options(const TuneFlags& flags, const Context& context) {
  if (flags.resume && flags.out.empty())
    throw ConfigError("--out", "the directory of the search to go on with", "nothing");
  TuneOptions options;
  options.recipes.assign(flags.recipes.begin(), flags.recipes.end());
  options.set = flags.set;
  options.space = flags.space;
  options.trials = flags.trials;
  options.budget = parse_duration(flags.budget, "--budget");
  options.on = read_word<Split>(flags.on, "--on");
  options.reduction = flags.reduction;
  options.rungs = flags.rungs;
  options.search = read_word<SearchKind>(flags.search, "--search");
  options.seed = flags.seed;
  options.jobs = flags.jobs;
  options.threads = threads_of_job(flags.threads, flags.jobs);
  options.device = find_device(flags.device, "--device").str();
  options.price = flags.price;
  options.out = flags.out.empty() ? cat("runs/tune-", utc_now().substr(0, 19), "-", getpid()) : flags.out;
  options.resume = flags.resume;
  options.command = context.command_line;
  return options;
}

void say_what_is_searched(const TunePlan& plan) {
  if (plan.options.on == Split::kTest) {
    std::cerr << "warning: trials are judged on the test part, so what a comparison measures there is too good (L13)\n";
  }
  for (const TuneSide& side : plan.sides) {
    if (!side.outside.empty()) {
      std::cerr << "note: the settings of " << side.recipe.name
                << " itself are not among its trials, since the space does not "
                << "hold " << side.outside << "\n";
    }
    std::cerr << side.recipe.name << ":";
    for (size_t r = 0; r < plan.rungs.size(); ++r) {
      std::cerr << (r > 0 ? ", then " : " ") << plan.rungs[r].trials << " x " << to_string(side.budgets[r]);
    }
    std::cerr << "\n";
  }
}

void say_what_ended(const TunePlan& plan, const TuneProgress& done) {
  const TuneSide& side = plan.sides[done.side];
  std::cerr << "run " << done.ended << "/" << done.count << "  " << side.recipe.name << "  trial " << done.trial << "  "
            << to_string(side.budgets[done.rung]) << "  " << trial_quality_text(plan, done.side, done.result) << "  "
            << join(plan.trial(done.side, done.trial).settings, " ") << "\n";
}

void tune(const TuneFlags& flags, Context& context) {
  TuneOptions options = tune_options(flags, context);
  RunLauncher launch = child_runs(flags, {"--quiet", "--threads", std::to_string(options.threads)});
  TunePlan plan = plan_tune(options, registry());
  say_what_is_searched(plan);
  TuneResult result = run_tune(plan, launch, [&plan](const TuneProgress& done) { say_what_ended(plan, done); });
  if (result.interrupted) return say_how_to_go_on(flags, plan.options.out, context);
  Json json = tune_json(plan, result);
  write_file_atomic(plan.options.out / "result.json", json.dump(2) + "\n");
  if (context.json) print_json(json);
  else std::cout << tune_text(plan, result);
  const bool all_found =
      std::all_of(result.sides.begin(), result.sides.end(), [](const SideResult& side) { return side.found; });
  if (result.failed > 0) context.exit_code = result.exit_code;
  else if (flags.strict && !all_found) context.exit_code = kStrictFailure;
}

}  // namespace

void add_tune(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("tune", "search for the settings of recipes, with the same effort for each");
  auto flags = std::make_shared<TuneFlags>();
  command->add_option("recipes", flags->recipes, "one recipe, or the baseline's and then the others'")
      ->required()
      ->expected(1, 100);
  command
      ->add_option("--space", flags->space, "TOML file: optimizer.lr = {low = 1e-3, high = 1.0, scale = \"log\"}, ...")
      ->required();
  command->add_option("--trials", flags->trials, "settings that are tried, of each recipe")->capture_default_str();
  command->add_option("--budget", flags->budget, "of the longest trials: 2ep, 500step, 0.5dur of the recipe's own, ...")
      ->capture_default_str();
  command->add_option("--on", flags->on, "split that judges them: validation, or test (which comparisons then tell)")
      ->type_name("TEXT:{validation,test}")
      ->capture_default_str();
  command->add_option("--rungs", flags->rungs, "budgets, from the shortest; 1: all trials in full; 0: by --trials")
      ->capture_default_str();
  command->add_option("--reduction", flags->reduction, "of the trials, and growth of the budget, from rung to rung")
      ->capture_default_str();
  command->add_option("--search", flags->search, "how settings are drawn")
      ->type_name("TEXT:{sobol,random}")
      ->capture_default_str();
  command->add_option("--seed", flags->seed, "of the search and its runs")
      ->capture_default_str()
      ->check(whole_number(0, int64_t{1} << 50));
  command->add_option("--jobs", flags->jobs, "runs at a time")->capture_default_str();
  command
      ->add_option("--threads", flags->threads,
                   "threads of each run (default: those of OMP_NUM_THREADS, or all cores, divided among the jobs)")
      ->check(non_negative());
  add_study_options(*command, *flags);
  command->add_option("--out", flags->out, "directory of runs and recipes (default: runs/tune-DATE)");
  command->add_flag("--resume", flags->resume, "go on with the search in --out");
  command->add_flag("--strict", flags->strict, "exit 4 when a recipe has no trial with a result");
  add_json_flag(*command, context);
  command->footer(
      "examples:\n"
      "  hasten tune my.toml --space space.toml --trials 27 --budget 4ep --jobs 2\n"
      "  hasten tune baseline.toml fast.toml --space space.toml --set data.validation=5000 --out runs/tuned");
  command->callback([flags, &context] { tune(*flags, context); });
}

}  // namespace hasten::cli
