// Methods in order with what was measured of them: the matrix coloured by verdict, effects with their intervals, pairs.
#pragma once

#include <string>
#include <vector>

#include "hasten/evaluate/verdicts.h"
#include "hasten/report/table.h"
#include "hasten/spec/method_spec.h"

namespace hasten::report {

// "helps", "hurts", "none" (no difference), "unresolved": as `methods list --verdict` and the page call them.
std::string verdict_word(evaluate::Verdict verdict);
// Where no run came to an end and none diverged: "unmeasured".
std::string verdict_word(const evaluate::MethodVerdict& verdict);
bool is_measured(const evaluate::MethodVerdict& verdict);
// With a * where it stays when all verdicts of the file are taken together.
std::string marked_word(const evaluate::VerdictFile& file, const evaluate::MethodVerdict& verdict);

// "cutout with mixup", "infobatch against random_subset(keep=0.8)", "ema (left out)".
std::string verdict_subject(const evaluate::MethodVerdict& verdict);
// "+0.31 points (0.10 to 0.52)", "-0.021 nats ..."; "-" for nothing. Accuracies are in points of a hundred.
std::string effect_text(const evaluate::VerdictFile& file, const std::optional<evaluate::Span>& effect);
// "1.21 (1.18 to 1.24)".
std::string ratio_text(const std::optional<evaluate::Span>& ratio);

// "3 seeds", "3 to 6 seeds".
std::string seeds_text(const evaluate::VerdictFile& file);

// A row for each verdict: methods, verdict, effect, cost ratios, what so many runs can show. `pairs`: of two methods, with what is beyond
// the sum.
Table verdicts_table(const evaluate::VerdictFile& file, bool pairs);
// How many effects are off 0 by chance, and how many stay when all are taken together; empty for fewer than two.
std::string caution_text(const evaluate::VerdictFile& file);
// Of an ablation, for a terminal: what was compared, effects, pairs, what did not apply.
std::string verdicts_text(const evaluate::VerdictFile& file);

struct TaxonomyPageOptions {
  std::string title, command;
  std::vector<evaluate::VerdictFile>
      pairs;  // experiments of their own with methods together: behind the others, no marks in the matrix
};
// One self-contained page: opens offline, light and dark.
std::string taxonomy_page(const Catalogue& catalogue, const std::vector<evaluate::VerdictFile>& files,
                          const TaxonomyPageOptions& options);

}  // namespace hasten::report
