// What is said of many verdicts at once: marks, how many are off by chance, and what the checks found.
#include <gtest/gtest.h>

#include "hasten/report/taxonomy_page.h"

namespace hasten::report {
namespace {

using evaluate::Sum;
using evaluate::Verdict;

// Four tested verdicts with these words, all far below any level after Holm's adjustment.
evaluate::VerdictFile tested_file(const std::vector<Verdict>& words) {
  evaluate::VerdictFile file;
  file.workload = "toy";
  file.metric = "test/loss";
  file.seeds = 3;
  for (const Verdict word : words) {
    evaluate::MethodVerdict verdict;
    verdict.methods = {"a"};
    verdict.verdict = word;
    verdict.runs = 3;
    verdict.adjusted_p = 1e-6;
    file.verdicts.push_back(std::move(verdict));
  }
  return file;
}

TEST(TaxonomyText, OnlyWhatWasFoundIsMarked) {
  const evaluate::VerdictFile file =
      tested_file({Verdict::kHelps, Verdict::kHurts, Verdict::kNoDifference, Verdict::kUnresolved});
  std::vector<std::string> words;
  for (const auto& row : verdicts_table(file, false).rows) words.push_back(row[1]);
  EXPECT_EQ(words, (std::vector<std::string>{"helps *", "hurts *", "none", "unresolved"}));
  EXPECT_NE(caution_text(file).find("2 of those that help or hurt stay"), std::string::npos) << caution_text(file);
}

TEST(TaxonomyText, ChanceIsThatOfAllLooks) {
  evaluate::VerdictFile file = tested_file(std::vector<Verdict>(40, Verdict::kUnresolved));
  EXPECT_NE(caution_text(file).find("of 40 about 2.0 lie off 0 by chance. "), std::string::npos) << caution_text(file);
  file.max_seeds = 6;
  file.confidence = 0.9706;
  EXPECT_NE(caution_text(file).find("97.1% intervals, each for itself: of 40 about 2.0 lie off 0 by chance, over both"),
            std::string::npos)
      << caution_text(file);
}

TEST(TaxonomyText, SumsOfPairsHaveTheirOwnMark) {
  evaluate::VerdictFile file = tested_file({Verdict::kHelps, Verdict::kHelps});
  for (evaluate::MethodVerdict& verdict : file.verdicts) {
    verdict.methods = {"a", "b"};
    verdict.sum = Sum::kLess;
  }
  file.verdicts[0].sum_adjusted_p = 0.01;
  file.verdicts[1].sum_adjusted_p = 0.09;
  const Table table = verdicts_table(file, true);
  EXPECT_EQ(table.rows[0][4], "less than the sum *");
  EXPECT_EQ(table.rows[1][4], "less than the sum");
}

TEST(TaxonomyText, ThePageHasWhatTheChecksFound) {
  evaluate::VerdictFile file = tested_file({});
  const auto page = [&] { return taxonomy_page(Catalogue(std::vector<MethodSpec>{}), {file}, {"A title", "", {}}); };
  EXPECT_EQ(page().find("What the checks"), std::string::npos);
  file.lints = {{"L04", "error", "single-seed: 2 runs, expected < 3"}};
  EXPECT_NE(page().find("<li>L04 error: single-seed: 2 runs, expected &lt; 3</li>"), std::string::npos);
}

}  // namespace
}  // namespace hasten::report
