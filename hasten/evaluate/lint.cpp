// Running the lints.
#include "hasten/evaluate/lint.h"

#include <algorithm>
#include <iterator>

#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate {
namespace {

constexpr std::string_view kBoardLints[] = {"L36", "L37", "L38"};

}  // namespace

std::string_view name(Severity severity) {
  constexpr std::string_view kNames[] = {"info", "warning", "error"};
  return kNames[static_cast<size_t>(severity)];
}

std::string_view name(Outcome outcome) {
  constexpr std::string_view kNames[] = {"clean", "fired", "not checkable"};
  return kNames[static_cast<size_t>(outcome)];
}

void Check::fire(Severity severity, std::string where, std::string message) {
  hits.push_back({severity, std::move(where), std::move(message)});
}

void Check::missing(std::string field) {
  if (std::find(fields.begin(), fields.end(), field) == fields.end()) fields.push_back(std::move(field));
}

const std::vector<Lint>& all_lints() {
  static const std::vector<Lint> lints = lints::list();
  return lints;
}

const Lint* find_lint(std::string_view word) {
  for (const Lint& lint : all_lints()) {
    if (lint.id == word || lint.name == word) return &lint;
  }
  return nullptr;
}

LintResult run_lint(const Lint& lint, const LintInput& input) {
  Check check(lint.severity);
  lint.check(input, check);
  LintResult result{lint.id, lint.name, lint.explanation, lint.severity, Outcome::kClean, {}, {}};
  if (!check.fields.empty()) result.outcome = Outcome::kNotCheckable;
  if (!check.hits.empty()) result.outcome = Outcome::kFired;
  result.hits = std::move(check.hits);
  result.missing = std::move(check.fields);
  return result;
}

std::vector<LintResult> run_lints(const LintInput& input) {
  std::vector<LintResult> results;
  for (const Lint& lint : all_lints()) {
    if (input.board.empty() || !is_board_lint(lint.id)) results.push_back(run_lint(lint, input));
  }
  return results;
}

std::vector<LintResult> run_board_lints(std::span<const Comparison> comparisons) {
  std::vector<LintResult> results;
  for (std::string_view id : kBoardLints) {
    results.push_back(run_lint(*find_lint(id), {comparisons.front(), nullptr, comparisons, {}}));
  }
  return results;
}

bool is_board_lint(std::string_view id) {
  return std::find(std::begin(kBoardLints), std::end(kBoardLints), id) != std::end(kBoardLints);
}

}  // namespace hasten::evaluate
