// Recipes: what is read, and how wrong ones are refused.
#include "hasten/spec/recipe.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/spec/plan.h"

namespace hasten {
namespace {

struct ToyParams {
  double amount = 0.1;
  static constexpr auto schema() {
    return std::tuple{field("amount", &ToyParams::amount, half_open(0, 1), "how much")};
  }
};

const Catalogue& toy_catalogue() {
  static const Catalogue catalogue([] {
    MethodSpec spec;
    spec.name = "toy";
    spec.params = describe<ToyParams>();
    return std::vector<MethodSpec>{spec};
  }());
  return catalogue;
}

constexpr const char* kRecipe = R"(
[workload]
dataset = "synthetic"
metric = "test/accuracy"
target = 0.9
[model]
family = "convnet"
widths = [8, 16]
[optimizer]
name = "sgd"
lr = 0.4
momentum = 0.85
[schedule]
lr = [["0dur", 0.2], ["0.2dur", 1.0], ["1dur", 0.0]]
[budget]
train = "3ep"
[batch]
size = 100
[[method]]
name = "toy"
amount = 0.2
)";

class RecipeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::temp_directory_path() / ("recipe_test_" + std::to_string(getpid()) + ".toml");
  }
  void TearDown() override { std::filesystem::remove(path_); }

  Recipe load(const std::string& text, const RecipeEdits& edits = {}) {
    std::ofstream(path_) << text;
    return load_recipe(path_, toy_catalogue(), edits);
  }
  // The message of the error that the edited recipe gives, with source and hint.
  std::string refusal(const std::string& from, const std::string& to, const RecipeEdits& edits = {}) {
    std::string text = kRecipe;
    if (!from.empty()) text.replace(text.find(from), from.size(), to);
    try {
      Recipe recipe = load(text, edits);
      Plan plan = baseline_plan(recipe);
      finish_plan(plan);
    } catch (const ConfigError& error) {
      return std::string(error.what()) + " | " + error.hint();
    }
    return "accepted";
  }

  std::filesystem::path path_;
};

TEST_F(RecipeTest, ReadsValuesAndDefaults) {
  Recipe recipe = load(kRecipe);
  EXPECT_EQ(recipe.dataset->name, "synthetic");
  EXPECT_EQ(recipe.target, 0.9);
  EXPECT_EQ(recipe.optimizer.params.as<SgdParams>().lr, 0.4);
  EXPECT_FALSE(recipe.optimizer.params.as<SgdParams>().nesterov);
  EXPECT_EQ(recipe.budget, (Duration{3, Unit::kEpoch}));
  ASSERT_EQ(recipe.methods.size(), 1u);
  EXPECT_EQ(recipe.methods[0].params.as<ToyParams>().amount, 0.2);
  EXPECT_EQ(recipe.evaluation.batch, 1000);
}

TEST_F(RecipeTest, ResolvedRecipeReadsBackAsTheSame) {
  Recipe recipe = load(kRecipe);
  Recipe again = recipe_from_json(recipe.to_json(), toy_catalogue());
  EXPECT_EQ(recipe.to_json(), again.to_json());
  EXPECT_EQ(recipe.hash(), again.hash());
}

TEST_F(RecipeTest, HashIsOfTheProgramNotOfItsName) {
  Recipe a = load(kRecipe), b = load(std::string("name = \"other\"\n") + kRecipe);
  EXPECT_EQ(a.hash(), b.hash());
  EXPECT_NE(a.hash(), load(kRecipe, {{}, {}, {"optimizer.lr=0.3"}}).hash());
  EXPECT_NE(a.hash(), load(kRecipe, {{}, {}, {"budget.train=4ep"}}).hash());
}

TEST_F(RecipeTest, EditsFromTheCommandLine) {
  EXPECT_EQ(load(kRecipe, {{"toy(amount=0.7)"}, {}, {}}).methods[0].params.as<ToyParams>().amount, 0.7);
  EXPECT_TRUE(load(kRecipe, {{}, {"toy"}, {}}).methods.empty());
  EXPECT_EQ(load(kRecipe, {{}, {}, {"method.toy.amount=0.3"}}).methods[0].params.as<ToyParams>().amount, 0.3);
  EXPECT_EQ(load(kRecipe, {{}, {}, {"model.widths=[4, 5]"}}).family_params.get("widths"), Json({4, 5}));
  EXPECT_NE(refusal("", "", {{}, {"tyo"}, {}}).find("did you mean 'toy'?"), std::string::npos);
}

