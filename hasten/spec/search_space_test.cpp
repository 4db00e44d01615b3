// Search spaces: what is read and refused, values at places, and the TOML that a recipe is written as.
#include "hasten/spec/search_space.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/spec/recipe.h"
#include "hasten/spec/toml.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

class SearchSpaceTest : public ::testing::Test {
 protected:
  void SetUp() override { path_ = fs::temp_directory_path() / ("space_test_" + std::to_string(getpid()) + ".toml"); }
  void TearDown() override { fs::remove(path_); }

  std::vector<SearchSpace> read(const std::string& text, const std::vector<std::string>& names = {"a"}) {
    write_file_atomic(path_, text);
    return SpaceFile(path_).spaces(names);
  }
  // The message, with the line and the hint.
  std::string refusal(const std::string& text) {
    try {
      read(text);
    } catch (const ConfigError& error) {
      const std::string source = error.source();
      return std::string(error.what()) + " | " + source.substr(std::min(source.size(), path_.string().size())) + " | " +
             error.hint();
    }
    return "accepted";
  }
  fs::path path_;
};

SearchDimension range(double low, double high, bool log = false) {
  SearchDimension out;
  out.path = "optimizer.lr";
  out.low = low;
  out.high = high;
  out.log = log;
  return out;
}

TEST_F(SearchSpaceTest, ReadsRangesOfEveryKindAndWritesThemBack) {
  const SearchSpace space = read(R"(
optimizer.lr = {low = 1e-3, high = 1.0, scale = "log"}
"batch.size" = {choices = [64, 128]}
optimizer.momentum = {low = 0, high = 0.9, scale = "linear"}
[method.ema]
half_life = {low = "0.5ep", high = "2ep"}
)")
                                .front();
  ASSERT_EQ(space.size(), 4U);
  EXPECT_EQ(space[0].path, "optimizer.lr");
  EXPECT_TRUE(space[0].log);
  EXPECT_EQ(space[1].path, "optimizer.momentum");
  EXPECT_EQ(space[1].high, 0.9);
  EXPECT_FALSE(space[1].log);
  EXPECT_EQ(space[2].choices, (std::vector<std::string>{"64", "128"}));
  EXPECT_EQ(space[3].path, "method.ema.half_life");
  EXPECT_EQ(space[3].unit, "ep");
  EXPECT_EQ(space_from_json(space_to_json(space)), space);
}

TEST_F(SearchSpaceTest, ARecipesOwnRangesReplaceCommonOnes) {
  const auto spaces = read(R"(
optimizer.lr = {low = 1e-3, high = 1.0}
[recipe.b]
optimizer.lr = {low = 0.1, high = 0.2}
batch.size = {choices = [1, 2]}
)",
                           {"a", "b"});
  ASSERT_EQ(spaces[0].size(), 1U);
  EXPECT_EQ(spaces[0][0].high, 1.0);
  ASSERT_EQ(spaces[1].size(), 2U);
  EXPECT_EQ(spaces[1][0].high, 0.2);
}

TEST_F(SearchSpaceTest, RefusesWhatIsNoRange) {
  EXPECT_EQ(refusal("\noptimizer.lr = {low = 1, high = 1}"),
            "[optimizer.lr] expected low below high, got 1 and 1 | :2 | ");
  EXPECT_NE(
      refusal("optimizer.lr = {low = 0, high = 1, scale = \"log\"}").find("[optimizer.lr.low] expected a number > 0"),
      std::string::npos);
  EXPECT_NE(refusal("optimizer.lr = {low = 1}").find("[optimizer.lr.high] expected both ends"), std::string::npos);
  EXPECT_NE(refusal("optimizer.lr = {low = 1, high = 2, scael = \"log\"}").find("did you mean 'scale'?"),
            std::string::npos);
  EXPECT_NE(refusal("optimizer.lr = {low = 1, high = 2, scale = \"cube\"}").find("got 'cube'"), std::string::npos);
  EXPECT_NE(refusal("optimizer.lr = {low = \"1ep\", high = \"9step\"}").find("expected ends in one unit"),
            std::string::npos);
  EXPECT_NE(refusal("optimizer.lr = {low = 1, choices = [1, 2]}").find("got both"), std::string::npos);
  EXPECT_NE(refusal("optimizer.lr = {choices = [1]}").find("a list of two or more values"), std::string::npos);
  EXPECT_NE(refusal("optimizer.lr = {choices = [1, 2, 1]}").find("got 1 twice"), std::string::npos);
  EXPECT_NE(refusal("optimizer.lr = 0.1").find("expected a range"), std::string::npos);
  EXPECT_NE(refusal("").find("expected a range or more"), std::string::npos);
  EXPECT_NE(refusal("a = ").find("[--space] expected valid TOML"), std::string::npos);
  EXPECT_NE(
      refusal("[recipe.b]\noptimizer.lr = {low = 1, high = 2}").find("[recipe.b] expected a recipe of this search"),
      std::string::npos);
  EXPECT_EQ(refusal("x.y = {low = 1, high = 2}"), "accepted");  // the recipe refuses it, which knows what there is
}

