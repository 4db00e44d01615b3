// Published scores from their logs, and properties that hold for any logs.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/base/shared_data.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/comparison.h"
#include "hasten/evaluate/importers/importers.h"
#include "hasten/evaluate/lint.h"
#include "hasten/evaluate/scoring/algoperf.h"
#include "hasten/evaluate/scoring/dawnbench.h"
#include "hasten/evaluate/scoring/nanogpt.h"
#include "hasten/evaluate/scoring/score_table.h"

namespace hasten::evaluate {
namespace {

namespace fs = std::filesystem;

constexpr double kInf = HUGE_VAL;

TimeTable small_table() {
  TimeTable table;
  table.submissions = {"a", "b", "c"};
  table.workloads = {"one", "two"};
  table.held_out = {"one_variant"};
  table.base_of = {0};
  table.time = {{10, 40}, {20, 10}, {kInf, 11}};
  table.held_out_time = {{5}, {5}, {5}};
  return table;
}

TEST(Profiles, RatiosIntegralAndTrapezoid) {
  ProfileScores scores = score_profiles(small_table());
  EXPECT_EQ(scores.ratio[0], (std::vector<double>{1, 4}));  // four times the best still counts
  EXPECT_EQ(scores.ratio[2][0], kInf);
  EXPECT_NEAR(scores.exact[0], 0.5, 1e-15);
  EXPECT_NEAR(scores.exact[1], (2.0 / 3 + 1) / 2, 1e-15);
  EXPECT_NEAR(scores.trapezoid[1], scores.exact[1], 0.005);
}

TEST(Profiles, HeldOutVariantsOnlyDisqualify) {
  TimeTable table = small_table();
  table.held_out_time[0][0] = 21;  // beyond four times the best variant
  EXPECT_EQ(score_profiles(table).ratio[0][0], kInf);
  EXPECT_EQ(score_profiles(table).ratio[1][0], 1);  // the next one becomes the best
  table.held_out_time[0][0] = std::nan("");
  EXPECT_EQ(score_profiles(table).ratio[0][0], kInf);
}

TEST(Profiles, ScalingChangesNothingAndADominatedEntryNobody) {
  TimeTable table = small_table(), scaled = table;
  for (auto& row : scaled.time) {
    for (double& time : row) time *= 60;
  }
  EXPECT_EQ(score_profiles(table).exact, score_profiles(scaled).exact);
  TimeTable more = table;
  more.submissions.push_back("slow");
  more.time.push_back({1000, 1000});
  more.held_out_time.push_back({1000});
  auto before = score_profiles(table), after = score_profiles(more);
  for (size_t s = 0; s < 3; ++s) EXPECT_EQ(before.trapezoid[s], after.trapezoid[s]);
  EXPECT_EQ(after.exact[3], 0);
}

TEST(Profiles, LeavingOutKeepsTheRestInPlace) {
  TimeTable rest = without_workload(small_table(), 0);
  EXPECT_EQ(rest.workloads, std::vector<std::string>{"two"});
  EXPECT_TRUE(rest.held_out.empty());
  EXPECT_EQ(rest.time[0], std::vector<double>{40});
  EXPECT_EQ(without_submission(small_table(), 1).submissions, (std::vector<std::string>{"a", "c"}));
}

// A board written here: two submissions, one workload, two studies.
class BoardTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / cat("hasten_board_", ::getpid());
    fs::remove_all(root_);
  }
  void TearDown() override { fs::remove_all(root_); }
  void write_trial(const std::string& place, const std::string& rows,
                   const std::string& columns = "global_step,score,validation/loss") {
    fs::path folder = root_ / place;
    fs::create_directories(folder);
    write_file_atomic(folder / "eval_measurements.csv", columns + "\n" + rows);
    write_file_atomic(
        folder / "meta_data_0.json",
        R"({"workload.target_metric_name":"loss","workload.validation_target_value":0.5,"workload.max_allowed_runtime_sec":100})");
  }
  fs::path root_;
};

