// Every lint fires on its defect, is clean without it, and says what is missing when it cannot know.
#include "hasten/evaluate/lints/lints.h"

#include <gtest/gtest.h>

#include <set>

#include "hasten/evaluate/lints/scene.h"

namespace hasten::evaluate::lints {
namespace {

const Row& row_of(const std::string& id) {
  auto found = first_rows().find(id);
  return found != first_rows().end() ? found->second : last_rows().at(id);
}

class EveryLint : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryLint, Fires) {
  LintResult result = result_of(*find_lint(GetParam()), row_of(GetParam()).fires);
  ASSERT_EQ(result.outcome, Outcome::kFired);
  for (const Hit& hit : result.hits) EXPECT_FALSE(hit.message.empty());
}

TEST_P(EveryLint, IsCleanWithoutTheDefect) {
  LintResult result = result_of(*find_lint(GetParam()), row_of(GetParam()).clean);
  EXPECT_EQ(name(result.outcome), "clean") << (result.hits.empty() ? "" : result.hits[0].message)
                                           << (result.missing.empty() ? "" : "missing " + result.missing[0]);
}

std::vector<std::string> ids() {
  std::vector<std::string> all;
  for (const Lint& lint : all_lints()) all.emplace_back(lint.id);
  return all;
}
INSTANTIATE_TEST_SUITE_P(All, EveryLint, ::testing::ValuesIn(ids()), [](const auto& info) { return info.param; });

// Lints whose rows have no case of a missing field, because every record has what they need.
const std::set<std::string> kAlwaysCheckable{"L04", "L27", "L40"};

std::vector<std::string> ids_that_may_miss_a_field() {
  std::vector<std::string> some = ids();
  std::erase_if(some, [](const std::string& id) { return kAlwaysCheckable.contains(id); });
  return some;
}

class LintWithMissingField : public ::testing::TestWithParam<std::string> {};

TEST_P(LintWithMissingField, SaysWhatIsMissing) {
  const Row& row = row_of(GetParam());
  ASSERT_TRUE(row.unknown) << "the row has no case of a missing field";
  LintResult result = result_of(*find_lint(GetParam()), row.unknown);
  EXPECT_FALSE(result.missing.empty());
  EXPECT_NE(result.outcome, Outcome::kClean);
}
INSTANTIATE_TEST_SUITE_P(All, LintWithMissingField, ::testing::ValuesIn(ids_that_may_miss_a_field()),
                         [](const auto& info) { return info.param; });

TEST(Lints, OnlyTheseHaveNoCaseOfAMissingField) {
  for (const std::string& id : kAlwaysCheckable) EXPECT_FALSE(row_of(id).unknown) << id;
}

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
  EXPECT_NEAR(defects[0].expected.value(), 0.0119 + 0.01333 * 7, 1e-9);
}

TEST(CostTable, AWrongEndIsBlamedAndNotItsNeighbour) {
  auto defects = check_cost_table({{1, 1}, {2, 2}, {3, 3}, {4, 2.5}});
  ASSERT_EQ(defects.size(), 1u);
  EXPECT_EQ(defects[0].size, 4);
  EXPECT_NEAR(defects[0].expected.value(), 4, 1e-12);
  EXPECT_EQ(defects[0].smaller, std::pair(3.0, 3.0));
}

TEST(CostTable, CostsThatDoNotGrowAreNamedWithTheSizeBefore) {
  for (const auto& costs : {std::vector<double>{4, 3, 2, 1}, {1, 1, 1, 1}}) {
    std::vector<std::pair<double, double>> table;
    for (size_t i = 0; i < costs.size(); ++i) table.emplace_back(static_cast<double>(i + 1), costs[i]);
    auto defects = check_cost_table(table);
    ASSERT_EQ(defects.size(), 3u);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(defects[i].size, static_cast<double>(i + 2));
      EXPECT_EQ(defects[i].smaller, std::pair(static_cast<double>(i + 1), costs[i]));
      EXPECT_FALSE(defects[i].expected.has_value());
    }
  }
  auto two = check_cost_table({{1, 2}, {2, 1}});
  ASSERT_EQ(two.size(), 1u);
  EXPECT_EQ(two[0].size, 2);
}

TEST(CostTable, SeveralCostsOfOneSizeCountAsTheirMean) {
  EXPECT_TRUE(check_cost_table({{1, 1}, {2, 1.9}, {2, 2.1}, {3, 3}}).empty());
  auto defects = check_cost_table({{1, 1}, {2, 2}, {2, 10}, {3, 3}});
  ASSERT_EQ(defects.size(), 1u);
  EXPECT_EQ(defects[0].size, 2);
  EXPECT_EQ(defects[0].cost, 6);
}

TEST(Lints, OfSeveralWorkloadsTheBoardSpeaksOnce) {
  Scene scene;
  board(scene, 12, 12);
  std::vector<evaluate::Run> runs;
  for (const auto& workload : scene.workloads) runs.insert(runs.end(), workload.begin(), workload.end());
  auto comparisons = compare_workloads(runs);
  ASSERT_EQ(comparisons.size(), 2u);
  const size_t all = all_lints().size();
  for (const Comparison& comparison : comparisons) {
    EXPECT_EQ(comparison.lints.size(), all - 3);
    EXPECT_EQ(run_lints({comparison, nullptr, comparisons}).size(), all - 3);
    EXPECT_EQ(run_lints({comparison}).size(), all);
  }
  for (const LintResult& lint : run_board_lints(comparisons)) EXPECT_TRUE(lint.missing.empty()) << lint.id;
  std::erase_if(runs, [](const auto& run) { return run.record.workload == "two"; });
  EXPECT_EQ(compare_workloads(runs).at(0).lints.size(), all);
}

}  // namespace
}  // namespace hasten::evaluate::lints
