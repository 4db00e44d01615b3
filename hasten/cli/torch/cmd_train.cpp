// hasten train: one run of one recipe.
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <optional>

#include "hasten/base/clock.h"
#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/cli/interrupt.h"
#include "hasten/cli/torch/progress.h"
#include "hasten/cli/torch/recipe_options.h"
#include "hasten/cli/torch/threads.h"
#include "hasten/evaluate/cost.h"
#include "hasten/evaluate/price.h"
#include "hasten/evaluate/record_io.h"
#include "hasten/meter/device.h"
#include "hasten/nn/fused.h"

namespace hasten::cli {
namespace {

struct TrainFlags {
  std::string recipe, out, group, role, profile, device;
  std::optional<std::string> price;
  RecipeEdits edits;
  std::optional<uint64_t> seed;
  int64_t planned_runs = 0;
  int threads = 0;
  bool resume = false, quiet = false, no_summary = false, strict = false, watch = false, choose_threads = false,
       no_graph = false, no_fusion = false;
};

evaluate::Role read_role(const std::string& text) {
  if (text.empty()) return evaluate::Role::kUnknown;
  for (evaluate::Role role :
       {evaluate::Role::kBaseline, evaluate::Role::kMethod, evaluate::Role::kReference, evaluate::Role::kUnknown}) {
    if (evaluate::name(role) == text) return role;
  }
  throw ConfigError("--role", "baseline, method or reference", "'" + text + "'");
}

std::string default_out(const Recipe& recipe, uint64_t seed) {
  return cat("runs/", recipe.name, "-seed", seed, "-", utc_now().substr(0, 19), "-", getpid());
}

// A resumed run has its seed; without a record the trainer says that there is no run.
uint64_t seed_of(const TrainFlags& flags) {
  if (flags.seed) return *flags.seed;
  const std::filesystem::path file = std::filesystem::path(flags.out) / "run.json";
  if (!flags.resume || !std::filesystem::exists(file)) return 0;
  return static_cast<uint64_t>(evaluate::record_from_json(read_json(file), file).seed.value_or(0));
}

// "steps=10..20" or "steps=10..20,out=trace.json"
ProfileSteps parse_profile(const std::string& text) {
  auto refuse = [&](const std::string& expected) {
    return ConfigError("--profile", expected, "'" + text + "'", "--profile steps=10..20 takes ten steps");
  };
  ProfileSteps steps{-1, -1, {}};
  for (const std::string& item : split(text, ',')) {
    if (item.rfind("out=", 0) == 0 && item.size() > 4) {
      steps.file = item.substr(4);
      continue;
    }
    const size_t dots = item.find("..");
    if (item.rfind("steps=", 0) != 0 || dots == std::string::npos) throw refuse("steps=FIRST..LAST, and out=FILE");
    const std::string first = item.substr(6, dots - 6), last = item.substr(dots + 2);
    auto number = [&](const std::string& digits) {
      if (digits.empty() || digits.size() > 15 || digits.find_first_not_of("0123456789") != std::string::npos)
        throw refuse("whole numbers of steps");
      return static_cast<int64_t>(std::stoll(digits));
    };
    steps.first = number(first);
    steps.last = number(last);
  }
  if (steps.first < 0) throw refuse("steps=FIRST..LAST");
  if (steps.last <= steps.first) throw refuse("a last step behind the first one");
  return steps;
}

std::string joules_text(const evaluate::Totals& totals) {
  return totals.joules ? si(*totals.joules) + "J" : "energy unavailable";
}

// ", $0.0123, 4.5 g CO2": what is known of it.
std::string price_text(const evaluate::RunRecord& record) {
  std::string text;
  if (auto dollars = evaluate::usd(record)) text += ", " + evaluate::cost_text(evaluate::Cost::kUsd, *dollars);
  if (auto grams = evaluate::grams_co2(record)) text += ", " + significant(*grams, 3) + " g CO2";
  return text;
}

void print_summary(const TrainResult& result, const Plan& plan, const std::string& out) {
  const evaluate::Totals& totals = result.record.executed;
  const Metric& metric = plan.run.metric;
  std::cout << evaluate::name(result.record.status);
  if (!result.record.status_detail.empty()) std::cout << " (" << result.record.status_detail << ")";
  if (result.quality) std::cout << ": " << metric.name() << " " << quality_text(metric, *result.quality);
  if (result.quality && plan.run.target) {
    std::cout << " (target " << quality_text(metric, *plan.run.target)
              << (result.reached_target ? " reached" : " missed") << ")";
  }
  std::cout << "\ntrain " << duration_text(*totals.train_s) << ", total " << duration_text(*totals.total_s) << ", "
            << si(*totals.samples) << " samples, " << si(*totals.flops) << "FLOPs, " << joules_text(totals)
            << price_text(result.record) << "\nrun " << out << "\n";
}

int exit_code(const TrainResult& result, const Plan& plan, bool strict) {
  if (result.record.status == evaluate::Status::kInterrupted) return kInterruptedBySignal;
  bool missed = plan.run.target && !result.reached_target;
  return strict && (missed || result.record.status != evaluate::Status::kOk) ? kStrictFailure : kSuccess;
}

// The first few names; all of them are in run.json.
std::string names_text(const std::vector<std::string>& names) {
  constexpr size_t kShown = 6;
  std::vector<std::string> shown(names.begin(), names.begin() + std::min(kShown, names.size()));
  return join(shown, ", ") + (names.size() > kShown ? cat(" and ", names.size() - kShown, " more") : "");
}

// What became of the names of model.init.
void print_start(const evaluate::RunRecord& record) {
  for (const evaluate::SourceFile& file : record.files) {
    if (file.use != "init") continue;
    std::cerr << "init " << file.path << ": " << file.loaded.value_or(0) << " tensors\n";
    if (!file.missing.empty()) std::cerr << "  missing in the file: " << names_text(file.missing) << "\n";
    if (!file.skipped.empty()) std::cerr << "  skipped by init_skip: " << names_text(file.skipped) << "\n";
    if (!file.unexpected.empty()) std::cerr << "  left over in the file: " << names_text(file.unexpected) << "\n";
  }
}

void train(TrainFlags& flags, Context& context) {
  int64_t start = now_ns();
  set_threads(flags.threads);
  Recipe recipe = load_recipe(flags.recipe, registry().catalogue(), flags.edits);
  if (flags.out.empty()) {
    if (flags.resume) throw ConfigError("--out", "the directory of the run to resume", "nothing");
    flags.out = default_out(recipe, seed_of(flags));
  }
  ProgressPrinter printer(flags.group.empty() ? "" : flags.group + "  ", stderr_is_terminal(), flags.watch);
  TrainOptions options;
  options.out = flags.out;
  options.seed = seed_of(flags);
  options.resume = flags.resume;
  options.group = flags.group;
  options.role = read_role(flags.role);
  if (flags.planned_runs > 0) options.planned_runs = flags.planned_runs;
  options.stop = catch_interrupts();
  if (flags.quiet && flags.watch) throw ConfigError("--watch", "a run that may print", "--quiet");
  options.listener = flags.quiet ? nullptr : &printer;
  options.start_ns = start;
  options.device = find_device(flags.device, "--device");
  use_fused_kernels(!flags.no_fusion);
  if (options.device.is_cuda() && !flags.no_graph) options.step_graphs = cuda_step_graphs();
  options.choose_threads = flags.choose_threads;
  if (flags.price) options.price = evaluate::parse_price(*flags.price, "--price");
  if (!flags.profile.empty()) options.profile = parse_profile(flags.profile);
  Trainer trainer(recipe, registry(), options);
  if (!flags.quiet) print_start(trainer.record());
  TrainResult result = trainer.run();
  if (context.json) {
    print_json({{"run", flags.out},
                {"record", evaluate::to_json(result.record)},
                {"quality", result.quality ? Json(*result.quality) : Json()},
                {"reached_target", result.reached_target}});
  } else if (!flags.quiet && !flags.no_summary) {
    print_summary(result, trainer.plan(), flags.out);
  }
  context.exit_code = exit_code(result, trainer.plan(), flags.strict);
}

}  // namespace

void add_train(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("train", "train a recipe and record the run");
  auto flags = std::make_shared<TrainFlags>();
  command->add_option("recipe", flags->recipe, "recipe file (.toml, or .json as resolved)")->required();
  add_recipe_edits(*command, flags->edits);
  command->add_option("--seed", flags->seed, "of weights, order and augmentation (default: 0, or the resumed run's)")
      ->check(whole_number(0));
  command->add_option("--out", flags->out, "run directory (default: runs/NAME-seedN-DATE)");
  command->add_flag("--resume", flags->resume, "go on from the newest checkpoint in --out");
  command->add_option("--threads", flags->threads, "threads of the kernels (default: OMP_NUM_THREADS, or all cores)")
      ->check(non_negative());
  add_device_option(*command, flags->device);
  command->add_flag("--no-fusion", flags->no_fusion,
                    "on a CPU: LibTorch's operators instead of hasten's own kernels, for comparison");
  command->add_flag("--no-graph", flags->no_graph,
                    "on a GPU: launch the kernels of every step anew, also where steps could be replayed as a graph");
  command->add_flag(
      "--choose-threads", flags->choose_threads,
      "1 thread or all, measured before the first step; for small nets. Runs that choose otherwise differ "
      "in their last bits");
  command->add_option("--group", flags->group, "name shared by runs of one recipe (default: the recipe's)");
  command->add_option("--role", flags->role, "in a comparison")->type_name("TEXT:{baseline,method,reference}");
  command->add_option("--planned-runs", flags->planned_runs, "how many runs of this group are launched")
      ->check(whole_number(1));
  command->add_option("--profile", flags->profile,
                      "steps=10..20: a trace of these steps in the run's directory (or out=FILE), for 'hasten diagnose "
                      "--trace', Perfetto and others");
  command->add_option(
      "--price", flags->price,
      "of the machine and its energy: usd_per_hour=0.9,grams_co2_per_kwh=380,source=TEXT,date=2026-11-25");
  command->add_flag("--watch", flags->watch,
                    "say once, in a line, when training waits for samples, for values of the device, for the "
                    "container's processors or for memory");
  command->add_flag("--quiet", flags->quiet, "print nothing but errors");
  command->add_flag("--no-summary", flags->no_summary, "print progress but no result");
  command->add_flag("--strict", flags->strict, "exit 4 when the target is missed or the run diverges");
  add_json_flag(*command, context);
  command->footer(
      "examples:\n"
      "  hasten train recipes/fashion-mnist/fast.toml --seed 1\n"
      "  hasten train my.toml --with 'label_smoothing(amount=0.2)' --set budget.train=4ep\n"
      "  hasten train my.toml --out runs/a --resume");
  command->callback([flags, &context] { train(*flags, context); });
}

}  // namespace hasten::cli
