// Every registered method on text: it trains, or is refused at plan time for a reason that is said.
#include <gtest/gtest.h>

#include <cmath>

#include "hasten/base/error.h"
#include "hasten/loader/formats/test_files.h"
#include "hasten/methods/registry.h"
#include "hasten/spec/toml.h"
#include "hasten/train/test_run.h"
#include "tests/methods/all_methods.h"

namespace hasten {
namespace {

std::string repeated_text() {
  std::string text;
  for (int i = 0; text.size() < 6000; ++i) text += "the " + std::to_string(i * i) + " cats and dogs; ";
  return text;
}

class TextMethodsTest : public ::testing::TestWithParam<std::string> {};

TEST_P(TextMethodsTest, TrainsOrIsRefused) {
  const Registry registry(method_entries());
  const MethodSpec& spec = registry.catalogue().get(GetParam(), "test");
  TestFolder folder;
  Json json = {{"workload", {{"dataset", "text"}, {"metric", "test/loss"}}},
               {"data", {{"path", folder.put("text.txt", repeated_text()).string()}, {"context", 8}}},
               {"model", {{"family", "gpt"}, {"layers", 2}, {"width", 8}, {"heads", 2}}},
               {"optimizer", {{"name", "adamw"}, {"lr", 0.01}, {"weight_decay", 0.1}}},
               {"schedule", {{"lr", "linear"}}},
               {"batch", {{"size", 60}}},
               {"budget", {{"train", "4ep"}}}};
  Json method = {{"name", spec.name}};
  Json& settings = json["method"] = Json::array({method});
  for (const Setting& setting : spec.conformance) {
    if (setting.parameter.find('.') != std::string::npos) continue;
    Json value;
    parse_toml_value(setting.toml, setting.parameter, value);
    settings[0][setting.parameter] = value;
  }
  TrainOptions options;
  options.out = folder / "run";
  try {
    Trainer trainer(recipe_from_json(json, registry.catalogue()), registry, options);
    const TrainResult result = trainer.run();
    ASSERT_TRUE(result.quality.has_value());
    EXPECT_TRUE(std::isfinite(*result.quality));
    EXPECT_LT(*result.quality, 3.7) << "below a uniform guess among the characters";
  } catch (const ConfigError& error) {
    // By its own name, whether the spec says what it needs or its plan finds nothing to act on.
    EXPECT_EQ(error.where().rfind("method." + spec.name, 0), 0U) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(Methods, TextMethodsTest, ::testing::ValuesIn(testing::method_names()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace hasten
