// The record of a run, as far as it is known before the first step.
#pragma once

#include "hasten/core/budget.h"
#include "hasten/data/dataset.h"
#include "hasten/evaluate/record.h"
#include "hasten/spec/plan.h"

namespace hasten {

struct TrainOptions;

evaluate::RunRecord describe_run(const Recipe& recipe, const Plan& plan, const Splits& splits, const Budget& budget,
                                 const TrainOptions& options);
// A resumed run stays the one that began: its group, role, dates and price, as far as `options` says nothing anew. A
// target that it did not have then is dated now.
void keep_identity(const evaluate::RunRecord& before, const TrainOptions& options, evaluate::RunRecord& record);
// What a loader's threads did, for the record.
evaluate::LoaderUse loader_use(const LoaderReport& report);

}  // namespace hasten
