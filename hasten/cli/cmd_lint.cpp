// hasten lint: the checks of a comparison alone, and of a written claim against the logs.
#include <algorithm>
#include <iostream>
#include <memory>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/cli/command.h"
#include "hasten/cli/comparison_options.h"
#include "hasten/evaluate/claim_file.h"
#include "hasten/evaluate/importers/csv.h"
#include "hasten/evaluate/lint.h"
#include "hasten/report/comparison_text.h"
#include "hasten/report/table.h"

namespace hasten::cli {
namespace {

struct LintFlags {
  ComparisonFlags comparison;
  std::string claim, cost_table, explain;
  bool list = false, all = false, strict = false;
};

// One report: of a workload, or of a claim on it.
struct Checked {
  std::string title;
  std::vector<evaluate::LintResult> lints;
};

Json lint_json(const evaluate::Lint& lint) {
  return {{"id", lint.id},
          {"name", lint.name},
          {"severity", evaluate::name(lint.severity)},
          {"explanation", lint.explanation},
          {"source", lint.source}};
}

void list_lints(bool json) {
  if (json) {
    Json list = Json::array();
    for (const auto& lint : evaluate::all_lints()) list.push_back(lint_json(lint));
    print_json(list);
    return;
  }
  report::Table table{{"id", "name", "severity", "why"}, {}, 4};
  for (const auto& lint : evaluate::all_lints()) {
    table.rows.push_back({std::string(lint.id), std::string(lint.name), std::string(evaluate::name(lint.severity)),
                          std::string(lint.explanation)});
  }
  std::cout << report::terminal_table(table);
}

void explain_lint(const std::string& word, bool json) {
  const evaluate::Lint* lint = evaluate::find_lint(word);
  if (!lint) {
    std::vector<std::string> names;
    for (const auto& one : evaluate::all_lints()) names.emplace_back(one.name);
    throw ConfigError("--explain", "the id or name of a lint", "'" + word + "'", suggest(word, names));
  }
  if (json) return print_json(lint_json(*lint));
  std::cout << lint->id << " " << lint->name << " (" << evaluate::name(lint->severity) << ")\n"
            << lint->explanation << "\nsource: " << lint->source << "\n";
}

std::vector<std::pair<double, double>> read_cost_table(const std::string& path) {
  evaluate::CsvReader csv(path);
  if (csv.header().size() != 2) throw DataError(path, "line 1", "expected two columns: size and cost");
  std::vector<std::pair<double, double>> table;
  std::vector<std::string_view> cells;
  while (csv.next(cells)) {
    auto size = evaluate::parse_number(cells[0]), cost = evaluate::parse_number(cells[1]);
    if (!size || !cost) throw DataError(path, cat("line ", csv.line()), "expected two numbers");
    table.emplace_back(*size, *cost);
  }
  return table;
}

std::string title_of(const evaluate::Comparison& comparison) {
  return comparison.workload.empty() ? "these runs" : comparison.workload;
}

// A claim brings its own target, metric, groups and unit, as far as it names them.
void check_claims(const LintFlags& flags, const std::vector<std::pair<double, double>>& cost_table,
                  std::vector<Checked>& checked) {
  for (evaluate::Claim& claim : evaluate::read_claims(flags.claim)) {
    ComparisonFlags comparison = flags.comparison;
    if (claim.target) comparison.target = claim.target;
    if (!claim.metric.empty()) comparison.metric = claim.metric;
    if (!claim.baseline.empty()) comparison.baseline = claim.baseline;
    if (!claim.workload.empty()) comparison.workload = claim.workload;
    if (claim.says_cost || comparison.cost.empty()) comparison.cost = std::string(evaluate::name(claim.cost));
    else claim.cost = evaluate::parse_cost(comparison.cost, "--cost");
    std::string title = claim.statement.empty() ? claim.id : "\"" + claim.statement + "\"";
    auto comparisons = compare_runs(comparison);
    const bool several = comparisons.size() > 1;
    for (const auto& one : comparisons) {
      evaluate::LintInput input{one, &claim, {}, cost_table};
      if (several) input.board = comparisons;
      checked.push_back({several ? title + " on " + title_of(one) : title, evaluate::run_lints(input)});
    }
    if (several) checked.push_back({title + " over all workloads", evaluate::run_board_lints(comparisons)});
  }
}

void run_lint(const LintFlags& flags, Context& context) {
  if (flags.list) return list_lints(context.json);
  if (!flags.explain.empty()) return explain_lint(flags.explain, context.json);
  std::vector<std::pair<double, double>> cost_table;
  if (!flags.cost_table.empty()) cost_table = read_cost_table(flags.cost_table);
  std::vector<Checked> checked;
  if (!flags.claim.empty()) {
    check_claims(flags, cost_table, checked);
  } else {
    auto comparisons = compare_runs(flags.comparison);
    const bool several = comparisons.size() > 1;
    for (const auto& comparison : comparisons) {
      evaluate::LintInput input{comparison, nullptr, {}, cost_table};
      if (several) input.board = comparisons;
      checked.push_back({title_of(comparison), evaluate::run_lints(input)});
    }
    if (several) checked.push_back({"over all workloads", evaluate::run_board_lints(comparisons)});
  }
  Json json = Json::array();
  for (const Checked& one : checked) {
    if (context.json) {
      json.push_back({{"of", one.title}, {"lints", report::lints_json(one.lints)}});
    } else {
      std::cout << report::printable(one.title) << "\n"
                << report::lints_text(one.lints, {.color = stdout_is_terminal(), .all_lints = flags.all});
    }
    if (flags.strict && report::has_errors(one.lints)) context.exit_code = kStrictFailure;
  }
  if (context.json) print_json(json);
}

}  // namespace

void add_lint(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("lint", "43 checks of a comparison, and of a written claim against its logs");
  command->footer(
      "Examples:\n  hasten lint runs/ --strict\n  hasten lint logs/ --claim claim.toml\n  hasten lint --explain L08");
  auto flags = std::make_shared<LintFlags>();
  add_comparison_options(*command, flags->comparison);
  command->add_option("--claim", flags->claim, "a TOML file with [[claim]] tables")->check(CLI::ExistingFile);
  command->add_option("--cost-table", flags->cost_table, "a CSV of size and cost, checked by L39")
      ->check(CLI::ExistingFile);
  command->add_option("--explain", flags->explain, "what one lint means and where it comes from");
  command->add_flag("--list", flags->list, "all lints, a line each");
  command->add_flag("--all", flags->all, "also those that are clean or could not be checked, with what is missing");
  command->add_flag("--strict", flags->strict, "exit with 4 when a lint fires as an error");
  add_json_flag(*command, context);
  command->callback([flags, &context] { run_lint(*flags, context); });
}

}  // namespace hasten::cli