TEST_F(BoardTest, ReadsTimesByTheEarliestEvaluationAndBySeconds) {
  write_trial("x/study_0/toy_jax/trial_1", "1,10,0.9\n2,20,0.5\n");
  write_trial("x/study_0/toy_jax/trial_2", "1,5,0.9\n2,9,0.8\n3,12,0.4\n");
  write_trial("y-2024-01-02-03-04-05/study_0/toy_jax/trial_1", "1,,\n2,30,nan\n3,60,0.4\n");
  write_trial("y/study_1/toy_jax/trial_1", "1,10,0.9\n");
  write_trial("x/study_0/trial_7", "1,1,0.1\n");  // no workload: passed over
  auto boards = read_algoperf(root_);
  ASSERT_EQ(boards.size(), 1u);
  const AlgoperfBoard& board = boards[0];
  EXPECT_EQ(board.submissions, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(board.config.workloads.at(0).metric, "validation/loss");
  EXPECT_EQ(board.table(TrialRule::kIndex).time[0][0], 20);    // second evaluation, though later in seconds
  EXPECT_EQ(board.table(TrialRule::kMinTime).time[0][0], 12);
  EXPECT_EQ(board.table(TrialRule::kIndex).time[1][0], kInf);  // median of 60 and a miss
  EXPECT_EQ(board.index_rule[0][0][0].low, 10);
}

TEST_F(BoardTest, TiesAreSeen) {
  write_trial("x/study_0/toy_jax/trial_1", "1,10,0.4\n");
  write_trial("x/study_0/toy_jax/trial_2", "1,7,0.4\n");
  write_trial("y/study_0/toy_jax/trial_1", "1,8,0.4\n");
  auto board = read_algoperf(root_).at(0);
  EXPECT_EQ(board.table(TrialRule::kIndex, TieRule::kLeast).time[0][0], 7);
  EXPECT_EQ(board.table(TrialRule::kIndex, TieRule::kFirst).time[0][0], 10);
  EXPECT_EQ(board.table(TrialRule::kIndex, TieRule::kMost).time[0][0], 10);
  EXPECT_TRUE(board.index_rule[0][0][0].tied);
}

TEST_F(BoardTest, NothingIsLeftWithoutTheOnlyWorkload) {
  write_trial("x/study_0/toy_jax/trial_1", "1,10,0.4\n");
  write_trial("y/study_0/toy_jax/trial_1", "1,20,0.4\n");
  auto board = read_algoperf(root_).at(0);
  GeometricMean mean = geometric_mean_reduction(board, 0, 1, 10);
  EXPECT_NEAR(mean.reduction, 0.5, 1e-12);
  EXPECT_TRUE(std::isnan(mean.leave_one_out.at(0)));
  EXPECT_TRUE(sensitivity(board, 10).workloads.empty());
}

TEST_F(BoardTest, ConfigurationsNameWhatTheyDoNotKnow) {
  fs::create_directories(root_);
  auto error = [&](const std::string& json) {
    write_file_atomic(root_ / "config.json", json);
    try {
      read_algoperf_config(root_ / "config.json");
    } catch (const DataError& caught) {
      return caught.location() + ": " + caught.what() + caught.hint();
    }
    return std::string();
  };
  EXPECT_NE(error(R"({"base_workload":["x"]})").find("key base_workload"), std::string::npos);
  EXPECT_NE(error(R"({"base_workload":["x"]})").find("held_out_workloads"), std::string::npos);
  EXPECT_NE(error(R"({"targets":{"x":{"metric":"loss","goal":1}}})").find("key targets.x.goal"), std::string::npos);
  EXPECT_NE(error(R"({"v05":{"r_max":4},"v06":{"r_max":4}})").find("v05, v06"), std::string::npos);
  EXPECT_NE(error("[1]").find("expected an object"), std::string::npos);
  EXPECT_EQ(error(R"({"v06":{"r_max":3}})"), "");
  EXPECT_EQ(read_algoperf_config(root_ / "config.json").rules.r_max, 3);
}

TEST_F(BoardTest, BrokenBoardsSayWhere) {
  EXPECT_THROW(read_algoperf(root_), ConfigError);
  write_trial("x/study_0/toy_jax/trial_1", "1,10\n", "global_step,score");
  try {
    read_algoperf(root_);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("no column validation/loss"), std::string::npos);
  }
  write_trial("x/study_0/toy_jax/trial_1", "1,10,0.4,7\n");
  EXPECT_THROW(read_algoperf(root_), DataError);
}

