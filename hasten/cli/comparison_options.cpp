// Shared options of the commands that compare runs.
#include "hasten/cli/comparison_options.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <map>
#include <set>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/importers/csv.h"
#include "hasten/evaluate/importers/importers.h"

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
  command.add_option("--time-to-target", flags.variant, "planned, first, common or sustained")->capture_default_str();
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
  command.add_option("--price", flags.prices,
                     "what the hardware costs, for logs that do not say: \"3.06 USD/h\", or \"GROUP=3.06 USD/h\"");
  command.add_option("--price-date", flags.price_date, "of these prices, as 2026-01-31");
  command.add_option("--price-source", flags.price_source, "of these prices, such as a price list");
  command.add_option("--mapping", flags.mapping, "of CSV and JSONL logs: wandb, mlflow, lightning, or a TOML file");
}

namespace {

// "3.06 USD/h" with its unit: a price per month or in another currency would be a number as well.
double dollars_per_hour(const std::string& text) {
  std::string_view rest = trim(text);
  if (!rest.empty() && rest.front() == '$') rest.remove_prefix(1);
  size_t digits = std::min(rest.find_first_not_of("0123456789."), rest.size());
  auto amount = evaluate::parse_number(rest.substr(0, digits));
  std::string_view unit = trim(rest.substr(digits));
  bool dollar = trim(text).front() == '$';
  bool known = dollar ? unit == "/h" || unit == "/hour" : unit == "USD/h" || unit == "USD/hour";
  if (!amount || !(*amount > 0) || !std::isfinite(*amount) || !known) {
    throw ConfigError("--price", "dollars an hour of all the hardware of one run, such as \"3.06 USD/h\"",
                      "'" + text + "'", "convert other currencies and times; --price-date says when");
  }
  return *amount;
}

bool is_date(const std::string& text) {
  int year = 0, month = 0, day = 0, read = 0;
  return text.size() == 10 && std::sscanf(text.c_str(), "%4d-%2d-%2d%n", &year, &month, &day, &read) == 3 &&
         read == 10 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

void apply_prices(const ComparisonFlags& flags, std::vector<evaluate::Run>& runs) {
  if (flags.prices.empty()) {
    if (!flags.price_date.empty() || !flags.price_source.empty())
      throw ConfigError("--price", "a price that --price-date and --price-source belong to", "none");
    return;
  }
  if (!flags.price_date.empty() && !is_date(flags.price_date))
    throw ConfigError("--price-date", "a date such as 2026-01-31", "'" + flags.price_date + "'");
  std::vector<std::string> groups;
  for (const auto& run : runs) groups.push_back(run.record.group);
  for (const std::string& text : flags.prices) {
    size_t cut = text.rfind('=');
    std::string group = cut == std::string::npos ? "" : text.substr(0, cut);
    double price = dollars_per_hour(cut == std::string::npos ? text : text.substr(cut + 1));
    if (!group.empty() && std::find(groups.begin(), groups.end(), group) == groups.end())
      throw ConfigError("--price", "a group of these runs before the '='", "'" + group + "'", suggest(group, groups));
    for (auto& run : runs) {
      if (!group.empty() && run.record.group != group) continue;
      run.record.price.usd_per_hour = price;
      run.record.price.date = flags.price_date;
      run.record.price.source = flags.price_source;
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
    std::cerr << "note: " << workload << " is left out: only " << *names.begin() << " ran it\n";
    std::erase_if(runs, [&](const evaluate::Run& run) { return run.record.workload == workload; });
  }
  return evaluate::compare_workloads(std::move(runs), options);
}

}  // namespace hasten::cli