TEST_F(RecipeTest, NamesTheLineOfAnError) {
  std::string text = kRecipe;
  text.replace(text.find("0.2\n"), 3, "1.5");
  try {
    load(text);
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "[method.toy.amount] expected a number in [0, 1), got 1.5");
    EXPECT_EQ(error.source().substr(error.source().rfind(':')), ":21");
  }
}

TEST_F(RecipeTest, RefusesWhatIsWrong) {
  struct Case {
    const char *from, *to, *message;
  };
  const Case cases[] = {
      {"momentum = 0.85", "momentmu = 0.85",
       "[optimizer.momentmu] expected a known setting, got 'momentmu' | did you mean 'momentum'?"},
      {"[batch]", "[bacth]", "[bacth] expected a known key, got 'bacth' | did you mean 'batch'?"},
      {"\"synthetic\"", "\"sinthetic\"",
       "[workload.dataset] expected a known data set, got 'sinthetic' | did you mean 'synthetic'?"},
      {"\"convnet\"", "\"convet\"",
       "[model.family] expected a known model family, got 'convet' | did you mean 'convnet'?"},
      {"name = \"toy\"", "name = \"toi\"", "[method.toi] expected a known method, got 'toi' | did you mean 'toy'?"},
      {"\"3ep\"", "\"3eq\"", "[budget.train] expected a duration"},
      {"\"3ep\"", "\"0ep\"", "[budget.train] expected an amount above 0, got '0ep'"},
      {"\"3ep\"", "\"0.5dur\"", "[budget.train] expected an absolute amount"},
      {"lr = 0.4", "lr = -1", "[optimizer.lr] expected a number > 0, got -1"},
      {"lr = 0.4", "lr = \"high\"", "[optimizer.lr] expected a number > 0, got 'high'"},
      {"target = 0.9", "target = 90", "[workload.target] expected an accuracy in (0, 1], got 90 | write 0.9 for 90%"},
      {"target = 0.9", "target = \"<= 0.9\"",
       "[workload.target] expected a target with >=, the direction of test/accuracy"},
      {"size = 100", "size = 5000", "[batch.size] expected at most the 2000 training samples, got 5000"},
      {"\"test/accuracy\"", "\"validation/accuracy\"",
       "[workload.metric] expected a validation part of the data, got data.validation = 0"},
      {"widths = [8, 16]", "widths = [8, 16, 32, 64]", "[model] expected an image of at least"},
      {"[\"0.2dur\", 1.0]", "[\"9s\", 1.0]",
       "[schedule.lr] expected a position that converts to the budget's unit (3ep), got '9s'"},
      {"[\"0.2dur\", 1.0], [\"1dur\", 0.0]", "[\"0.8dur\", 1.0], [\"0.2dur\", 0.0]",
       "[schedule.lr] expected points in the order"},
      {"name = \"sgd\"", "name = \"muon\"", "[optimizer.auxiliary] expected an optimizer for"},
      {"train = \"3ep\"", "train = \"3ep", "[recipe] expected valid TOML"},
  };
  for (const Case& c : cases) {
    std::string text = refusal(c.from, c.to);
    EXPECT_EQ(text.substr(0, std::string(c.message).size()), c.message) << c.to;
  }
}

TEST_F(RecipeTest, GroupsDecideRateAndDecay) {
  std::string text = std::string(kRecipe) + R"(
[[group]]
roles = ["bias"]
lr_scale = 64.0
weight_decay = 0.0
)";
  Plan plan = baseline_plan(load(text));
  finish_plan(plan);
  std::vector<ParameterGroup> groups = parameter_groups(plan);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_DOUBLE_EQ(groups[1].lr, 0.4 * 64);
  EXPECT_EQ(groups[1].parameters,
            (std::vector<std::string>{"group1.conv1.bias", "group2.conv1.bias", "head.linear.bias"}));
}

TEST_F(RecipeTest, AGroupThatMatchesNothingIsRefused) {
  std::string text = std::string(kRecipe) + "[[group]]\nmatch = \"*.bais\"\n";
  Plan plan = baseline_plan(load(text));
  EXPECT_THROW(finish_plan(plan), ConfigError);
}

}  // namespace
}  // namespace hasten
