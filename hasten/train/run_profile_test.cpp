// Profiles that cannot be had: the run goes on, and says so.
#include "hasten/train/run_profile.h"

#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/train/test_run.h"

namespace hasten {
namespace {

using testing::small_recipe;
using testing::TemporaryDirectory;

const Registry& no_methods() {
  static const Registry registry{std::vector<MethodEntry>{}};
  return registry;
}

Recipe recipe_of(const Json& json) { return recipe_from_json(json, no_methods().catalogue()); }

TrainOptions into(const std::filesystem::path& out) {
  TrainOptions options;
  options.out = out;
  return options;
}

struct KeepsWarnings final : TrainListener {
  void warned(const std::string& text) override { warnings.push_back(text); }
  std::vector<std::string> warnings;
};

TEST(RunProfileTest, AProfileThatIsNotTakenIsSaid) {
  TemporaryDirectory dir;
  Json json = small_recipe();
  json["budget"]["train"] = "0.2s";
  KeepsWarnings listener;
  TrainOptions options = into(dir.path() / "a");
  options.listener = &listener;
  options.profile = ProfileSteps{1'000'000, 1'000'010, {}};
  EXPECT_EQ(Trainer(recipe_of(json), no_methods(), options).run().record.status, evaluate::Status::kOk);
  EXPECT_EQ(listener.warnings,
            (std::vector<std::string>{"there is no profile: the run ended before step 1000000 of --profile"}));
}

TEST(RunProfileTest, AProfileWithoutAPlaceEndsNoRun) {
  struct TakesTheFolder final : TrainListener {
    void warned(const std::string& text) override { warning = text; }
    void evaluated(const ProgressReport&, const Evaluation&) override { std::filesystem::remove_all(folder); }
    std::filesystem::path folder;
    std::string warning;
  } listener;
  TemporaryDirectory dir;
  listener.folder = dir.path() / "profiles";
  TrainOptions options = into(dir.path() / "a");
  options.listener = &listener;
  options.profile = ProfileSteps{5, 7, listener.folder / "trace.json"};
  EXPECT_THROW(Trainer(recipe_of(small_recipe()), no_methods(), options), ConfigError) << "no such folder";
  std::filesystem::create_directories(listener.folder);
  EXPECT_EQ(Trainer(recipe_of(small_recipe()), no_methods(), options).run().record.status, evaluate::Status::kOk);
  EXPECT_NE(listener.warning.find("the profile cannot be written"), std::string::npos) << listener.warning;
  // The run's own directory comes with the run.
  options = into(dir.path() / "b");
  options.profile = ProfileSteps{5, 7, dir.path() / "b" / "steps.json"};
  Trainer(recipe_of(small_recipe()), no_methods(), options).run();
  EXPECT_TRUE(std::filesystem::exists(dir.path() / "b" / "steps.json"));
}

}  // namespace
}  // namespace hasten
