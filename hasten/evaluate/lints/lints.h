// The list of lints and what they share. One file each; adding one is a file, a declaration and a line in lints.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "hasten/evaluate/claim.h"
#include "hasten/evaluate/comparison.h"
#include "hasten/evaluate/lint.h"

namespace hasten::evaluate::lints {

std::vector<Lint> list();

Lint baseline_undertuned();       // L01
Lint single_seed();               // L04
Lint seeds_not_independent();     // L05
Lint not_significant();           // L06
Lint truncated_schedule();        // L08
Lint tuned_on_test();             // L13
Lint metric_mismatch();           // L14
Lint eval_cadence_mismatch();     // L15
Lint eval_grid_too_coarse();      // L16
Lint different_hardware();        // L19
Lint host_mismatch();             // L20
Lint extrapolation();             // L29
Lint first_crossing_noise();      // L30
Lint survivor_bias();             // L31

// The runs of a group that were launched, and those its headline number comes from.
std::vector<const Run*> runs_of(const Comparison& comparison, const Group& group);
std::vector<const Run*> headline_runs(const Comparison& comparison, const Group& group);

// Whether times are read where a metric crosses the target, and not at the planned end.
bool reads_crossings(const Comparison& comparison);

// Whether no run of the group ever reaches this quality.
bool target_missed(const Comparison& comparison, const Group& group, double target);

using TextField = std::function<std::string(const Run&)>;  // "" when the record does not say

// Fires when groups, or runs within one, have different values of a field; says which and how often. A group in which no
// run has the field makes it missing.
void compare_field(const LintInput& input, Check& out, const std::string& field, const TextField& value);

std::string text_of(const std::optional<double>& value);
std::string text_of(const std::optional<int64_t>& value);

}  // namespace hasten::evaluate::lints
