// Running the lints.
#include "hasten/evaluate/lint.h"

#include <algorithm>

#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate {

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

std::vector<LintResult> run_lints(const LintInput& input) {
  std::vector<LintResult> results;
  for (const Lint& lint : all_lints()) {
    Check check(lint.severity);
    lint.check(input, check);
    LintResult result{lint.id, lint.name, lint.explanation, lint.severity, Outcome::kClean, {}, {}};
    if (!check.fields.empty()) result.outcome = Outcome::kNotCheckable;
    if (!check.hits.empty()) result.outcome = Outcome::kFired;
    result.hits = std::move(check.hits);
    result.missing = std::move(check.fields);
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace hasten::evaluate