// The published boards, unpacked once for all tests below.
const fs::path& boards_folder() {
  static const fs::path folder = [] {
    fs::path root = fs::temp_directory_path() / cat("hasten_boards_", ::getpid());
    for (const char* version : {"v05", "v06"}) {
      fs::path target = root / cat(version, "_external");
      fs::create_directories(target);
      std::string archive = shared_data(cat("evaluation/algoperf_", version, "_external.tar.zst")).string();
      std::string command = cat("tar --zstd -xf '", archive, "' -C '", target.string(), "'");
      if (std::system(command.c_str()) != 0) return fs::path();
    }
    std::atexit([] {
      std::error_code code;
      fs::remove_all(fs::temp_directory_path() / cat("hasten_boards_", ::getpid()), code);
    });
    return root;
  }();
  return folder;
}

void expect_scores(const AlgoperfBoard& board, const std::vector<double>& scores, const Json& golden,
                   double tolerance) {
  for (size_t s = 0; s < board.submissions.size(); ++s) {
    EXPECT_NEAR(scores[s], golden.at(board.submissions[s]).get<double>(), tolerance) << board.submissions[s];
  }
}

TEST(PublishedBoards, ScoresTimesAndReductionsSlow) {
  HASTEN_NEEDS_SHARED("evaluation/algoperf_v05_external.tar.zst");
  ASSERT_FALSE(boards_folder().empty()) << "tar --zstd failed";
  Json expected = read_json(shared_data("evaluation/algoperf_expected.json")),
       reductions = read_json(shared_data("evaluation/algoperf_speedups_expected.json"));
  auto boards = read_algoperf(boards_folder());
  ASSERT_EQ(boards.size(), 2u);
  for (const AlgoperfBoard& board : boards) {
    const Json& golden = expected.at(fs::path(board.path).filename().string());
    ASSERT_EQ(board.submissions.size(), golden["published"].size());
    TimeTable table = board.table(TrialRule::kIndex);
    ProfileScores scores = score_profiles(table);
    expect_scores(board, scores.trapezoid, golden["published"], 5e-5);
    expect_scores(board, scores.trapezoid, golden["score_trapz100"], 1e-9);
    expect_scores(board, scores.exact, golden["score_exact_integral"], 1e-9);
    expect_scores(board, score_profiles(board.table(TrialRule::kMinTime)).trapezoid,
                  golden["score_documented_rule_min_time"], 1e-9);
    expect_scores(board, score_profiles(board.table(TrialRule::kIndex, TieRule::kFirst)).trapezoid,
                  golden["score_tie_first_sorted_dirs"], 1e-9);
    for (size_t s = 0; s < table.submissions.size(); ++s) {
      for (size_t w = 0; w < table.workloads.size(); ++w) {
        const Json& time = golden["time_to_target_s"][table.submissions[s]][table.workloads[w]];
        EXPECT_EQ(std::isfinite(table.time[s][w]), time.is_number());
        EXPECT_TRUE(!time.is_number() || std::abs(table.time[s][w] - time.get<double>()) < 1e-3);
      }
    }
    const Json& reduction = reductions.at(fs::path(board.path).filename().string());
    auto index = [&](const char* key) {
      auto found = std::find(board.submissions.begin(), board.submissions.end(), reduction[key].get<std::string>());
      return static_cast<size_t>(found - board.submissions.begin());
    };
    GeometricMean mean = geometric_mean_reduction(board, index("comparison"), index("base"), 500);
    EXPECT_NEAR(mean.reduction, reduction["time_reduction"].get<double>(), 1e-9);
    EXPECT_NEAR(mean.low, reduction["eval_grid_bounds_time_reduction"][0].get<double>(), 1e-9);
    EXPECT_NEAR(mean.high, reduction["eval_grid_bounds_time_reduction"][1].get<double>(), 1e-9);
    EXPECT_NEAR(mean.boot_low, reduction["bootstrap_study_95ci_time_reduction"][0].get<double>(), 0.02);
    for (size_t w = 0; w < table.workloads.size(); ++w) {
      EXPECT_NEAR(mean.leave_one_out[w], reduction["jackknife_workload"][table.workloads[w]].get<double>(), 5e-5);
    }
  }
}

