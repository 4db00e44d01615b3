// A comparison for a terminal, for Markdown, and for machines.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "hasten/base/json_fwd.h"
#include "hasten/evaluate/comparison.h"

namespace hasten::report {

struct TextOptions {
  bool color = false;
  bool all_lints = false;  // also the clean ones and those not checkable, one line each
};

std::string comparison_text(const evaluate::Comparison& comparison, const TextOptions& options = {});
std::string comparison_markdown(const evaluate::Comparison& comparison);
std::string board_markdown(const std::vector<evaluate::LintResult>& lints);  // those over several workloads
Json comparison_json(const evaluate::Comparison& comparison);
std::string comparison_csv(std::span<const evaluate::Comparison> comparisons);  // one line per run, below one header

Json lints_json(const std::vector<evaluate::LintResult>& lints);
bool has_errors(const std::vector<evaluate::LintResult>& lints);  // a hit that forbids to publish

// The lints alone; used by `hasten lint`.
std::string lints_text(const std::vector<evaluate::LintResult>& lints, const TextOptions& options = {});

}  // namespace hasten::report
