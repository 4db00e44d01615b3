// hasten compare: runs against a baseline, at equal quality. hasten report: the same as a page.
#include <algorithm>
#include <iostream>
#include <memory>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/cli/command.h"
#include "hasten/cli/comparison_options.h"
#include "hasten/evaluate/lint.h"
#include "hasten/report/comparison_html.h"
#include "hasten/report/comparison_text.h"

namespace hasten::cli {
namespace {

struct CompareFlags {
  ComparisonFlags comparison;
  std::string html, title;
  bool markdown = false, csv = false, all = false, strict = false;
};

void write_page(const CompareFlags& flags, const Context& context,
                const std::vector<evaluate::Comparison>& comparisons) {
  write_file_atomic(flags.html,
                    report::comparison_html(comparisons, {.title = flags.title, .command = context.command_line}));
  std::cerr << "report: " << flags.html << "\n";
}

void run_compare(const CompareFlags& flags, Context& context) {
  std::vector<evaluate::Comparison> comparisons = compare_runs(flags.comparison);
  std::vector<evaluate::LintResult> board;
  if (comparisons.size() > 1) board = evaluate::run_board_lints(comparisons);
  if (context.json) {
    Json json{{"comparisons", Json::array()}};
    for (const auto& comparison : comparisons) json["comparisons"].push_back(report::comparison_json(comparison));
    if (!board.empty()) json["board_lints"] = report::lints_json(board);
    print_json(json);
  } else if (flags.csv) {
    std::cout << report::comparison_csv(comparisons);
  } else {
    bool first = true;
    for (const auto& comparison : comparisons) {
      if (!first) std::cout << "\n";
      first = false;
      if (flags.markdown) std::cout << report::comparison_markdown(comparison);
      else std::cout << report::comparison_text(comparison, {.color = stdout_is_terminal(), .all_lints = flags.all});
    }
    if (!board.empty() && flags.markdown) std::cout << report::board_markdown(board);
    if (!board.empty() && !flags.markdown) {
      std::cout << "\nOver all workloads:\n"
                << report::lints_text(board, {.color = stdout_is_terminal(), .all_lints = flags.all});
    }
  }
  if (!flags.html.empty()) write_page(flags, context, comparisons);
  if (!flags.strict) return;
  // Strict: every method must be shown to help, and no check may forbid to publish it.
  for (const auto& comparison : comparisons) {
    bool helps = std::all_of(comparison.pairs.begin(), comparison.pairs.end(),
                             [](const auto& pair) { return pair.verdict == evaluate::Verdict::kHelps; });
    if (!helps || report::has_errors(comparison.lints)) context.exit_code = kStrictFailure;
  }
  if (report::has_errors(board)) context.exit_code = kStrictFailure;
}

}  // namespace

void add_compare(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("compare", "is it really faster? runs against a baseline, at equal quality");
  command->footer(
      "Examples:\n  hasten compare runs/\n  hasten compare runs/ --targets 0.9,0.91,0.92 --html report.html\n  hasten "
      "compare logs/ --baseline adam --metric validation/loss --target 3.28");
  auto flags = std::make_shared<CompareFlags>();
  add_comparison_options(*command, flags->comparison);
  command->add_option("--html", flags->html, "also write a page that opens offline");
  command->add_option("--title", flags->title, "of the page");
  command->add_flag("--markdown", flags->markdown, "print Markdown");
  command->add_flag("--csv", flags->csv, "print one line per run");
  command->add_flag("--all", flags->all, "also list checks that are clean or could not be made");
  command->add_flag("--strict", flags->strict, "exit with 4 unless every method helps and no check is an error");
  add_json_flag(*command, context);
  command->callback([flags, &context] { run_compare(*flags, context); });
}

void add_report(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("report", "a comparison as one self-contained page");
  command->footer("Example:\n  hasten report runs/ --html report.html --title \"Warm-up or not\"");
  auto flags = std::make_shared<CompareFlags>();
  add_comparison_options(*command, flags->comparison);
  command->add_option("--html", flags->html, "the page to write")->required();
  command->add_option("--title", flags->title, "of the page");
  command->callback([flags, &context] { write_page(*flags, context, compare_runs(flags->comparison)); });
}

}  // namespace hasten::cli