TEST(PublishedBoards, LintsFindWhatIsKnownAndNoOtherErrorsOfTheseKindsSlow) {
  HASTEN_NEEDS_SHARED("evaluation/algoperf_lint_findings.json");
  ASSERT_FALSE(boards_folder().empty()) << "tar --zstd failed";
  const std::map<std::string, std::string> kinds{
      {"missing_trials", "L31"},        {"missing_studies", "L31"},         {"step_time_outlier_same_config", "L21"},
      {"eval_cadence_mismatch", "L15"}, {"foreign_hyperparameters", "L33"}, {"result_depends_on_file_order", "L37"},
      {"pool_dependence", "L36"}};
  for (const char* version : {"v05_external", "v06_external"}) {
    std::map<std::string, size_t> expected, found;
    const Json findings = read_json(shared_data("evaluation/algoperf_lint_findings.json"))["findings"];
    for (const Json& finding : findings) {
      auto kind = kinds.find(finding["lint"].get<std::string>());
      if (kind != kinds.end() && finding["where"][0] == version) ++expected[kind->second];
    }
    auto runs = load_runs({(boards_folder() / version).string()});
    std::map<std::string, std::set<std::string>> groups;
    for (const auto& run : runs) groups[run.record.workload].insert(run.record.group);
    std::erase_if(runs, [&](const auto& run) { return groups[run.record.workload].size() < 2; });
    auto comparisons = compare_workloads(std::move(runs));
    auto count = [&](const std::vector<LintResult>& lints) {
      for (const LintResult& lint : lints) {
        for (const Hit& hit : lint.hits) {
          if (hit.severity != Severity::kInfo) ++found[std::string(lint.id)];
        }
      }
    };
    for (const Comparison& comparison : comparisons) count(comparison.lints);
    count(run_board_lints(comparisons));
    for (const char* id : {"L15", "L21", "L31", "L33", "L36", "L37"})
      EXPECT_EQ(found[id], expected[id]) << version << " " << id;
  }
}

TEST(Nanogpt, PValuesOfPublishedSeries) {
  HASTEN_NEEDS_SHARED("evaluation/nanogpt/expected.json");
  Json series = read_json(shared_data("evaluation/nanogpt/expected.json"))["series"];
  for (const auto& [name, golden] : series.items()) {
    Track1 test = track1(golden["losses"].get<std::vector<double>>(), 3.28, 0.01);
    EXPECT_NEAR(test.test.p_less / golden["p_one_sided_less"].get<double>(), 1, 1e-8) << name;
    EXPECT_NEAR(test.test.t / golden["t"].get<double>(), 1, 1e-9) << name;
    EXPECT_TRUE(test.passes);
  }
}

TEST(Nanogpt, FirstCrossingsFinalsAndResetsOfLogs) {
  HASTEN_NEEDS_SHARED("evaluation/nanogpt/expected.json");
  Json records = read_json(shared_data("evaluation/nanogpt/expected.json"))["records"];
  int seen = 0;
  for (const Json& record : records) {
    auto runs = load_runs({shared_data("evaluation/nanogpt/" + record["file"].get<std::string>()).string()});
    ASSERT_EQ(runs.size(), 1u);
    NanogptLog log = read_nanogpt_log(runs[0], 3.28);
    EXPECT_EQ(log.evaluations, record["n_val_evals"].get<int64_t>());
    EXPECT_EQ(log.planned_steps.has_value(), !record["planned_steps"].is_null());
    for (const auto& [key, reading] : {std::pair("first_val_le_3.28", log.crossing), {"final", log.final}}) {
      ASSERT_TRUE(reading.has_value());
      EXPECT_EQ(reading->step, record[key]["step"].get<int64_t>());
      EXPECT_EQ(reading->loss, record[key]["val_loss"].get<double>());
      EXPECT_EQ(reading->train_s.has_value(), !record[key]["train_time_s"].is_null());
      EXPECT_TRUE(!reading->train_s || std::abs(*reading->train_s - record[key]["train_time_s"].get<double>()) < 1e-9);
    }
    ++seen;
  }
  EXPECT_GE(seen, 7);
}

TEST(Nanogpt, FixedSpreadRules) {
  EXPECT_TRUE(track3_accepts(std::vector<double>(4, 3.2779), 3.28));
  EXPECT_FALSE(track3_accepts(std::vector<double>(4, 3.2781), 3.28));
  EXPECT_FALSE(track3_accepts({}, 3.28));
  std::vector<double> same(8, 3.279);
  EXPECT_TRUE(track3_better(same, 3000, same, 3100));    // 100 steps are worth 0.0045
  EXPECT_FALSE(track3_better(same, 3080, same, 3100));
  EXPECT_FALSE(track1({3.2}, 3.28, 0.01).passes);        // one run shows nothing
}

