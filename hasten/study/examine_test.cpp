// Diagnoses from end to end: advice that is tried, interruptions, and failures that say where.
#include "hasten/study/examine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>

#include "hasten/base/error.h"
#include "hasten/diagnose/test_measurements.h"
#include "hasten/spec/recipe_edit.h"
#include "hasten/study/test_images.h"
#include "hasten/study/test_recipes.h"

namespace hasten {
namespace {

using testing::no_methods;
using testing::Probe;
using testing::probed_recipe;
using testing::probing;
using testing::recipe_of;
using testing::streamed_recipe;
using testing::TemporaryDirectory;
using P = diagnose::Part;

TEST(ExamineTest, FromARecipeToAdviceThatIsTried) {
  TemporaryDirectory folder;
  testing::write_images(folder.path(), 16, 32);
  const EditRecipe edit = [&](const RecipeEdits& edits) {
    Json document = streamed_recipe(folder.path());
    apply_edits(document, edits);
    return recipe_from_json(document, no_methods().catalogue());
  };
  ExamineOptions options;
  options.session.seconds = 0.5;
  options.session.least_window_s = 0.002;
  options.attempts = {"loader.residence=memory", "batch.size=16", "nonsense.key=1"};
  const diagnose::Examination found = examine(edit, no_methods(), options);
  EXPECT_GE(found.measurements.rounds.size(), 3u);
  EXPECT_FALSE(found.diagnosis.findings.empty());
  ASSERT_EQ(found.realised.size(), 3u);
  EXPECT_TRUE(found.realised[0].remedy.predicted);
  EXPECT_GT(found.realised[0].gain, 0);
  EXPECT_GT(found.realised[1].gain, 0);
  EXPECT_NE(found.realised[2].failed.find("nonsense"), std::string::npos) << found.realised[2].failed;
  EXPECT_FALSE(std::filesystem::exists("runs"));
}

ExamineOptions short_options() {
  ExamineOptions options;
  options.session.seconds = 0.3;
  options.session.least_window_s = 0.002;
  return options;
}

bool has_note(const diagnose::Examination& found, const std::string& words) {
  return std::any_of(found.notes.begin(), found.notes.end(),
                     [&](const std::string& note) { return note.find(words) != std::string::npos; });
}

TEST(ExamineTest, AnInterruptionGivesWhatIsKnown) {
  std::atomic<bool> stop{true};
  ExamineOptions options = short_options();
  options.session.stop = &stop;
  EXPECT_THROW(examine(probed_recipe, probing(), options), ExamineInterrupted);
  stop = false;
  options.attempts = {"batch.size=16"};
  options.announce_remedy = [&](const diagnose::Remedy&) { stop = true; };
  const diagnose::Examination found = examine(probed_recipe, probing(), options);
  EXPECT_FALSE(found.diagnosis.findings.empty());
  EXPECT_TRUE(found.realised.empty());
  EXPECT_TRUE(has_note(found, "batch.size=16 was being tried"));
}

TEST(ExamineTest, WithoutAVerdictOnlyWhatIsNamedIsTried) {
  ExamineOptions options = short_options();
  options.session.least_rounds = options.session.most_rounds = 2;
  options.apply = true;
  options.attempts = {"batch.size=16"};
  const diagnose::Examination found = examine(probed_recipe, probing(), options);
  ASSERT_EQ(found.realised.size(), 1u);
  EXPECT_EQ(found.realised[0].remedy.candidate.name, "batch.size=16");
  EXPECT_TRUE(has_note(found, "--apply tried nothing"));
}

TEST(ExamineTest, TheBestOfTheAdviceAndWhatWasAskedForAreTriedOnce) {
  const diagnose::Measurements measurements =
      diagnose::test::measured(diagnose::test::quiet(), diagnose::test::quiet_loader());
  diagnose::Examination found{
      .measurements = measurements, .diagnosis = diagnose::diagnose(measurements), .advice = {}};
  ASSERT_TRUE(found.diagnosis.decided);
  std::vector<diagnose::Candidate> candidates;
  for (const char* name : {"first", "takes long", "second", "third"}) {
    diagnose::Candidate one;
    one.name = name;
    one.set = {"batch.size=16"};
    if (one.name == "takes long") one.prepare_s = 61;
    one.effect[P::kCompute] = 0.5;
    candidates.push_back(one);
    found.advice.remedies.push_back(diagnose::predict(found.diagnosis, one));
  }
  ExamineOptions options;
  options.session.seconds = 60;
  options.most_applied = 2;
  options.attempts = {"second", "takes long", "batch.size=64"};
  const auto tried = [&] {
    std::string names;
    for (const diagnose::Remedy& one : remedies_to_try(found, candidates, no_methods().catalogue(), options))
      names += one.candidate.name + (one.predicted ? "; " : " unforeseen; ");
    return names;
  };
  EXPECT_EQ(tried(), "second; takes long; batch.size=64 unforeseen; ") << "without --apply";
  options.apply = true;
  EXPECT_EQ(tried(), "first; second; takes long; batch.size=64 unforeseen; ");
  candidates[1].unweighed = "it is made up";
  EXPECT_EQ(tried(), "first; second; takes long unforeseen; batch.size=64 unforeseen; ");
  found.diagnosis.decided = false;
  EXPECT_EQ(tried(), "second; takes long unforeseen; batch.size=64 unforeseen; ");
}

TEST(ExamineTest, ColdFilesHaveANote) {
  TemporaryDirectory folder;
  testing::write_images(folder.path(), 16, 32);
  const EditRecipe edit = [&](const RecipeEdits&) { return recipe_of(streamed_recipe(folder.path())); };
  ExamineOptions options;
  options.session.seconds = 0.5;
  options.session.least_window_s = 0.002;
  EXPECT_FALSE(has_note(examine(edit, no_methods(), options), "R5 against R0"));
  options.subject.drop_caches = true;
  EXPECT_TRUE(has_note(examine(edit, no_methods(), options), "R5 against R0"));
}

// The packed copy is trained from, gone afterwards, and the source is what it was.
TEST(ExamineTest, PackingIsTriedOnACopy) {
  TemporaryDirectory folder, scratch;
  testing::write_images(folder.path(), 16, 32);
  const auto files = [&](const std::filesystem::path& path) {
    return std::distance(std::filesystem::recursive_directory_iterator(path), {});
  };
  const auto before = files(folder.path());
  std::vector<std::string> paths;
  const EditRecipe edit = [&](const RecipeEdits& edits) {
    Json document = streamed_recipe(folder.path());
    apply_edits(document, edits);
    paths.push_back(document["data"]["path"]);
    EXPECT_TRUE(std::filesystem::exists(paths.back()));
    return recipe_from_json(document, no_methods().catalogue());
  };
  const char* usual = std::getenv("TMPDIR");
  const std::string kept = usual == nullptr ? "" : usual;
  setenv("TMPDIR", scratch.path().c_str(), 1);
  ExamineOptions options;
  options.session.seconds = 0.5;
  options.session.least_window_s = 0.002;
  options.apply = true;
  options.most_applied = 0;
  options.attempts = {"data pack"};
  const diagnose::Examination found = examine(edit, no_methods(), options);
  if (usual == nullptr) unsetenv("TMPDIR");
  else setenv("TMPDIR", kept.c_str(), 1);
  ASSERT_EQ(found.realised.size(), 1u);
  EXPECT_EQ(found.realised[0].failed, "");
  EXPECT_TRUE(found.realised[0].remedy.candidate.packs);
  EXPECT_NE(found.realised[0].remedy.candidate.note.find("--format raw"), std::string::npos);
  EXPECT_GT(found.realised[0].gain, 0);
  EXPECT_TRUE(std::any_of(paths.begin(), paths.end(), [&](const std::string& path) {
    return path.starts_with(scratch.path().string());
  })) << "it trained from the copy";
  EXPECT_EQ(files(scratch.path()), 0);
  EXPECT_EQ(files(folder.path()), before);
}

TEST(ExamineTest, ARecipeThatFailsNamesTheExperiment) {
  for (bool* fails : {&Probe::fails, &Probe::fails_below}) {
    *fails = true;
    try {
      examine(probed_recipe, probing(), short_options());
      ADD_FAILURE() << "it works";
    } catch (const ConfigError& error) {
      EXPECT_NE(error.where().find("experiment R0 (nothing)"), std::string::npos) << error.where();
      const std::string& says = fails == &Probe::fails ? error.where() : error.got();
      EXPECT_NE(says.find(fails == &Probe::fails ? "fails" : "no kernel for this"), std::string::npos) << says;
      EXPECT_EQ(error.got().find("frame #"), std::string::npos) << "no stack of calls";
    }
    *fails = false;
  }
}

}  // namespace
}  // namespace hasten
