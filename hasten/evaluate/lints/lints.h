// The list of lints and what they share. One file each; adding one is a file, a declaration and a line in lints.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hasten/base/json_fwd.h"
#include "hasten/evaluate/claim.h"
#include "hasten/evaluate/comparison.h"
#include "hasten/evaluate/lint.h"

namespace hasten::evaluate::lints {

std::vector<Lint> list();

Lint baseline_undertuned();           // L01
Lint optimum_at_edge();               // L02
Lint asymmetric_hparams();            // L03
Lint single_seed();                   // L04
Lint seeds_not_independent();         // L05
Lint not_significant();               // L06
Lint multiple_testing();              // L07
Lint truncated_schedule();            // L08
Lint budget_mismatch_schedule();      // L09
Lint posthoc_target();                // L10
Lint target_sensitivity();            // L11
Lint quality_on_train();              // L12
Lint tuned_on_test();                 // L13
Lint metric_mismatch();               // L14
Lint eval_cadence_mismatch();         // L15
Lint eval_grid_too_coarse();          // L16
Lint eval_time_inconsistent();        // L17
Lint compile_warmup();                // L18
Lint different_hardware();            // L19
Lint host_mismatch();                 // L20
Lint step_time_outlier();             // L21
Lint input_bound();                   // L22
Lint unequal_batch_or_data();         // L23
Lint extra_data_or_teacher();         // L24
Lint extra_forward();                 // L25
Lint tuning_cost_omitted();           // L26
Lint flops_only_claim();              // L27
Lint steps_only_claim();              // L28
Lint extrapolation();                 // L29
Lint first_crossing_noise();          // L30
Lint survivor_bias();                 // L31
Lint best_of_n();                     // L32
Lint foreign_config();                // L33
Lint claim_not_in_log();              // L34
Lint cross_paper_number();            // L35
Lint pool_dependent_score();          // L36
Lint ambiguous_order();               // L37
Lint inf_handling();                  // L38
Lint cost_table();                    // L39
Lint cyclic_standard_mix();           // L40
Lint price_undated();                 // L41
Lint convergence_too_good();          // L42
Lint clock_not_monotone();            // L43

// The runs of a group that were launched, and those its headline number comes from.
std::vector<const Run*> runs_of(const Comparison& comparison, const Group& group);
std::vector<const Run*> headline_runs(const Comparison& comparison, const Group& group);

// Whether times are read where a metric crosses the target, and not at the planned end.
bool reads_crossings(const Comparison& comparison);

// Whether no run of the group ever reaches this quality.
bool target_missed(const Comparison& comparison, const Group& group, double target);

// A number in the recipe by its dotted path.
std::optional<double> setting(const Json& recipe, const std::string& path);

// The settings of a group's headline runs whose dotted path has one of these words, in lower case between underscores
// ("_weight_decay_" is two words, as is weightDecay in a recipe), with the values that the runs have.
using GroupSettings = std::map<std::string, std::set<std::string>>;
GroupSettings settings_named(const Comparison& comparison, const Group& group, const std::vector<std::string>& words);

// Seconds a step between the timed events of a run; what lies before the first one, and across resets, is left out.
std::vector<double> seconds_per_step(const Run& run);

// The pairs that a claim about a number speaks of; none, and a missing field, when there is no such claim.
std::vector<const Pair*> claimed_pairs(const LintInput& input, Check& out);

// The ratio that a claim speaks of, in its own unit of cost.
std::optional<double> claimed_ratio(const LintInput& input, const Pair& pair);

// The units in which a training is planned and counted; steps are whole numbers in events.
struct LengthUnit {
  std::string_view name;
  std::optional<double> Amounts::*planned;
  std::optional<double> Totals::*executed;
  std::optional<double> EventRecord::*logged;
};
inline constexpr LengthUnit kLengthUnits[] = {{"steps", &Amounts::steps, &Totals::steps, nullptr},
                                              {"epochs", &Amounts::epochs, &Totals::epochs, &EventRecord::epoch},
                                              {"samples", &Amounts::samples, &Totals::samples, &EventRecord::samples},
                                              {"tokens", &Amounts::tokens, &Totals::tokens, &EventRecord::tokens}};

// How long the run itself was: as recorded, else as far as its log goes.
std::optional<double> executed_length(const Run& run, const LengthUnit& unit);

// Entries of a table of costs by size that lie far from the line between their neighbours, each judged without those
// found before; then those of the rest that cost no more than a smaller size.
struct CostTableDefect {
  double size = 0, cost = 0;
  std::optional<double> expected;                    // by that line
  std::optional<std::pair<double, double>> smaller;  // size and cost of the entry before, which costs as much or more
};
std::vector<CostTableDefect> check_cost_table(const std::vector<std::pair<double, double>>& given);

using TextField = std::function<std::string(const Run&)>;  // "" when the record does not say

// Fires when groups, or runs within one, have different values of a field; says which and how often. A group in which no
// run has the field makes it missing.
void compare_field(const LintInput& input, Check& out, const std::string& field, const TextField& value);

std::string text_of(const std::optional<double>& value);
std::string text_of(const std::optional<int64_t>& value);

}  // namespace hasten::evaluate::lints
