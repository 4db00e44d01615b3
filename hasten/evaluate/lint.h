// Lints: rules about a comparison. Each says fired, clean, or not checkable because a field is missing.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hasten/evaluate/comparison.h"
#include "hasten/evaluate/finding.h"

namespace hasten::evaluate {

struct Claim;

struct LintInput {
  const Comparison& comparison;
  const Claim* claim = nullptr;
  std::span<const Comparison> board = {};                   // all workloads, for lints about scores
  std::vector<std::pair<double, double>> cost_table = {};   // size, cost
};

// Collects what one lint finds.
class Check {
 public:
  explicit Check(Severity usual) : usual_(usual) {}
  void fire(std::string where, std::string message) { fire(usual_, std::move(where), std::move(message)); }
  void fire(Severity severity, std::string where, std::string message);
  void missing(std::string field);  // without it the check cannot be made, or only in part
  std::vector<Hit> hits;
  std::vector<std::string> fields;

 private:
  Severity usual_;
};

struct Lint {
  std::string_view id, name;
  Severity severity;
  std::string_view explanation;  // one sentence: why it matters
  std::string_view source;       // where the rule comes from
  void (*check)(const LintInput& input, Check& out);
};

const std::vector<Lint>& all_lints();           // by id
const Lint* find_lint(std::string_view word);   // by id or name; null if there is none

LintResult run_lint(const Lint& lint, const LintInput& input);
// All of them; beside a board, without those about the score over its workloads (L36, L37, L38), which are one answer
// for all of it.
std::vector<LintResult> run_lints(const LintInput& input);
// Only those. Comparisons must not be empty.
std::vector<LintResult> run_board_lints(std::span<const Comparison> comparisons);
bool is_board_lint(std::string_view id);

}  // namespace hasten::evaluate
