// Synthetic runs for tests.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "hasten/evaluate/record.h"

namespace hasten::evaluate::testing {

// A finished run that ends at `quality` after `train_s`; evaluated at every tenth of its length on the way there.
inline Run make_run(const std::string& group, int64_t seed, double train_s, double quality,
                    const std::string& budget = "8ep", double steps = 1000) {
  Run run;
  RunRecord& record = run.record;
  record.id = group + "-" + budget + "-s" + std::to_string(seed);
  record.group = group;
  record.role = group == "baseline" ? Role::kBaseline : Role::kMethod;
  record.workload = "toy";
  record.recipe_hash = group + budget;
  record.metric.name = "accuracy";
  record.metric.split = "test";
  record.metric.target = 0.9;
  record.planned.text = budget;
  record.planned.steps = steps;
  record.final_lr_fraction = 0;
  record.seed = seed;
  record.planned_runs = 0;
  record.tuning.trials = 5;
  record.tuning.selected_on = "validation";
  record.hardware.cpu = "Toy CPU";
  record.hardware.cores = 2;
  record.software.framework = "hasten";
  record.software.version = "0.1";
  record.status = Status::kOk;
  record.executed.steps = steps;
  record.executed.train_s = train_s;
  record.executed.total_s = train_s * 1.1;
  record.executed.samples = steps * 128;
  for (int i = 1; i <= 10; ++i) {
    EventRecord event;
    double share = i / 10.0;
    event.step = static_cast<int64_t>(steps * share);
    event.t_train = train_s * share;
    event.t_eval = train_s * 0.1 * share;
    event.t_total = train_s * 1.1 * share;
    event.samples = steps * 128 * share;
    event.lr = 1 - share;
    event.metrics = {{"accuracy", "test", quality * (1 - std::exp(-4 * share)) / (1 - std::exp(-4.0)), "raw"},
                     {"loss", "train", 2 - share, "raw"}};
    run.events.push_back(event);
  }
  return run;
}

inline std::vector<Run> make_race(int seeds = 5, double base_s = 70, double method_s = 28) {
  std::vector<Run> runs;
  for (int seed = 1; seed <= seeds; ++seed) {
    double wobble = 0.01 * ((seed * 7) % 5 - 2);
    runs.push_back(make_run("baseline", seed, base_s * (1 + wobble), 0.905 + wobble / 20));
    runs.push_back(make_run("fast", seed, method_s * (1 - wobble), 0.906 - wobble / 20, "3ep", 400));
  }
  for (Run& run : runs) run.record.planned_runs = seeds;
  return runs;
}

}  // namespace hasten::evaluate::testing
