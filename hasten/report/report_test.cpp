// Reports: what the words say, that nothing from a run becomes markup, and that the page draws itself in a browser.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <span>

#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/comparison.h"
#include "hasten/evaluate/make_runs.h"
#include "hasten/report/comparison_html.h"
#include "hasten/report/comparison_text.h"
#include "hasten/report/test_browser.h"
#include "hasten/report/wording.h"

namespace hasten::report {
namespace {

using evaluate::testing::make_race;
using Runs = std::vector<evaluate::Run>;

size_t count(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

std::string page_of(Runs runs) {
  std::vector<evaluate::Comparison> comparisons;
  comparisons.push_back(evaluate::compare(std::move(runs)));
  return comparison_html(comparisons, {"A title", "hasten race a.toml b.toml"});
}

// Three budgets a side that reach more the longer they are, the method in less time.
Runs tradeoff() {
  Runs runs;
  for (int seed = 1; seed <= 3; ++seed) {
    int i = 0;
    for (double budget : {4.0, 8.0, 16.0}) {
      std::string text = number(budget) + "ep";
      double quality = 0.893 + 0.006 * i++ + 0.0001 * seed;
      runs.push_back(evaluate::testing::make_run("baseline", seed, 10 * budget, quality, text, 100 * budget));
      runs.push_back(evaluate::testing::make_run("fast", seed, 10 * budget / 1.5, quality, text, 100 * budget));
    }
  }
  return runs;
}

TEST(Table, AlignsCharactersNotBytes) {
  Table table{{"name", "value"}, {{"a ± b", "1"}, {"c", "23"}}, 1};
  EXPECT_EQ(terminal_table(table), "name   value\na ± b      1\nc         23\n");
  EXPECT_EQ(markdown_table({{"a|b", "c"}, {{"x\ny", "1"}}, 1}), "| a\\|b |   c |\n| ---- | --: |\n| x y  |   1 |\n");
}

TEST(TextReport, SaysTheVerdictTheNumbersAndTheLimits) {
  std::string text = comparison_text(evaluate::compare(make_race(3)));
  for (const char* part :
       {"toy: test/accuracy, target 0.9\n", "baseline @ 8ep     3  0.9052 ± 0.0008", "unavailable", "yes, 3 of 3",
        "fast helps: 2.52x (95% interval 2.43 to 2.61x) in train seconds to test/accuracy 0.9",
        "the smallest speedup that these runs can detect is 1.054x",
        "What this comparison cannot conclude:", "warning  L04 single-seed: baseline: 3 runs: enough for a hint"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
  EXPECT_EQ(text.find("\033["), std::string::npos);
  EXPECT_NE(comparison_text(evaluate::compare(make_race(3)), {true, false}).find("\033["), std::string::npos);
}

TEST(JsonReport, HasNullsWhereNothingWasMeasured) {
  Json json = comparison_json(evaluate::compare(make_race(3)));
  EXPECT_EQ(json["pairs"][0]["verdict"], "helps");
  EXPECT_TRUE(json["groups"][0]["points"][0]["costs"]["joules"].is_null());
  EXPECT_TRUE(json["runs"][0]["costs"]["usd"].is_null());
  EXPECT_EQ(json["runs"][0]["series"].size(), 10u);
  EXPECT_EQ(json["lints"].size(), evaluate::compare(make_race(3)).lints.size());
}

TEST(CsvReport, QuotesCells) {
  Runs runs = make_race(2);
  runs[0].record.id = "a,\"b\"";
  std::string csv = comparison_csv(std::array{evaluate::compare(runs)});
  EXPECT_NE(csv.find("\"a,\"\"b\"\"\",baseline,8ep,1,"), std::string::npos) << csv;
  EXPECT_EQ(count(csv, "\n"), 5u);
}

TEST(CsvReport, SeveralWorkloadsShareOneHeaderAndSayWhichTheyAre) {
  Runs other = make_race(2);
  for (auto& run : other) run.record.workload = "other, too";
  std::string csv = comparison_csv(std::array{evaluate::compare(make_race(2)), evaluate::compare(other)});
  EXPECT_EQ(count(csv, "\n"), 9u);
  EXPECT_EQ(count(csv, "run,group,"), 1u);
  EXPECT_EQ(count(csv, ",ok,toy\n"), 4u) << csv;
  EXPECT_EQ(count(csv, ",ok,\"other, too\"\n"), 4u) << csv;
}

TEST(Reports, BudgetsOfLogsWithoutWordsAreTold) {
  Runs runs = make_race(2);
  for (auto& run : runs) run.record.planned.text.clear();
  evaluate::Comparison comparison = evaluate::compare(runs);
  EXPECT_NE(comparison_csv(std::span(&comparison, 1)).find("baseline,1000step,"), std::string::npos);
  EXPECT_EQ(comparison_json(comparison)["runs"][0]["budget"], "1000step");
  EXPECT_EQ(runs_table(comparison).rows[0][2], "1000step");
}

TEST(Reports, NamesCannotWriteOverTheTerminal) {
  EXPECT_EQ(printable("a\x1b[2Jb\nc\x7f"), "a[2Jb c");
  // C1, as a character and as a byte.
  EXPECT_EQ(printable(std::string("\xc2\x9b") + "31m" + "\x9b" + "1m ü — \xc2\xa0"), "31m1m ü — \xc2\xa0");
  Runs runs = make_race(2);
  for (auto& run : runs) {
    run.record.workload = "toy\x1b]0;title\x07";
    run.record.id += "\x1b[31m";
    if (run.record.group == "fast") run.record.group = "fa\x1b[2Jst";
  }
  evaluate::Comparison comparison = evaluate::compare(runs);
  for (const std::string& text : {comparison_text(comparison, {false, true}), comparison_markdown(comparison)}) {
    EXPECT_EQ(text.find_first_of("\x1b\x07"), std::string::npos);
    EXPECT_NE(text.find("fa[2Jst"), std::string::npos);
  }
}

TEST(Reports, AllFourTimesToTargetAndTheFrontier) {
  evaluate::Comparison comparison = evaluate::compare(make_race(3));
  Json json = comparison_json(comparison);
  for (const char* variant : {"planned", "first", "common", "sustained"})
    EXPECT_TRUE(json["groups"][0]["times"].contains(variant)) << variant;
  EXPECT_EQ(json["groups"][0]["times"]["planned"]["budget"], "8ep");
  EXPECT_GT(json["pairs"][0]["variants"]["first"]["ratio"].get<double>(), 2.3);
  EXPECT_LT(json["pairs"][0]["variants"]["first"]["bounds"][0], json["pairs"][0]["variants"]["first"]["ratio"]);
  for (const std::string& text :
       {comparison_text(comparison), comparison_markdown(comparison), page_of(make_race(3))}) {
    EXPECT_NE(text.find("sustained"), std::string::npos);
    EXPECT_NE(text.find("Pareto frontier: fast @ 3ep (0.9"), std::string::npos) << text.substr(0, 2000);
  }
  EXPECT_NE(comparison_text(evaluate::compare(make_race(1))).find("baseline, common: unavailable, since one run has"),
            std::string::npos);
}

TEST(Reports, CyclicPointsSayTheirOffset) {
  Runs runs = tradeoff();
  for (double budget : {4.0, 8.0, 16.0}) {
    runs.push_back(evaluate::testing::make_run("baseline", 1, 10 * budget, 0.95, number(budget) + "ep", 100 * budget));
    runs.back().record.id += "-cyclic";
    runs.back().record.point = evaluate::PointKind::kCyclic;
  }
  evaluate::Comparison comparison = evaluate::compare(runs);
  Json json = comparison_json(comparison);
  EXPECT_EQ(json["groups"][0]["cyclic_anchors"]["offsets"].size(), 3u);
  EXPECT_EQ(json["groups"][1]["cyclic_anchors"]["missing"], "fewer than two standard anchors: no offset");
  std::string text = comparison_text(comparison);
  EXPECT_NE(text.find("cyclic points of baseline, read off runs with restarts: test/accuracy against the standard "
                      "points +0.057 at 4ep, +0.051 at 8ep, +0.045 at 16ep"),
            std::string::npos)
      << text;
}

TEST(HtmlReport, NothingFromARunBecomesMarkupOrScript) {
  Runs runs = make_race(2);
  const std::string evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\" onload='x' <!--";
  for (auto& run : runs) {
    run.record.id += evil;
    run.record.workload = evil;
    run.record.hardware.cpu = evil;
    if (run.record.group == "fast") run.record.group = evil;
  }
  std::string page = page_of(runs);
  EXPECT_EQ(page.find("<img"), std::string::npos);
  EXPECT_EQ(page.find("<script>alert"), std::string::npos);
  EXPECT_EQ(page.find("<!--", 20), std::string::npos);
  EXPECT_EQ(count(page, "<script"), 3u);  // data, chart library, page
  EXPECT_EQ(count(page, "</script"), 3u);
}

TEST(HtmlReport, OpensOffline) {
  std::string page = page_of(make_race(3));
  for (const char* part : {" src=", "<link", "@import", "url("}) EXPECT_EQ(page.find(part), std::string::npos) << part;
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
  EXPECT_NE(page.find("hasten race a.toml b.toml"), std::string::npos);
  EXPECT_LT(page.size(), 400u * 1024);
}

// A browser from the system, if there is one; the page says in an attribute how many charts it drew.
TEST(HtmlReport, DrawsItsChartsInABrowserSlow) {
  auto dom = seen_by_browser(page_of(make_race(3)));
  if (!dom) GTEST_SKIP() << "no chromium here";
  EXPECT_NE(dom->find("data-drawn=\"2\""), std::string::npos) << dom->substr(0, 300);
}

TEST(TextReport, GainAtEqualCostStandsBesideTheSpeedup) {
  evaluate::Comparison comparison = evaluate::compare(tradeoff());
  std::string text = comparison_text(comparison);
  EXPECT_NE(text.find("train seconds  gain in test/accuracy"), std::string::npos) << text;
  EXPECT_NE(text.find("at the cost of fast @ 16ep the gain in test/accuracy is +0.0035 (+0.0034 to +0.0036)"),
            std::string::npos)
      << text;
  Json gains = comparison_json(comparison)["pairs"][0]["gain_by_cost"];
  EXPECT_TRUE(gains[0]["gain"].is_null());  // cheaper than anything the baseline measured
  // At 40s the baseline is at its first point, the method between its first and second: log(1.5) of log(2) on the way.
  EXPECT_EQ(gains[1]["cost"], 40);
  EXPECT_NEAR(gains[1]["gain"].get<double>(), 0.006 * std::log(1.5) / std::log(2), 1e-12);
  EXPECT_LE(gains[1]["low"], gains[1]["gain"]);
  EXPECT_GE(gains[1]["high"], gains[1]["gain"]);
  EXPECT_LT(gains[1]["low"], gains[1]["high"]);
}

TEST(HtmlReport, DrawsSpeedupAndGainSideBySideInABrowserSlow) {
  auto dom = seen_by_browser(page_of(tradeoff()));
  if (!dom) GTEST_SKIP() << "no chromium here";
  EXPECT_NE(dom->find("data-drawn=\"4\""), std::string::npos) << dom->substr(0, 300);
  size_t speedup = dom->find("data-kind=\"speedup\""), gain = dom->find("data-kind=\"gain\"");
  ASSERT_NE(gain, std::string::npos);
  EXPECT_LT(speedup, gain);
  EXPECT_NE(dom->find("data-points=\"4\"", gain), std::string::npos) << dom->substr(gain, 200);
}

}  // namespace
}  // namespace hasten::report