TEST(Nanogpt, RunsThatDivergedFailAndRunsThatStoppedDoNotCount) {
  auto log = [](int64_t step, double loss) {
    NanogptLog one;
    one.planned_steps = 10;
    one.final = NanogptReading{step, loss, {}};
    return one;
  };
  NanogptFinals finals = final_losses({log(10, 3.2), log(10, 3.21), log(5, 3.1), NanogptLog()});
  EXPECT_EQ(finals.losses, (std::vector<double>{3.2, 3.21}));
  EXPECT_EQ(finals.steps, 10);
  EXPECT_EQ(finals.unfinished, 2);
  for (double bad : {std::nan(""), kInf, -kInf}) {
    NanogptFinals failed = final_losses({log(10, 3.2), log(10, 3.21), log(4, bad)});
    EXPECT_EQ(failed.diverged, 1);
    EXPECT_FALSE(track1(failed.losses, 3.28, 0.2).passes);
    EXPECT_FALSE(track3_accepts(failed.losses, 3.28));
    EXPECT_FALSE(track3_accepts({bad}, 3.28));
    EXPECT_FALSE(track3_better({bad}, 10, {3.3}, 10));
    EXPECT_FALSE(track3_better({3.2}, 10, {bad}, 10));
  }
}

TEST(Dawnbench, TimesAndCostsOfEntries) {
  HASTEN_NEEDS_SHARED("evaluation/dawnbench_expected.json");
  Json golden = read_json(shared_data("evaluation/dawnbench_expected.json"))["CIFAR10/train"]["entries"];
  std::map<std::string, DawnbenchEntry> entries;
  for (const auto& run : load_runs({shared_data("evaluation/dawnbench").string()}))
    entries[run.record.id] = score_dawnbench(run);
  ASSERT_EQ(entries.size(), golden.size());
  for (const Json& one : golden) {
    const DawnbenchEntry& entry = entries.at(one["file"].get<std::string>());
    EXPECT_NEAR(entry.hours.value(), one["hours_to_target"].get<double>(), 1e-9);
    EXPECT_EQ(entry.usd.has_value(), !one["cost_to_target_usd"].is_null());
    EXPECT_TRUE(!entry.usd || std::abs(*entry.usd - one["cost_to_target_usd"].get<double>()) < 1e-9);
    EXPECT_EQ(entry.falls_below, one["falls_below_after_hit"].get<bool>());
    EXPECT_LE(entry.hours_before.value(), *entry.hours);
  }
}

TEST(ScoreTable, ProfilesAreReadWhereTheScoresLie) {
  auto taus = [](std::vector<double> runs) { return usual_taus({{"a"}, {"t"}, {{std::move(runs)}}}); };
  EXPECT_EQ(taus({0, 0.3, 1}), (std::vector<double>{0.1, 0.25, 0.5, 0.75, 0.9}));
  EXPECT_EQ(taus({90, 95, 150, 160}), (std::vector<double>{90, 100, 110, 120, 130, 140, 150, 160}));
  EXPECT_EQ(taus({-0.05, 0.3}), (std::vector<double>{-0.05, 0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3}));
  EXPECT_EQ(taus({7, 7}), std::vector<double>{7});
  stats::BootstrapOptions options;
  options.resamples = 10;
  ScoreTable table{{"a"}, {"t"}, {{{90, 150}}}};
  EXPECT_NEAR(aggregate(table, options, 120)[0].optimality_gap.point, 15, 1e-12);
}

TEST(ScoreTable, AggregatesAndRefusals) {
  fs::path path = fs::temp_directory_path() / cat("hasten_scores_", ::getpid(), ".csv");
  write_file_atomic(path, "method,task,seed,score\na,t1,1,1\na,t1,2,3\na,t2,1,5\nb,t1,1,0\nb,t2,1,0\n");
  ScoreTable table = read_score_table(path);
  EXPECT_EQ(table.methods, (std::vector<std::string>{"a", "b"}));
  stats::BootstrapOptions options;
  options.resamples = 200;
  EXPECT_NEAR(aggregate(table, options)[0].mean.point, 3.5, 1e-12);
  EXPECT_EQ(improvements(table, options)[0].probability.point, 1);
  write_file_atomic(path, "method,task,score\na,t1,1\nb,t2,1\n");
  EXPECT_THROW(read_score_table(path), DataError);
  write_file_atomic(path, "method,task,score\na,t1,nan\n");
  EXPECT_THROW(read_score_table(path), DataError);
  fs::remove(path);
}

}  // namespace
}  // namespace hasten::evaluate
