// Comparisons with one defect each, for the tests of the lints.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "hasten/evaluate/lints/lints.h"
#include "hasten/evaluate/make_runs.h"

namespace hasten::evaluate::lints {

using testing::make_race;
using testing::make_run;

// A comparison on which a lint is tried. Starts as five seeds a side with every field a record can have.
struct Scene {
  std::vector<evaluate::Run> runs = make_race(5);
  CompareOptions options;
  Claim claim;
  bool has_claim = false;
  std::vector<std::pair<double, double>> cost_table{{1, 1}, {2, 2}, {3, 3}, {4, 4}};
  std::vector<std::vector<evaluate::Run>> workloads;  // for lints over several

  void each(const std::function<void(RunRecord&)>& change, const std::string& group = "") {
    for (auto& run : runs) {
      if (group.empty() || run.record.group == group) change(run.record);
    }
  }
  evaluate::Run& method() { return runs[1]; }
};

using Change = std::function<void(Scene&)>;
struct Row {
  Change fires, clean, unknown;  // `unknown` empty: everything it needs is always there
};

inline void complete(Scene& scene) {
  scene.each([](RunRecord& r) {
    r.recipe_json = R"({"optimizer":{"lr":0.1,"weight_decay":0.01,"momentum":0.9}})";
    r.tuning.ranges.resize(1);
    r.tuning.ranges[0].name = "optimizer.lr";
    r.tuning.ranges[0].low = 1e-3;
    r.tuning.ranges[0].high = 10;
    r.tuning.ranges[0].log = true;
    r.tuning.seconds = 100;
    r.started_at = "2026-02-01T00:00:00Z";
    r.metric.target_declared_at = "2026-01-01";
    r.data = {{"toy", "aa", "train", "train", 1000}, {"toy", "bb", "test", "eval", 100}};
    r.clocks.eval = r.clocks.compile = r.clocks.checkpoint = false;
    r.clocks.data = true;
    r.executed.eval_s = r.executed.train_s.value() * 0.1;
    r.executed.loader_wait_s = 0.1;
    r.forwards_per_step = r.backwards_per_step = 1;
    r.batch_size = 128;
    r.price.usd_per_hour = 2;
    r.price.date = "2026-01-01";
    r.price.source = "list";
  });
}

// Curves with three budgets a side, the method `faster` times as fast.
inline void three_budgets(Scene& scene, double faster, double bend = 0) {
  scene.runs.clear();
  for (int seed = 1; seed <= 5; ++seed) {
    int i = 0;
    for (double budget : {4.0, 8.0, 16.0}) {
      std::string text = std::to_string(static_cast<int>(budget)) + "ep";
      double base = 0.893 + 0.006 * i, noise = 0.00001 * seed;
      scene.runs.push_back(make_run("baseline", seed, 10 * budget, base + noise, text, 100 * budget));
      scene.runs.push_back(make_run("fast", seed, 10 * budget / faster, base + noise + bend * i, text, 100 * budget));
      ++i;
    }
  }
  complete(scene);
}

inline void crossing(Scene& scene) {
  scene.options.variant = Variant::kFirst;
  scene.options.target = 0.8;
}

// Evaluated at every hundredth of the way.
inline void fine_grid(Scene& scene) {
  for (auto& run : scene.runs) {
    const EventRecord last = run.events.back();
    run.events.clear();
    for (int i = 1; i <= 100; ++i) {
      EventRecord event = last;
      double share = i / 100.0;
      event.step = static_cast<int64_t>(static_cast<double>(*last.step) * share);
      event.t_train = *last.t_train * share;
      event.metrics[0].value = last.metrics[0].value * (1 - std::exp(-4 * share)) / (1 - std::exp(-4.0));
      run.events.push_back(std::move(event));
    }
  }
}

// Planned and executed in epochs instead of steps.
inline void in_epochs(Scene& s, double base, double fast, double executed) {
  s.each([&](RunRecord& r) {
    bool method = r.group == "fast";
    r.planned.steps.reset();
    r.planned.epochs = method ? fast : base;
    r.executed.epochs = method ? executed : base;
  });
}

// Budgets that only their length tells apart, of one recipe.
inline void unnamed_budgets(Scene& s) {
  three_budgets(s, 1.5);
  s.each([](RunRecord& r) {
    r.planned.text = "";
    r.recipe_hash = r.group;
  });
}

inline void set_recipe(Scene& s, const char* base, const char* fast) {
  s.each([&](RunRecord& r) { r.recipe_json = r.group == "fast" ? fast : base; });
}

// Nobody declared a target, and the baseline, whose quality would be one, was never evaluated.
inline void no_target(Scene& scene) {
  scene.options.variant = Variant::kFirst;
  for (auto& run : scene.runs) {
    run.record.metric.target.reset();
    if (run.record.group == "baseline") run.events.clear();
  }
}

// Two more workloads with three groups; `c` is quick on one of them only.
inline void board(Scene& scene, double c_first, double c_second) {
  for (const char* workload : {"one", "two"}) {
    std::vector<evaluate::Run> runs;
    bool first = std::string(workload) == "one";
    for (int seed = 1; seed <= 3; ++seed) {
      for (auto [group, seconds] : {std::pair("a", first ? 10.0 : 20.0), std::pair("b", first ? 19.0 : 11.0),
                                    std::pair("c", first ? c_first : c_second)}) {
        runs.push_back(make_run(group, seed, seconds, 0.91));
        runs.back().record.workload = workload;
        runs.back().record.role = std::string(group) == "a" ? Role::kBaseline : Role::kMethod;
      }
    }
    scene.workloads.push_back(std::move(runs));
  }
}

// A search of two trials that reach the target at the same evaluation, at different times.
inline void tie(Scene& scene, double other) {
  board(scene, 12, 12);
  for (auto& runs : scene.workloads) {
    std::vector<evaluate::Run> more;
    for (auto& run : runs) {
      run.record.tuning.group = "study_" + std::to_string(*run.record.seed);
      run.record.tuning.trial = 1;
      if (run.record.group != "b") continue;
      auto second = make_run("b", *run.record.seed, *run.record.executed.train_s * other, 0.91);
      second.record.workload = run.record.workload;
      second.record.tuning.group = run.record.tuning.group;
      second.record.tuning.trial = 2;
      more.push_back(second);
    }
    for (auto& run : more) runs.push_back(run);
  }
}

inline LintResult result_of(const Lint& lint, const Change& change) {
  Scene scene;
  complete(scene);
  change(scene);
  std::vector<Comparison> comparisons;
  for (auto& runs : scene.workloads) comparisons.push_back(compare(std::move(runs), scene.options));
  Comparison comparison = compare(std::move(scene.runs), scene.options);
  return run_lint(lint, {comparison, scene.has_claim ? &scene.claim : nullptr, comparisons, scene.cost_table});
}

const std::map<std::string, Row>& first_rows();  // L01 to L21
const std::map<std::string, Row>& last_rows();   // L22 to L43

}  // namespace hasten::evaluate::lints
