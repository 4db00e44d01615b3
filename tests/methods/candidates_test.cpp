// Changes that a diagnosis weighs: those that the recipe and its loader allow.
#include "hasten/study/candidates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "hasten/base/json.h"
#include "hasten/diagnose/test_measurements.h"
#include "hasten/loader/codecs/encode.h"
#include "hasten/spec/recipe_edit.h"
#include "hasten/train/test_run.h"
#include "tests/methods/method_run.h"

namespace hasten {
namespace {

using ::testing::Contains;
using ::testing::Not;

// Images of 32 by 32, a colour a class.
void write_images(const std::filesystem::path& folder) {
  for (const std::string part : {"train", "test"}) {
    for (const int light : {40, 200}) {
      const std::filesystem::path of_class = folder / part / std::to_string(light);
      std::filesystem::create_directories(of_class);
      const std::vector<uint8_t> pixels(32 * 32 * 3, static_cast<uint8_t>(light));
      const std::vector<uint8_t> file = encode_jpeg({pixels.data(), 32, 32, 3, 3 * 32});
      for (int i = 0; i < 16; ++i) {
        std::ofstream out(of_class / (std::to_string(i) + ".jpg"), std::ios::binary);
        out.write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
      }
    }
  }
}

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
  write_images(folder.path() / "images");
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
