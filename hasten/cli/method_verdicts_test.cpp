// Gaps of a small catalogue of our own: what counts as a verdict, cells that are poor or open, pairs that nobody tried.
#include "hasten/cli/method_verdicts.h"

#include <gtest/gtest.h>

#include "hasten/base/error.h"

namespace hasten::cli {
namespace {

using evaluate::MethodVerdict;
using evaluate::Verdict;
using evaluate::VerdictFile;
using Names = std::vector<std::string>;

MethodSpec spec_in(const std::string& name, Component component, Verb verb) {
  MethodSpec spec;
  spec.name = name;
  spec.component = component;
  spec.verbs = {verb};
  return spec;
}

Catalogue small_catalogue() {
  MethodSpec ema = spec_in("ema", Component::kAlgorithm, Verb::kRetrofit);
  ema.uses = {{Seam::kWeightProvider, Phase::kAverage}};
  MethodSpec swa = ema;
  swa.name = "swa";
  return Catalogue({ema, swa, spec_in("sam", Component::kAlgorithm, Verb::kRetrofit),
                    spec_in("smooth", Component::kObjective, Verb::kRetrofit),
                    spec_in("recompute", Component::kDerivatives, Verb::kReplace),
                    spec_in("clip", Component::kDerivatives, Verb::kRestrict),
                    spec_in("distil", Component::kObjective, Verb::kReplace)});
}

MethodVerdict said(Names methods, Verdict word, int64_t runs = 3) {
  MethodVerdict verdict;
  verdict.methods = std::move(methods);
  verdict.verdict = word;
  verdict.runs = runs;
  return verdict;
}

VerdictFile on_workload(const std::string& workload, std::vector<MethodVerdict> verdicts) {
  VerdictFile file;
  file.workload = workload;
  file.verdicts = std::move(verdicts);
  return file;
}

// On "text" two averages, sharpness and smoothing help; recomputing hurts, and the loss of a teacher has no result.
std::vector<VerdictFile> small_files() {
  return {on_workload("text",
                      {said({"ema"}, Verdict::kHelps), said({"swa"}, Verdict::kHelps), said({"sam"}, Verdict::kHelps),
                       said({"smooth"}, Verdict::kUnresolved), said({"recompute"}, Verdict::kHurts),
                       said({"clip"}, Verdict::kHurts), said({"distil"}, Verdict::kUnresolved, 0)}),
          on_workload("images", {said({"recompute"}, Verdict::kNoDifference), said({"clip"}, Verdict::kUnresolved)})};
}

std::vector<std::string> untried(const Gaps& gaps) {
  std::vector<std::string> pairs;
  for (const auto& [workload, both] : gaps.untried) pairs.push_back(workload + ": " + both.name + " " + both.with);
  return pairs;
}

TEST(GapsOf, RunsThatAllFailedAreNoVerdict) {
  const Catalogue catalogue = small_catalogue();
  EXPECT_EQ(words_of(catalogue.get("distil", ""), small_files()), Names{"unmeasured"});
  EXPECT_EQ(words_of(catalogue.get("clip", ""), small_files()), (Names{"hurts", "unresolved"}));
  const Gaps gaps = gaps_of(catalogue, small_files(), {}, {});
  ASSERT_EQ(gaps.unmeasured.size(), 1);
  EXPECT_EQ(gaps.unmeasured[0].name, "distil");
  std::vector<VerdictFile> diverged = small_files();
  diverged[0].verdicts.back().diverged = 3;
  EXPECT_TRUE(gaps_of(catalogue, diverged, {}, {}).unmeasured.empty());
}

TEST(GapsOf, PoorCellsAreThoseWhereEveryVerdictIsNegative) {
  GapKnowledge known;
  known.cells = {{Component::kDerivatives, Verb::kReplace, "it saves memory", "somebody"},
                 {Component::kAlgorithm, Verb::kRetrofit, "it helps", "somebody"},
                 {Component::kParameters, Verb::kRemove, "nobody tried", "somebody"}};
  const Gaps gaps = gaps_of(small_catalogue(), small_files(), {}, known);
  ASSERT_EQ(gaps.poor.size(), 1);
  EXPECT_EQ(gaps.poor[0].cell.component, Component::kDerivatives);
  EXPECT_EQ(gaps.poor[0].cell.verb, Verb::kReplace);
  EXPECT_EQ(gaps.poor[0].cell.known, "it saves memory");
  EXPECT_EQ(gaps.poor[0].methods, Names{"recompute: hurts on text, none on images"});
  ASSERT_EQ(gaps.open.size(), 2);  // smooth, and clip; where nothing was measured, nothing is said
  EXPECT_EQ(gaps.open[0].methods, Names{"clip: hurts on text, unresolved on images"});
  EXPECT_EQ(gaps.open[1].methods, Names{"smooth: unresolved on text"});
  EXPECT_EQ(gaps.empty.size(), 35 - 5);
  EXPECT_EQ(gaps.empty[0].known, "nobody tried");
  EXPECT_EQ(gaps.empty[1].known, "");
  ASSERT_EQ(gaps.filled.size(), 1);
  EXPECT_EQ(gaps.filled[0].known, "it helps");
}

TEST(GapsOf, PairsThatNoRecipeCanHaveAreNotCounted) {
  const Catalogue catalogue = small_catalogue();
  const Gaps gaps = gaps_of(catalogue, small_files(), {}, {});
  EXPECT_EQ(gaps.pairs, 7 * 6 / 2 - 1);  // two averages are on one seam
  EXPECT_EQ(gaps.tried, 0);
  EXPECT_EQ(untried(gaps), (Names{"text: ema sam", "text: swa sam"}));
}

TEST(GapsOf, PairsOfExperimentsOfTheirOwnAreTried) {
  const Catalogue catalogue = small_catalogue();
  GapKnowledge known;
  known.methods = {{"sam", "swa", "both", "somebody"}, {"distil", "", "one", "somebody"}};
  Gaps gaps = gaps_of(catalogue, small_files(), {on_workload("text", {said({"sam", "ema"}, Verdict::kHelps)})}, known);
  EXPECT_EQ(gaps.tried, 1);
  ASSERT_EQ(untried(gaps), Names{"text: swa sam"});
  EXPECT_EQ(gaps.untried[0].methods.known, "both");
  EXPECT_EQ(gaps.unmeasured[0].known, "one");
  // On another workload it is another question; without a run it is none.
  gaps = gaps_of(catalogue, small_files(), {on_workload("images", {said({"sam", "ema"}, Verdict::kHelps)})}, known);
  EXPECT_EQ(gaps.tried, 1);
  EXPECT_EQ(gaps.untried.size(), 2);
  const VerdictFile failed = on_workload("text", {said({"sam", "ema"}, Verdict::kUnresolved, 0)});
  gaps = gaps_of(catalogue, small_files(), {failed}, known);
  EXPECT_EQ(gaps.tried, 0);
  EXPECT_EQ(gaps.untried.size(), 2);
}

TEST(GapsOf, KnowledgeIsAboutMethodsThatThereAre) {
  GapKnowledge known;
  known.methods = {{"emma", "", "one", "somebody"}};
  EXPECT_THROW(gaps_of(small_catalogue(), {}, {}, known), ConfigError);
  known.methods = {{"ema", "smoothe", "both", "somebody"}};
  EXPECT_THROW(gaps_of(small_catalogue(), {}, {}, known), ConfigError);
}

TEST(PairsWith, FindsThemFromEitherSide) {
  const Catalogue catalogue = small_catalogue();
  const std::vector<VerdictFile> files{
      on_workload("text", {said({"sam"}, Verdict::kHelps), said({"sam", "ema"}, Verdict::kHelps)})};
  EXPECT_EQ(pairs_with(catalogue.get("ema", ""), files).size(), 1);
  EXPECT_EQ(pairs_with(catalogue.get("sam", ""), files).size(), 1);
  EXPECT_TRUE(pairs_with(catalogue.get("swa", ""), files).empty());
  EXPECT_EQ(verdicts_on(catalogue.get("sam", ""), files).size(), 1);
}

}  // namespace
}  // namespace hasten::cli
