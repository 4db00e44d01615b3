// Every lint fires on its defect, is clean without it, and says what is missing when it cannot know.
#include "hasten/evaluate/lints/lints.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "hasten/evaluate/make_runs.h"

namespace hasten::evaluate::lints {
namespace {

using evaluate::testing::make_race;
using evaluate::testing::make_run;

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

void complete(Scene& scene) {
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
void three_budgets(Scene& scene, double faster, double bend = 0) {
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

void crossing(Scene& scene) {
  scene.options.variant = Variant::kFirst;
  scene.options.target = 0.8;
}

// Two more workloads with three groups; `c` is quick on one of them only.
void board(Scene& scene, double c_first, double c_second) {
  for (const char* workload : {"one", "two"}) {
    std::vector<evaluate::Run> runs;
    bool first = std::string(workload) == "one";
    for (int seed = 1; seed <= 3; ++seed) {
      for (auto [group, seconds] : {std::pair("a", first ? 10.0 : 20.0), std::pair("b", first ? 19.0 : 11.0), std::pair("c", first ? c_first : c_second)}) {
        runs.push_back(make_run(group, seed, seconds, 0.91));
        runs.back().record.workload = workload;
        runs.back().record.role = std::string(group) == "a" ? Role::kBaseline : Role::kMethod;
      }
    }
    scene.workloads.push_back(std::move(runs));
  }
}

// A search of two trials that reach the target at the same evaluation, at different times.
void tie(Scene& scene, double other) {
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

const std::map<std::string, Row>& rows() {
  static const Change nothing = [](Scene&) {};
  static const std::map<std::string, Row> rows{
      {"L01", {[](Scene& s) { s.each([](RunRecord& r) { r.tuning.trials = 2; }, "baseline"); }, nothing,
               [](Scene& s) { s.each([](RunRecord& r) { r.tuning.trials.reset(); }); }}},
      {"L02", {[](Scene& s) { s.each([](RunRecord& r) { r.tuning.ranges[0].high = 0.11; }, "fast"); }, nothing,
               [](Scene& s) { s.each([](RunRecord& r) { r.tuning.ranges.clear(); }); }}},
      {"L03", {[](Scene& s) { s.each([](RunRecord& r) { r.recipe_json = R"({"optimizer":{"lr":0.1,"weight_decay":0.1}})"; }, "fast"); }, nothing,
               [](Scene& s) { s.each([](RunRecord& r) { r.recipe_json = ""; }); }}},
      {"L04", {[](Scene& s) { s.runs = make_race(2); }, nothing, nullptr}},
      {"L05", {[](Scene& s) { s.each([](RunRecord& r) { r.seed = 1; }, "fast"); }, nothing,
               [](Scene& s) { s.each([](RunRecord& r) { r.seed.reset(); }); }}},
      {"L06", {[](Scene& s) { s.runs = make_race(5, 50.2, 50); }, nothing, [](Scene& s) { s.runs = make_race(1); }}},
      {"L07", {[](Scene& s) { s.has_claim = true; s.claim.hypotheses = 20; }, nothing,
               [](Scene& s) {
                 for (auto run : make_race(1)) {
                   run.record.group += "2";
                   run.record.role = Role::kMethod;
                   s.runs.push_back(run);
                 }
               }}},
      {"L08", {[](Scene& s) { s.each([](RunRecord& r) { r.executed.steps = 300; }, "fast"); }, nothing,
               [](Scene& s) {
                 s.each([](RunRecord& r) {
                   r.planned.steps.reset();
                   r.final_lr_fraction.reset();
                 });
               }}},
      {"L09", {[](Scene& s) { crossing(s); },
               [](Scene& s) {
                 crossing(s);
                 s.each([](RunRecord& r) { r.planned.steps = 500; });
               },
               [](Scene& s) {
                 crossing(s);
                 s.each([](RunRecord& r) { r.planned.steps.reset(); });
               }}},
      {"L10", {[](Scene& s) { s.each([](RunRecord& r) { r.metric.target_declared_at = "2026-03-01"; }); }, nothing,
               [](Scene& s) { s.each([](RunRecord& r) { r.metric.target_declared_at = ""; }); }}},
      {"L11", {[](Scene& s) { three_budgets(s, 1.5, 0.005); }, [](Scene& s) { three_budgets(s, 1.5); }, nothing}},
      {"L12", {[](Scene& s) { s.each([](RunRecord& r) { r.data[1].hash = "aa"; }); }, nothing,
               [](Scene& s) {
                 s.each([](RunRecord& r) {
                   r.data.clear();
                   r.metric.split = "";
                 });
               }}},
      {"L13", {[](Scene& s) { s.each([](RunRecord& r) { r.tuning.selected_on = "test"; }, "fast"); }, nothing,
               [](Scene& s) { s.each([](RunRecord& r) { r.tuning.selected_on = ""; }); }}},
      {"L14", {[](Scene& s) { s.each([](RunRecord& r) { r.metric.definition = "another tokenizer"; }, "fast"); }, nothing,
               [](Scene& s) {
                 s.each([](RunRecord& r) { r.metric.name = ""; }, "fast");
               }}},
      {"L15", {nothing, [](Scene& s) { s.runs = make_race(5, 50, 50); },
               [](Scene& s) {
                 for (auto& run : s.runs) run.events.erase(run.events.begin(), run.events.end() - 1);
               }}},
      {"L16", {crossing, nothing,
               nullptr}},
      {"L17", {[](Scene& s) { s.each([](RunRecord& r) { r.clocks.eval = true; }, "fast"); }, nothing,
               [](Scene& s) { s.each([](RunRecord& r) { r.clocks = {}; }); }}},
      {"L18", {[](Scene& s) { s.each([](RunRecord& r) { r.clocks.untimed_warmup_steps = 10; }, "fast");
                              s.each([](RunRecord& r) { r.clocks.untimed_warmup_steps = 0; }, "baseline"); }, nothing,
               [](Scene& s) {
                 for (auto& run : s.runs) run.events.resize(1);
               }}},
      {"L19", {[](Scene& s) { s.each([](RunRecord& r) { r.hardware.accelerator = "A100"; }, "fast"); }, nothing,
               [](Scene& s) { s.each([](RunRecord& r) { r.hardware = {}; }); }}},
      {"L20", {[](Scene& s) { s.each([](RunRecord& r) { r.hardware.cpu = "Other"; }, "fast"); }, nothing,
               [](Scene& s) { s.each([](RunRecord& r) { r.hardware.cpu = ""; }); }}},
      {"L21", {[](Scene& s) {
                 for (auto& event : s.method().events) event.t_train = *event.t_train * 3;
               },
               nothing, [](Scene& s) { s.each([](RunRecord& r) { r.recipe_hash = ""; }); }}},
      {"L22", {[](Scene& s) { s.each([](RunRecord& r) { r.executed.loader_wait_s = 8; }, "fast"); }, nothing,
               [](Scene& s) { s.each([](RunRecord& r) { r.executed.loader_wait_s.reset(); }); }}},
      {"L23", {[](Scene& s) { s.each([](RunRecord& r) { r.batch_size = 256; }, "fast"); }, nothing,
               [](Scene& s) { s.each([](RunRecord& r) { r.batch_size.reset(); }); }}},
      {"L24", {[](Scene& s) { s.each([](RunRecord& r) { r.auxiliary.emplace_back().kind = "teacher"; }, "fast"); }, nothing,
               [](Scene& s) { s.each([](RunRecord& r) { r.source = "csv: a log"; }); }}},
      {"L25", {[](Scene& s) {
                 s.options.cost = Cost::kSteps;
                 s.each([](RunRecord& r) { r.forwards_per_step = 2; }, "fast");
               },
               [](Scene& s) { s.options.cost = Cost::kSteps; },
               [](Scene& s) {
                 s.options.cost = Cost::kSteps;
                 s.each([](RunRecord& r) { r.forwards_per_step.reset(); });
               }}},
      {"L26", {nothing, [](Scene& s) { s.each([](RunRecord& r) { r.tuning.trials = 1; }); },
               [](Scene& s) { s.each([](RunRecord& r) { r.tuning.trials.reset(); }); }}},
      {"L27", {[](Scene& s) {
                 s.has_claim = true;
                 s.claim.cost = Cost::kFlops;
               },
               nothing, nullptr}},
      {"L28", {[](Scene& s) {
                 s.options.cost = Cost::kSteps;
                 s.each([](RunRecord& r) { r.executed.train_s = *r.executed.train_s * 2; }, "fast");
               },
               [](Scene& s) {
                 s.options.cost = Cost::kSteps;
                 s.runs = make_race(5, 70, 28.0);
               },
               [](Scene& s) {
                 s.options.cost = Cost::kSteps;
                 for (auto& run : s.runs) {
                   run.record.executed.train_s.reset();
                   for (auto& event : run.events) event.t_train.reset();
                 }
               }}},
      {"L29", {[](Scene& s) { s.options.target = 0.99; }, nothing,
               [](Scene& s) {
                 s.each([](RunRecord& r) { r.executed.train_s.reset(); }, "fast");
                 for (auto& run : s.runs) {
                   for (auto& event : run.events) event.t_train.reset();
                 }
                 s.options.cost = Cost::kTrainSeconds;
               }}},
      {"L30", {[](Scene& s) {
                 crossing(s);
                 for (auto& run : s.runs) run.events[8].metrics[0].value = 0.1;
               },
               nothing, nullptr}},
      {"L31", {[](Scene& s) { s.method().record.status = Status::kDiverged; }, nothing,
               [](Scene& s) { s.each([](RunRecord& r) { r.planned_runs.reset(); }); }}},
      {"L32", {[](Scene& s) {
                 s.has_claim = true;
                 double best = 0;
                 for (auto& run : s.runs) {
                   if (run.record.group != "fast") continue;
                   run.events.back().metrics[0].value += 0.01 * static_cast<double>(*run.record.seed);
                   best = std::max(best, run.events.back().metrics[0].value);
                 }
                 s.claim.quality = best;
               },
               [](Scene& s) {
                 s.has_claim = true;
                 s.claim.speedup = 2.5;
               },
               nothing}},
      {"L33", {[](Scene& s) { s.method().record.recipe_json = R"({"other":{"lr":0.1}})"; }, nothing,
               [](Scene& s) { s.each([](RunRecord& r) { r.recipe_json = ""; }); }}},
      {"L34", {[](Scene& s) {
                 s.has_claim = true;
                 s.claim.speedup = 3;
               },
               [](Scene& s) {
                 s.has_claim = true;
                 s.claim.speedup = 2.5;
               },
               nothing}},
      {"L35", {[](Scene& s) {
                 for (auto& run : s.runs) {
                   if (run.record.group == "baseline") run.events.resize(0);
                 }
               },
               nothing,
               [](Scene& s) {
                 s.has_claim = true;
                 s.claim.hardware = "H100";
                 s.each([](RunRecord& r) { r.hardware = {}; });
               }}},
      {"L36", {[](Scene& s) { board(s, 2.6, 50); }, [](Scene& s) { board(s, 50, 50); }, nothing}},
      {"L37", {[](Scene& s) { tie(s, 2.2); }, [](Scene& s) { tie(s, 1.0); }, nothing}},
      {"L38", {[](Scene& s) {
                 board(s, 12, 12);
                 for (auto& run : s.workloads[0]) {
                   if (run.record.group != "c") continue;
                   for (auto& event : run.events) event.metrics[0].value = 0.1;
                 }
               },
               [](Scene& s) { board(s, 12, 12); }, nothing}},
      {"L39", {[](Scene& s) { s.cost_table[2].second = 0.3; }, nothing, [](Scene& s) { s.cost_table.clear(); }}},
      {"L40", {[](Scene& s) { s.each([](RunRecord& r) { r.point = PointKind::kCyclic; }, "fast"); }, nothing, nullptr}},
      {"L41", {[](Scene& s) { s.each([](RunRecord& r) { r.price.date = ""; }); }, nothing,
               [](Scene& s) {
                 s.has_claim = true;
                 s.claim.cost = Cost::kUsd;
                 s.each([](RunRecord& r) { r.price = {}; });
               }}},
      {"L42", {[](Scene& s) {
                 s.has_claim = s.claim.neutral = true;
                 crossing(s);
                 for (auto& run : s.runs) {
                   for (auto& event : run.events) event.step = *event.step + *run.record.seed;
                 }
               },
               [](Scene& s) {
                 s.has_claim = s.claim.neutral = true;
                 s.runs = make_race(5, 70, 28);
                 for (auto& run : s.runs) {
                   for (size_t i = 0; i < run.events.size(); ++i) run.events[i].step = static_cast<int64_t>(100 * (i + 1)) + *run.record.seed;
                 }
               },
               nothing}},
      {"L43", {[](Scene& s) { s.method().events[4].t_train = 0.1; }, nothing,
               [](Scene& s) {
                 for (auto& run : s.runs) {
                   for (auto& event : run.events) event.t_train = event.t_total = std::nullopt;
                 }
               }}}};
  return rows;
}

LintResult result_of(const Lint& lint, const Change& change) {
  Scene scene;
  complete(scene);
  change(scene);
  std::vector<Comparison> comparisons;
  for (auto& runs : scene.workloads) comparisons.push_back(compare(std::move(runs), scene.options));
  Comparison comparison = compare(std::move(scene.runs), scene.options);
  return run_lint(lint, {comparison, scene.has_claim ? &scene.claim : nullptr, comparisons.empty() ? nullptr : &comparisons, scene.cost_table});
}

class EveryLint : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryLint, Fires) {
  LintResult result = result_of(*find_lint(GetParam()), rows().at(GetParam()).fires);
  ASSERT_EQ(result.outcome, Outcome::kFired);
  for (const Hit& hit : result.hits) EXPECT_FALSE(hit.message.empty());
}

TEST_P(EveryLint, IsCleanWithoutTheDefect) {
  LintResult result = result_of(*find_lint(GetParam()), rows().at(GetParam()).clean);
  EXPECT_EQ(name(result.outcome), "clean") << (result.hits.empty() ? "" : result.hits[0].message)
                                           << (result.missing.empty() ? "" : "missing " + result.missing[0]);
}

TEST_P(EveryLint, SaysWhatIsMissing) {
  const Row& row = rows().at(GetParam());
  if (!row.unknown) GTEST_SKIP() << "what it needs is in every record";
  LintResult result = result_of(*find_lint(GetParam()), row.unknown);
  EXPECT_FALSE(result.missing.empty());
  EXPECT_NE(result.outcome, Outcome::kClean);
}

std::vector<std::string> ids() {
  std::vector<std::string> all;
  for (const Lint& lint : all_lints()) all.emplace_back(lint.id);
  return all;
}
INSTANTIATE_TEST_SUITE_P(All, EveryLint, ::testing::ValuesIn(ids()), [](const auto& info) { return info.param; });

TEST(Lints, AreFortyThreeWithReasonsAndSources) {
  std::set<std::string_view> names;
  int number = 1;
  for (const Lint& lint : all_lints()) {
    EXPECT_EQ(lint.id, (number < 10 ? "L0" : "L") + std::to_string(number)) << lint.name;
    EXPECT_TRUE(names.insert(lint.name).second);
    EXPECT_GT(lint.explanation.size(), 15u) << lint.id;
    EXPECT_FALSE(lint.source.empty()) << lint.id;
    ++number;
  }
  EXPECT_EQ(number, 44);
  EXPECT_EQ(find_lint("truncated-schedule")->id, "L08");
  EXPECT_EQ(find_lint("L99"), nullptr);
}

TEST(CostTable, OnlyTheWrongEntryIsNamed) {
  // Costs of 1 to 16 layers that grow evenly, one of them a tenth of what it should be.
  std::vector<std::pair<double, double>> table;
  for (int layers = 1; layers <= 16; ++layers) table.emplace_back(layers, 0.0119 + 0.01333 * layers);
  EXPECT_TRUE(check_cost_table(table).empty());
  table[6].second /= 10;
  auto defects = check_cost_table(table);
  ASSERT_EQ(defects.size(), 1u);
  EXPECT_EQ(defects[0].size, 7);
  EXPECT_NEAR(defects[0].expected, 0.0119 + 0.01333 * 7, 1e-9);
}

}  // namespace
}  // namespace hasten::evaluate::lints
