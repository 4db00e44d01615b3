// Runs on text: budgets in tokens, evaluation of every token, resuming.
#include <ATen/ops/empty.h>
#include <ATen/ops/log_softmax.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/rng.h"
#include "hasten/evaluate/record_io.h"
#include "hasten/loader/formats/test_files.h"
#include "hasten/nn/model.h"
#include "hasten/train/test_run.h"

namespace hasten {
namespace {

using testing::hashes_of;

const Registry& methods_of_none() {
  static const Registry registry{std::vector<MethodEntry>{}};
  return registry;
}

// 4,000 characters in which the next one often follows from the one before.
std::string made_up_text() {
  RandomStream random(1, 2, 3, 4);
  std::string text = "a";
  while (text.size() < 4000) {
    const char last = text.back();
    text +=
        random.below(4) == 0 ? static_cast<char>('a' + random.below(6)) : static_cast<char>('a' + (last - 'a' + 1) % 6);
  }
  return text;
}

class TextRunTest : public ::testing::Test {
 protected:
  Json recipe_json() const {
    return {{"workload", {{"dataset", "text"}, {"metric", "test/loss"}}},
            {"data", {{"path", path_.string()}, {"context", 16}}},
            {"model", {{"family", "gpt"}, {"layers", 1}, {"width", 16}, {"heads", 2}, {"dropout", 0.1}}},
            {"optimizer", {{"name", "adamw"}, {"lr", 0.01}}},
            {"batch", {{"size", 8}}},
            {"evaluation", {{"every", "1024token"}, {"batch", 10}}},
            {"checkpoint", {{"every", "1280token"}}},
            {"budget", {{"train", "2560token"}}}};
  }
  TrainOptions into(const std::string& name) const {
    TrainOptions options;
    options.out = folder_ / name;
    options.seed = 3;
    return options;
  }
  Recipe recipe(const Json& json) const { return recipe_from_json(json, methods_of_none().catalogue()); }

  TestFolder folder_;
  std::filesystem::path path_ = folder_.put("text.txt", made_up_text());
};

TEST_F(TextRunTest, BudgetsAndRecordsCountTokens) {
  Trainer trainer(recipe(recipe_json()), methods_of_none(), into("run"));
  const TrainResult result = trainer.run();
  EXPECT_EQ(result.record.executed.steps, 20) << "2560 tokens are 20 steps of 8 x 16";
  EXPECT_EQ(result.record.executed.tokens, 2560);
  EXPECT_EQ(trainer.state().progress.tokens, 2560);
  const evaluate::Run run = evaluate::read_run(folder_ / "run");
  std::vector<double> evaluated;
  for (const evaluate::EventRecord& event : run.events) {
    for (const auto& metric : event.metrics) {
      if (metric.name == "loss" && metric.split == "test") evaluated.push_back(event.tokens.value());
    }
  }
  EXPECT_EQ(evaluated, (std::vector<double>{1024, 2048, 2560}));
}

TEST_F(TextRunTest, EvaluationIsTheMeanOverEveryTargetOfTheTestPart) {
  Trainer trainer(recipe(recipe_json()), methods_of_none(), into("run"));
  const TrainResult result = trainer.run();
  // The last 400 characters; 399 of them are targets, in stretches of 16 from the beginning, the last one shorter.
  const std::string test = made_up_text().substr(3600);
  c10::NoGradGuard no_grad;
  trainer.model().set_training(false);
  double loss = 0;
  for (size_t begin = 0; begin + 1 < test.size(); begin += 16) {
    // The last stretch is completed by what stands before it.
    const size_t from = std::min(begin, test.size() - 17);
    at::Tensor in = at::empty({1, 16}, at::kLong);
    for (size_t i = 0; i < 16; ++i) in[0][static_cast<int64_t>(i)] = test[from + i] - 'a';
    const at::Tensor scores = at::log_softmax(trainer.model().forward(in), -1);
    for (size_t i = begin - from; i < 16; ++i)
      loss -= scores[0][static_cast<int64_t>(i)][test[from + i + 1] - 'a'].item<float>();
  }
  ASSERT_TRUE(result.quality.has_value());
  EXPECT_NEAR(*result.quality, loss / 399, 1e-5);
  EXPECT_LT(*result.quality, std::log(6.0)) << "it has learnt something";
}

// What is counted of the operators that ran: explicit attention as planned, the fused kernel with the scores that it computes
// anew in the backward pass.
TEST_F(TextRunTest, CountedFlopsAgreeWithThePlan) {
  for (const char* kernel : {"explicit", "fused"}) {
    Json json = recipe_json();
    json["model"]["attention"] = kernel;
    json["model"]["dropout"] = 0;
    Trainer trainer(recipe(json), methods_of_none(), into(kernel));
    trainer.run();
    const double samples = 160, scores = 2.0 * 16 * 16 * 16;  // of a sample, over both heads
    const double again = std::string(kernel) == "fused" ? scores * samples : 0;
    const double planned = training_flops_per_sample(trainer.plan()) * samples + again;
    EXPECT_NEAR(trainer.state().progress.flops / planned, 1, 0.01) << kernel;
  }
}

TEST_F(TextRunTest, InterruptedAndResumedIsTheSameRun) {
  for (const char* sampling : {"epoch", "random_offset"}) {
    Json json = recipe_json();
    json["data"]["sampling"] = sampling;
    Trainer whole(recipe(json), methods_of_none(), into(std::string("whole_") + sampling));
    whole.run();
    std::atomic<bool> stop{true};  // after the first step
    TrainOptions options = into(std::string("parts_") + sampling);
    options.stop = &stop;
    Trainer(recipe(json), methods_of_none(), options).run();
    options.stop = nullptr;
    options.resume = true;
    Trainer rest(recipe(json), methods_of_none(), options);
    rest.run();
    EXPECT_EQ(hashes_of(whole), hashes_of(rest)) << sampling;
  }
}

TEST_F(TextRunTest, WhatDoesNotFitTextIsRefusedBeforeTheFirstStep) {
  const auto message = [&](const Json& change) -> std::string {
    Json json = recipe_json();
    json.merge_patch(change);
    try {
      Trainer trainer(recipe(json), methods_of_none(), into("refused"));
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(message({{"model", {{"family", "convnet"}, {"layers", nullptr}, {"width", nullptr}, {"heads", nullptr}}}}),
            "[model.family] expected a family for text, such as gpt, got 'convnet' on text");
  EXPECT_EQ(message({{"data", {{"flip", "random"}}}}), "[data.flip] expected image data, got text");
  EXPECT_EQ(message({{"data", {{"context", 400}}}}),
            "[data.context] expected fewer tokens than the 400 of the test part of " + path_.string() + ", got 400");
  EXPECT_EQ(message({{"data", {{"unit", "vocabulary"}}}}),
            "[data.vocabulary] expected a file of texts where data.unit = \"vocabulary\", and only there, got none");
  EXPECT_EQ(message({{"model", {{"attention", "fused"}}}}),
            "[model.attention] expected 'auto' or 'explicit' beside dropout, got 'fused'");
  EXPECT_EQ(message({{"model", {{"heads", 3}}}}),
            "[model.heads] expected a number that divides the 16 features, got 3");
}

}  // namespace
}  // namespace hasten
