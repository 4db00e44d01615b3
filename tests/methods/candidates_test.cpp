// Changes that a diagnosis weighs: those that the recipe and its loader allow.
#include "hasten/study/candidates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hasten/base/json.h"
#include "hasten/diagnose/test_measurements.h"
#include "hasten/spec/recipe_edit.h"
#include "hasten/study/test_images.h"
#include "hasten/train/test_run.h"
#include "tests/methods/method_run.h"

namespace hasten {
namespace {

using ::testing::Contains;
using ::testing::Not;

std::vector<std::string> candidates_of(const Json& document) {
  const Registry& registry = testing::all_methods();
  const EditRecipe edit = [&](const RecipeEdits& edits) {
    Json edited = document;
    apply_edits(edited, edits);
    return recipe_from_json(edited, registry.catalogue());
  };
  const diagnose::Measurements measurements =
      diagnose::test::measured(diagnose::test::quiet(), diagnose::test::quiet_loader());
  std::vector<std::string> names;
  for (const diagnose::Candidate& one :
       candidates_for(edit({}), edit, registry, diagnose::diagnose(measurements), measurements.facts, {}))
    names.push_back(one.name);
  return names;
}

TEST(CandidatesTest, WhatTheLoadersThreadsCannotComeBeforeIsNone) {
  const testing::TemporaryDirectory folder;
  testing::write_images(folder.path() / "images", 32, 16);
  Json recipe = testing::small_recipe();
  recipe["workload"] = {{"dataset", "images"}, {"metric", "test/accuracy"}};
  recipe["data"] = {{"path", (folder.path() / "images").string()}};
  recipe["loader"] = {{"residence", "stream"}, {"augment", "batch"}};
  recipe["batch"] = {{"size", 8}};
  recipe["model"] = {{"family", "convnet"}, {"widths", {8, 8}}, {"norm", true}, {"readout", "average"}};
  recipe["method"] = {{{"name", "augmix"}}};
  EXPECT_THAT(candidates_of(recipe), Contains("progressive_resizing"));
  recipe["loader"]["augment"] = "sample";
  EXPECT_THAT(candidates_of(recipe), Contains("layer_freezing"));
  EXPECT_THAT(candidates_of(recipe), Not(Contains("progressive_resizing")))
      << "batches would be resized before samples are mixed";
}

}  // namespace
}  // namespace hasten
