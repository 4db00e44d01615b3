// Shared options of the commands that compare runs.
#include "hasten/cli/comparison_options.h"

#include <algorithm>
#include <iostream>
#include <map>
#include <set>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/importers/importers.h"
#include "hasten/evaluate/price.h"
#include "hasten/report/table.h"

namespace hasten::cli {

void add_comparison_options(CLI::App& command, ComparisonFlags& flags) {
  command.add_option("runs", flags.runs, "run directories, folders of them, or logs that `hasten import` knows");
  command.add_option("--baseline", flags.baseline,
                     "the group to compare against (else: role baseline, or of that name)");
  command.add_option("--metric", flags.metric, "quality, such as test/accuracy (else: as recorded)");
  command.add_option("--target", flags.target, "quality to reach (else: as recorded, or the baseline's own)");
  command.add_option("--targets", flags.targets, "further qualities to read the speedup at")->delimiter(',');
  command.add_option(
      "--cost", flags.cost,
      "train_s, total_s, steps, samples, tokens, flops, joules or usd (else: the first that all record)");
  command.add_option("--time-to-target", flags.variant, "which time counts")
      ->type_name("TEXT:{auto,first,planned,common,sustained}")
      ->capture_default_str();
  command.add_option("--sustained", flags.sustained, "evaluations in a row that count as sustained")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000000));
  command.add_option("--confidence", flags.confidence, "of the intervals")
      ->capture_default_str()
      ->check(CLI::Range(0.5, 0.9999));
  command.add_option("--alpha", flags.alpha, "for passing the target")
      ->capture_default_str()
      ->check(CLI::Range(1e-6, 0.5));
  command.add_option("--margin", flags.margin, "speedups within 1 + margin count as no difference")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  command.add_option("--workload", flags.workload, "only this one");
  command.add_option(
      "--price", flags.prices,
      "for logs that have none: usd_per_hour=3.06,source=TEXT,date=2026-01-31; with group=NAME of one group");
  command.add_option("--mapping", flags.mapping, "of CSV and JSONL logs: wandb, mlflow, lightning, or a TOML file");
}

namespace {

void apply_prices(const ComparisonFlags& flags, std::vector<evaluate::Run>& runs) {
  std::vector<std::string> groups;
  for (const auto& run : runs) groups.push_back(run.record.group);
  for (const std::string& text : flags.prices) {
    const auto [group, price] = evaluate::parse_group_price(text, "--price");
    if (!group.empty() && std::find(groups.begin(), groups.end(), group) == groups.end())
      throw ConfigError("--price", "a group of these runs", "'" + group + "'", suggest(group, groups));
    for (auto& run : runs) {
      if (group.empty() || run.record.group == group) run.record.price = price;
    }
  }
}

}  // namespace

std::vector<evaluate::Comparison> compare_runs(const ComparisonFlags& flags) {
  if (flags.runs.empty()) throw ConfigError("runs", "at least one run or log", "none", "hasten compare runs/");
  evaluate::CompareOptions options;
  options.baseline = flags.baseline;
  options.metric = flags.metric;
  options.target = flags.target;
  options.targets = flags.targets;
  if (!flags.cost.empty()) options.cost = evaluate::parse_cost(flags.cost, "--cost");
  options.variant = evaluate::parse_variant(flags.variant, "--time-to-target");
  options.sustained = flags.sustained;
  options.confidence = flags.confidence;
  options.alpha = flags.alpha;
  options.margin = flags.margin;
  evaluate::ImportOptions import;
  import.mapping = flags.mapping;
  std::vector<evaluate::Run> runs = evaluate::load_runs(flags.runs, import);
  if (runs.empty()) throw ConfigError("runs", "a log with at least one run", "none in " + join(flags.runs, ", "));
  apply_prices(flags, runs);
  if (!flags.workload.empty()) {
    std::set<std::string> names;
    for (const auto& run : runs) names.insert(run.record.workload);
    if (!names.count(flags.workload)) {
      throw ConfigError("--workload", "a workload of these runs", "'" + flags.workload + "'",
                        suggest(flags.workload, {names.begin(), names.end()}));
    }
    std::erase_if(runs, [&](const evaluate::Run& run) { return run.record.workload != flags.workload; });
  }
  // Among several workloads, one that a single group ran has nothing to compare.
  std::map<std::string, std::set<std::string>> groups;
  for (const auto& run : runs) {
    if (run.record.status != evaluate::Status::kMissing) groups[run.record.workload].insert(run.record.group);
  }
  bool several = std::any_of(groups.begin(), groups.end(), [](const auto& one) { return one.second.size() > 1; });
  for (const auto& [workload, names] : groups) {
    if (!several || names.size() > 1) continue;
    std::cerr << "note: " << report::printable(workload + " is left out: only " + *names.begin() + " ran it") << "\n";
    std::erase_if(runs, [&](const evaluate::Run& run) { return run.record.workload == workload; });
  }
  return evaluate::compare_workloads(std::move(runs), options);
}

}  // namespace hasten::cli
