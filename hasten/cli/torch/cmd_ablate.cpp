// hasten ablate: what methods add to a recipe, or what it loses without them.
#include <algorithm>
#include <iostream>
#include <optional>

#include "hasten/base/clock.h"
#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/cli/torch/recipe_options.h"
#include "hasten/cli/torch/study_options.h"
#include "hasten/cli/torch/threads.h"
#include "hasten/evaluate/record_io.h"
#include "hasten/evaluate/verdicts.h"
#include "hasten/report/comparison_text.h"
#include "hasten/report/taxonomy_page.h"
#include "hasten/report/wording.h"
#include "hasten/study/ablate.h"

namespace hasten::cli {
namespace {

struct AblateFlags : StudyFlags {
  std::string recipe, budget = "1dur", seeds = "3";
  std::vector<std::string> add;
  bool leave_out = false, pairs = false;
  std::optional<double> margin;
  int64_t jobs = 1, max_seeds = 0;
};

// Up to `most` in all; those that follow the largest.
std::vector<uint64_t> further_seeds(const std::vector<uint64_t>& seeds, int64_t most) {
  std::vector<uint64_t> further;
  if (most == 0) return further;
  if (most <= static_cast<int64_t>(seeds.size()))
    throw ConfigError("--max-seeds", cat("more than the ", seeds.size(), " of --seeds"), std::to_string(most));
  for (uint64_t next = *std::max_element(seeds.begin(), seeds.end()) + 1;
       static_cast<int64_t>(seeds.size() + further.size()) < most; ++next)
    further.push_back(next);
  return further;
}

AblateOptions ablate_options(const AblateFlags& flags, const Context& context) {
  if (flags.resume && flags.out.empty())
    throw ConfigError("--out", "the directory of the ablation to go on with", "nothing");
  AblateOptions options;
  options.recipe = flags.recipe;
  options.set = flags.set;
  options.add = flags.add;
  options.leave_out = flags.leave_out;
  options.pairs = flags.pairs;
  options.margin = flags.margin;
  options.budget = parse_duration(flags.budget, "--budget");
  options.seeds = read_seeds(flags.seeds);
  options.further_seeds = further_seeds(options.seeds, flags.max_seeds);
  options.jobs = flags.jobs;
  options.threads = threads_of_job(flags.threads, flags.jobs);
  options.out = flags.out.empty() ? "runs/ablate-" + utc_now().substr(0, 19) : flags.out;
  options.resume = flags.resume;
  options.command = context.command_line;
  return options;
}

evaluate::VerdictFile verdict_file(const AblatePlan& plan, const JudgedAblation& judged) {
  evaluate::VerdictFile file;
  file.recipe = plan.title;
  file.recipe_hash = plan.baseline.hash();
  file.budget = to_string(plan.baseline.budget);
  file.command = plan.options.command;
  file.seeds = static_cast<int64_t>(plan.options.seeds.size());
  if (const size_t further = plan.options.further_seeds.size(); further > 0)
    file.max_seeds = file.seeds + static_cast<int64_t>(further);
  file.jobs = plan.options.jobs;
  file.threads = plan.options.threads;
  evaluate::fill_verdicts(file, judged.comparison, judged.ablation);
  file.not_applicable = judged.not_applicable;
  return file;
}

// Most say the same of every side, so a few stand for all; the file and the page have them all.
void say_lint(const evaluate::LintResult& lint) {
  constexpr size_t kShown = 3;
  std::vector<std::string> lines;
  for (const evaluate::Hit& hit : lint.hits) {
    std::string line = cat(evaluate::name(hit.severity), ": ", hit.where.empty() ? "" : hit.where + ": ", hit.message);
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(std::move(line));
  }
  std::cout << "\n" << lint.id << " " << lint.name << "\n";
  for (size_t i = 0; i < std::min(kShown, lines.size()); ++i) std::cout << "  " << lines[i] << "\n";
  if (lines.size() > kShown) std::cout << "  and " << lines.size() - kShown << " more\n";
}

void ablate(const AblateFlags& flags, Context& context) {
  const AblateOptions options = ablate_options(flags, context);
  const RunLauncher launch = child_runs(flags, {"--quiet", "--threads", std::to_string(options.threads)});
  const AblatePlan plan = plan_ablate(options, registry());
  std::cerr << plan.arms.size() + 1 << " sides x " << options.seeds.size() << " seeds of "
            << to_string(plan.baseline.budget) << " each, " << options.jobs << " at a time";
  if (!options.further_seeds.empty())
    std::cerr << "; then up to " << options.further_seeds.size() << " seeds more where they would decide";
  std::cerr << "\n";
  const AblateResult result =
      run_ablate(plan, launch, [](const RunRequest& request, RunEnd end, size_t ended, size_t count) {
        std::cerr << "run " << ended << "/" << count << "  " << request.group << "  seed " << request.seed
                  << (end == RunEnd::kFailed ? "  failed" : "") << "\n";
      });
  if (result.interrupted) return say_how_to_go_on(flags, plan.options.out, context);
  if (result.runs.empty()) {
    std::cerr << "error: no run finished; the errors are above\n";
    context.exit_code = result.exit_code;
    return;
  }
  const JudgedAblation judged = judge_runs(plan, result.runs);
  const evaluate::VerdictFile file = verdict_file(plan, judged);
  const std::filesystem::path verdicts = plan.options.out / "verdicts.json", page = plan.options.out / "report.html";
  write_file_atomic(verdicts, evaluate::to_json(file).dump(2) + "\n");
  write_file_atomic(
      page, report::taxonomy_page(registry().catalogue(), {file}, {"Ablation of " + plan.title, context.command_line}));
  if (context.json) {
    print_json(evaluate::to_json(file));
  } else {
    std::cout << report::verdicts_text(file);
    for (const evaluate::LintResult* lint : report::fired_lints(judged.comparison.lints)) say_lint(*lint);
    std::cout << "\nverdicts  " << verdicts.string() << "\nreport    " << page.string() << "\n";
  }
  if (flags.strict && report::has_errors(judged.comparison.lints)) context.exit_code = kStrictFailure;
  if (result.failed > 0 && context.exit_code == kSuccess) context.exit_code = result.exit_code;
}

}  // namespace

void add_ablate(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("ablate", "what methods add to a recipe, or what it loses without each, at equal budget");
  auto flags = std::make_shared<AblateFlags>();
  command->add_option("recipe", flags->recipe, "the baseline, tuned and with a full decay of its rate")->required();
  command
      ->add_option(
          "--add", flags->add,
          "methods as --with takes them, each compared alone; all: every one that applies; 'METHOD vs CONTROL': "
          "with a control, too")
      ->allow_extra_args(false);
  command->add_flag("--leave-out", flags->leave_out, "compare the recipe without each of its methods");
  command->add_flag("--pairs", flags->pairs, "any two of the methods together too: whether gains add up");
  command
      ->add_option("--budget", flags->budget,
                   "of each run: 60s, 2ep, 0.5dur of the recipe's own, ...; of seconds cost is equal")
      ->capture_default_str();
  command->add_option("--seeds", flags->seeds, "how many, or which: 3, or 4,7,9")->capture_default_str();
  command
      ->add_option("--max-seeds", flags->max_seeds,
                   "up to so many where a verdict is open and they would decide it; intervals of both looks are wider")
      ->check(positive());
  command
      ->add_option(
          "--margin", flags->margin,
          "largest difference of the metric that counts as none (default: 0.002 where larger is better, else 0.005)")
      ->check(non_negative());
  command->add_option("--jobs", flags->jobs, "runs at a time")->capture_default_str()->check(positive());
  command
      ->add_option("--threads", flags->threads,
                   "threads of each run (default: those of OMP_NUM_THREADS, or all cores, divided among the jobs)")
      ->check(non_negative());
  add_study_options(*command, *flags);
  command->add_option("--out", flags->out, "directory of runs, verdicts and report (default: runs/ablate-DATE)");
  command->add_flag("--resume", flags->resume, "go on with the ablation in --out");
  command->add_flag("--strict", flags->strict, "exit 4 when a check of the comparison is an error");
  add_json_flag(*command, context);
  command->footer(
      "examples:\n"
      "  hasten ablate base.toml --add cutout --add 'mixup(alpha=0.2)' --budget 60s --seeds 5 --jobs 2\n"
      "  hasten ablate base.toml --add all --budget 60s --out runs/all\n"
      "  hasten ablate recipes/fashion-mnist/fast.toml --leave-out");
  command->callback([flags, &context] { ablate(*flags, context); });
}

}  // namespace hasten::cli