TEST_F(SearchSpaceTest, ValuesLieWhereThePlaceIs) {
  EXPECT_EQ(value_at(range(1e-3, 1, true), 0), "0.001");
  EXPECT_EQ(value_at(range(1e-3, 1, true), 0.5), "0.03162");
  EXPECT_EQ(value_at(range(0, 4), 0.25), "1");
  EXPECT_EQ(value_at(range(-2, 4), 0.25), "-0.5");
  EXPECT_EQ(value_at(range(0, 0.123456), 0.999999), "0.123456") << "rounded up it would lie outside";
  EXPECT_EQ(value_at(range(0, 0.123449), 0.999999), "0.1234");
  EXPECT_EQ(value_at(range(0, 0.123456789), 0.9999999), "0.123456789");
  SearchDimension choice = range(0, 0);
  choice.choices = {"64", "\"adamw\"", "[1,2]"};
  EXPECT_EQ(value_at(choice, 0.0), "64");
  EXPECT_EQ(value_at(choice, 0.34), "\"adamw\"");
  EXPECT_EQ(value_at(choice, 0.9999999), "[1,2]");
  SearchDimension duration = range(1, 3);
  duration.unit = "ep";
  EXPECT_EQ(value_at(duration, 0.5), "\"2ep\"");
}

TEST_F(SearchSpaceTest, ValuesNeverLeaveTheRange) {
  // Rounding to four digits must not step over an end.
  const SearchDimension narrow = range(0.123449, 0.1234567);
  for (double place : {0.0, 0.3, 0.9999999}) {
    const double value = std::stod(value_at(narrow, place));
    EXPECT_GE(value, narrow.low);
    EXPECT_LE(value, narrow.high);
  }
}

TEST_F(SearchSpaceTest, IntegersAreEquallyLikely) {
  SearchDimension integer = range(1, 4);
  integer.integer = true;
  std::map<std::string, int> seen;
  for (int i = 0; i < 400; ++i) ++seen[value_at(integer, (i + 0.5) / 400)];
  EXPECT_EQ(seen, (std::map<std::string, int>{{"1", 100}, {"2", 100}, {"3", 100}, {"4", 100}}));
}

TEST_F(SearchSpaceTest, IntegersComeFromTheRecipeAndTextsNeedChoices) {
  const Json recipe = Json::parse(R"({"batch":{"size":128},"optimizer":{"lr":1.0,"name":"sgd"},
                                      "method":[{"name":"ema","decay":0.9}]})");
  SearchSpace space{range(1, 4), range(1, 4), range(0.1, 0.2)};
  space[0].path = "batch.size";
  space[2].path = "method.ema.decay";
  fit_space(space, recipe);
  EXPECT_TRUE(space[0].integer);
  EXPECT_FALSE(space[1].integer);
  EXPECT_EQ(setting_at(recipe, "method.ema.decay")->get<double>(), 0.9);
  EXPECT_EQ(setting_at(recipe, "method.swa.decay"), nullptr);
  SearchSpace text{range(1, 4)};
  text[0].path = "optimizer.name";
  EXPECT_THROW(fit_space(text, recipe), ConfigError);
}

TEST_F(SearchSpaceTest, KnowsWhatItHolds) {
  EXPECT_TRUE(contains(range(0.1, 0.4), 0.4));
  EXPECT_FALSE(contains(range(0.1, 0.4), 0.41));
  EXPECT_FALSE(contains(range(0.1, 0.4), "0.2"));
  SearchDimension duration = range(1, 3);
  duration.unit = "ep";
  EXPECT_TRUE(contains(duration, "2ep"));
  EXPECT_FALSE(contains(duration, "2step"));
  EXPECT_FALSE(contains(duration, 2));
  SearchDimension choice = range(0, 0);
  choice.choices = {"64", "\"adamw\""};
  EXPECT_TRUE(contains(choice, "adamw"));
  EXPECT_FALSE(contains(choice, 63));
}

TEST_F(SearchSpaceTest, DocumentsReadBackFromTheirToml) {
  const Json document = Json::parse(R"({"name":"a \"b\"\n","count":3,"rate":1.0,"tiny":1e-9,"flag":true,
    "workload":{"dataset":"synthetic"},"schedule":{"lr":[["0dur",0.2],["1dur",0.0]],
      "optimizer.momentum":{"shape":"step","points":[["0dur",0.85]]}},
    "method":[{"name":"ema","decay":0.5},{"name":"cutout"}],
    "tuning":{"trials":3,"space":{"optimizer.lr":{"low":0.001,"high":1.0},"batch.size":{"choices":[64,128]}}}})");
  Json back;
  TomlLines lines;
  parse_toml(toml_text(document), "text", "text", back, lines);
  EXPECT_EQ(back, document) << toml_text(document);
  EXPECT_TRUE(back["rate"].is_number_float());  // 1.0 must not become 1
}

}  // namespace
}  // namespace hasten
