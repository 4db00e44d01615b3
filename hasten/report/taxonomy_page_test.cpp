// The page of methods and verdicts: marks, counts, what leaves the picture, and pairs whose runs are missing.
#include "hasten/report/taxonomy_page.h"

#include <gtest/gtest.h>

namespace hasten::report {
namespace {

using evaluate::MethodVerdict;
using evaluate::Span;
using evaluate::Verdict;
using evaluate::VerdictFile;

size_t times(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

MethodSpec spec_named(const std::string& name) {
  MethodSpec spec;
  spec.name = name;
  spec.component = Component::kObjective;
  spec.verbs = {Verb::kRetrofit};
  return spec;
}

MethodVerdict verdict_on(std::vector<std::string> methods, Verdict word, double effect, double reach) {
  MethodVerdict verdict;
  verdict.methods = std::move(methods);
  verdict.verdict = word;
  verdict.runs = 3;
  verdict.reason = "because";
  verdict.effect = Span{effect, effect - reach, effect + reach};
  return verdict;
}

VerdictFile file_with(std::vector<MethodVerdict> verdicts) {
  VerdictFile file;
  file.workload = "toy";
  file.metric = "test/loss";
  file.margin = 0.01;
  file.verdicts = std::move(verdicts);
  return file;
}

std::string page_with(const VerdictFile& file) {
  return taxonomy_page(Catalogue({spec_named("a"), spec_named("b"), spec_named("c")}), {file}, {"A title", "", {}});
}

TEST(TaxonomyPage, WithoutARunThatEndedNothingIsMeasured) {
  MethodVerdict failed;
  failed.methods = {"a"};
  failed.failed = 3;
  EXPECT_FALSE(is_measured(failed));
  EXPECT_EQ(verdict_word(failed), "unmeasured");
  MethodVerdict diverged = failed;
  diverged.diverged = 2;
  EXPECT_TRUE(is_measured(diverged));
  EXPECT_EQ(verdict_word(diverged), "unresolved");
  const std::string page = page_with(file_with({failed}));
  EXPECT_EQ(times(page, "<i class=\"v unresolved\"></i>"), 1) << "the legend's alone";
  EXPECT_EQ(times(page, "<i class=\"v unmeasured\"></i>"), 1 + 3);
}

TEST(TaxonomyPage, CountsTheMethodsOfACell) {
  const std::string page = page_with(file_with({}));
  EXPECT_EQ(times(page, "<span class=\"count\">3</span>"), 1);
  EXPECT_EQ(times(page, "<td class=\"gap\"></td>"), 34);
}

// The wild effect would leave a few pixels to the others.
TEST(TaxonomyPage, WhatLeavesThePictureEndsInAnArrow) {
  std::vector<MethodVerdict> verdicts;
  for (int i = 0; i < 12; ++i) verdicts.push_back(verdict_on({"a"}, Verdict::kUnresolved, -0.05 * i, 0.3));
  const std::string calm = page_with(file_with(verdicts));
  EXPECT_EQ(times(calm, "<path class=\"arrow"), 0);
  EXPECT_EQ(times(calm, "<circle class="), 12);
  verdicts.push_back(verdict_on({"b"}, Verdict::kHurts, -10, 5));
  const std::string wild = page_with(file_with(verdicts));
  EXPECT_EQ(times(wild, "<path class=\"arrow hurts\""), 1);
  EXPECT_EQ(times(wild, "<path class=\"arrow"), 1);
  EXPECT_EQ(times(wild, "<circle class="), 12);  // its own lies outside
  verdicts.back() = verdict_on({"b"}, Verdict::kUnresolved, 0, 20);
  const std::string wide = page_with(file_with(verdicts));
  EXPECT_EQ(times(wide, "<path class=\"arrow unresolved\""), 2);
  EXPECT_EQ(times(wide, "<circle class="), 13);
}

TEST(TaxonomyPage, PairsWithoutAResultWereTriedAllTheSame) {
  MethodVerdict lost = verdict_on({"a", "b"}, Verdict::kUnresolved, 0, 1);
  lost.effect.reset();
  MethodVerdict told = verdict_on({"a", "c"}, Verdict::kHelps, 0.5, 0.1);
  told.beyond_sum = Span{-0.2, -0.3, -0.1};
  told.sum = evaluate::Sum::kLess;
  const std::string page = page_with(file_with({lost, told}));
  EXPECT_EQ(times(page, "<rect class=\"cell lost\""), 2);
  EXPECT_EQ(times(page, "<rect class=\"cell less\""), 2);
  EXPECT_EQ(times(page, "tried, but runs are missing to tell"), 1);
  EXPECT_EQ(page_with(file_with({told})).find("runs are missing"), std::string::npos);
}

}  // namespace
}  // namespace hasten::report
