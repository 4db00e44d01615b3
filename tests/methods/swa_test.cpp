// swa in whole runs: beside methods inside the model, and beside another average.
#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/evaluate/record_io.h"
#include "method_run.h"

namespace hasten {
namespace {

TEST(SwaRunTest, MeasuresStatisticsOfTheWholeModel) {
  for (const char* drop : {"block", "sample"}) {
    testing::MethodRun run({.with = {"swa(start=\"0.5dur\", interval=\"1step\")",
                                     std::string("stochastic_depth(rate=0.5, drop=\"") + drop + "\")"},
                            .without = {},
                            .set = {"model={family=\"resnet\", stages=[2], width=8}"}});
    TrainResult result = run.run();
    EXPECT_EQ(result.record.status, evaluate::Status::kOk);
    EXPECT_EQ(result.record.metric.weights, "swa");
  }
}

TEST(SwaRunTest, EvaluatedOrNotTrainingIsTheSame) {
  auto parameters = [](const char* every) {
    testing::MethodRun run({.with = {"swa(start=\"0.5dur\", interval=\"1step\")"},
                            .without = {},
                            .set = {std::string("evaluation.every=\"") + every + "\""}});
    run.run();
    std::map<std::string, std::string> kept;
    for (const auto& [name, hash] : testing::hashes_of(run.trainer())) {
      if (name.rfind("model/", 0) == 0) kept[name] = hash;
    }
    return kept;
  };
  EXPECT_EQ(parameters("1step"), parameters("20step"));
}

TEST(SwaRunTest, TwoAveragesConflict) {
  try {
    testing::MethodRun run({.with = {"swa", "ema"}, .without = {}, .set = {}});
    ADD_FAILURE() << "both were accepted";
  } catch (const ConfigError& error) {
    EXPECT_NE(error.got().find("'swa' and 'ema'"), std::string::npos) << error.got();
  }
}

}  // namespace
}  // namespace hasten
