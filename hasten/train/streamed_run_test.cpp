// Runs on image files: the same bits in memory and streamed, by any number of workers, interrupted and resumed.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>

#include "hasten/base/error.h"
#include "hasten/base/rng.h"
#include "hasten/core/method.h"
#include "hasten/data/pixel_transform.h"
#include "hasten/loader/codecs/encode.h"
#include "hasten/train/test_run.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;
using testing::hashes_of;
using testing::TemporaryDirectory;

const Registry& no_methods() {
  static const Registry registry{std::vector<MethodEntry>{}};
  return registry;
}

// Two pixel transforms of the test's own, one of which may be scheduled.
struct JitterParams {
  double brightness = 0.3;
  static constexpr auto schema() {
    return std::tuple{field("brightness", &JitterParams::brightness, at_least(0), "as of ColourJitter")};
  }
};
class Jitter final : public MethodOf<JitterParams>, public PixelTransform {
 public:
  using MethodOf::MethodOf;
  ColourStep step() const override { return ColourJitter{params_.brightness, 0.3, 0.3, 0.1}; }
  void state(StateVisitor&) override {}
};
struct PolicyParams {
  static constexpr auto schema() { return std::tuple{}; }
};
class AnyPolicy final : public MethodOf<PolicyParams>, public PixelTransform {
 public:
  using MethodOf::MethodOf;
  ColourStep step() const override { return RandAugment{2, 9}; }
  void state(StateVisitor&) override {}
};

// Takes the place of the recipe's flip, and wants the batch.
class NoFlip final : public MethodOf<PolicyParams>, public BatchTransform {
 public:
  using MethodOf::MethodOf;
  void plan(Plan& plan) override {
    std::erase_if(plan.run.transforms, [](const TransformPlan& transform) { return transform.name == "flip"; });
  }
  void apply(Batch&, const State&) override {}
  void state(StateVisitor&) override {}
};

MethodSpec pixel_method(const char* name, const ParamTable* params) {
  return {.name = name,
          .summary = "test",
          .component = Component::kDerivedData,
          .verbs = {Verb::kRetrofit},
          .uses = {{Seam::kBatchTransform, Phase::kColour}},
          .effects = kInputs,
          .params = params};
}

MethodSpec no_flip_spec() {
  MethodSpec spec = pixel_method("no_flip", describe<PolicyParams>());
  spec.uses = {{Site::plan(), Phase::kSchedule}, {Seam::kBatchTransform, Phase::kGeometry}};
  spec.effects = kPlanRun | kInputs;
  return spec;
}

const Registry& pixel_methods() {
  static const Registry registry{std::vector<MethodEntry>{
      {pixel_method("jitter", describe<JitterParams>()),
       +[](const JitterParams& params) -> std::unique_ptr<Method> { return std::make_unique<Jitter>(params); }},
      {no_flip_spec(),
       +[](const PolicyParams& params) -> std::unique_ptr<Method> { return std::make_unique<NoFlip>(params); }},
      {pixel_method("policy", describe<PolicyParams>()),
       +[](const PolicyParams& params) -> std::unique_ptr<Method> { return std::make_unique<AnyPolicy>(params); }}}};
  return registry;
}

// Ten by ten pixels of noise around the brightness of their class, as JPEG files in folders.
class StreamedRunTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const auto& [part, count] : {std::pair{"train", 96}, std::pair{"test", 32}}) {
      for (int i = 0; i < count; ++i) {
        const int label = i % 2;
        RandomStream random(1, operation("test.images"), part[1] == 'r', static_cast<uint64_t>(i));
        std::vector<uint8_t> pixels(10 * 10 * 3);
        for (uint8_t& value : pixels) value = static_cast<uint8_t>(60 + 100 * label + random.below(60));
        const fs::path folder = data() / part / (label == 0 ? "dark" : "light");
        fs::create_directories(folder);
        const std::vector<uint8_t> bytes = encode_jpeg({pixels.data(), 10, 10, 3, 30}, {.quality = 95});
        std::ofstream(folder / (std::to_string(i) + ".jpg"), std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
      }
    }
  }
  fs::path data() const { return directory_.path() / "images"; }

  Json recipe(const std::string& residence, const std::string& augment = "batch", int workers = 2) const {
    return {{"workload", {{"dataset", "images"}, {"metric", "test/accuracy"}}},
            {"model", {{"family", "convnet"}, {"widths", {4, 8}}}},
            {"optimizer", {{"name", "sgd"}, {"lr", 0.05}}},
            {"data", {{"path", data().string()}, {"flip", "random"}, {"translate", 2}}},
            {"loader", {{"residence", residence}, {"augment", augment}, {"workers", workers}}},
            {"batch", {{"size", 20}}},
            {"evaluation", {{"every", "1ep"}}},
            {"checkpoint", {{"every", "3step"}}},
            {"budget", {{"train", "14step"}}}};
  }
  Recipe read(const Json& json) const { return recipe_from_json(json, no_methods().catalogue()); }
  // The training loss, too: pixels are changed in training alone.
  std::map<std::string, std::string> bits_with_methods(const Json& json, const std::string& name) {
    Trainer trainer(recipe_from_json(json, pixel_methods().catalogue()), pixel_methods(), into(name));
    EXPECT_EQ(trainer.run().record.status, evaluate::Status::kOk);
    return hashes_of(trainer);
  }
  TrainOptions into(const std::string& name) const {
    TrainOptions options;
    options.out = directory_.path() / name;
    options.seed = 3;
    return options;
  }
  std::map<std::string, std::string> bits_of(const Json& json, const std::string& name) {
    Trainer trainer(read(json), no_methods(), into(name));
    const TrainResult result = trainer.run();
    EXPECT_EQ(result.record.status, evaluate::Status::kOk);
    EXPECT_GT(result.quality.value_or(0), 0.9);
    return hashes_of(trainer);
  }

 private:
  TemporaryDirectory directory_;
};

// JPEG images are decoded to the same bytes and normalised by the same statistics, so all agree to the bit.
TEST_F(StreamedRunTest, MemoryAndStreamsGiveTheSameBits) {
  const auto expected = bits_of(recipe("memory"), "memory");
  EXPECT_EQ(bits_of(recipe("stream"), "stream"), expected);
  EXPECT_EQ(bits_of(recipe("stream", "sample"), "sample"), expected) << "flips and shifts by the loader's threads";
  EXPECT_EQ(bits_of(recipe("stream", "sample", 5), "workers"), expected);
}

// Colours and policies on the bytes of samples or on the values of batches.
TEST_F(StreamedRunTest, PixelsChangeAlikeByBatchAndBySample) {
  const auto with = [&](const char* residence, const char* augment, int workers = 2) {
    Json json = recipe(residence, augment, workers);
    json["method"] = {{{"name", "jitter"}}, {{"name", "policy"}}};
    return json;
  };
  const auto expected = bits_with_methods(with("memory", "batch"), "memory");
  EXPECT_NE(bits_of(recipe("memory"), "plain"), expected);
  EXPECT_EQ(bits_with_methods(with("stream", "batch"), "stream"), expected);
  EXPECT_EQ(bits_with_methods(with("stream", "sample"), "sample"), expected);
  EXPECT_EQ(bits_with_methods(with("stream", "sample", 5), "workers"), expected);
}

// What a method takes out of the plan the loader leaves out, too.
TEST_F(StreamedRunTest, AFlipThatAMethodReplacesIsNotDoneBySample) {
  const auto with = [&](const char* residence, const char* augment) {
    Json json = recipe(residence, augment);
    json["method"] = {{{"name", "no_flip"}}};
    return json;
  };
  const auto expected = bits_with_methods(with("memory", "batch"), "memory");
  EXPECT_EQ(bits_with_methods(with("stream", "sample"), "sample"), expected);
  EXPECT_NE(bits_of(recipe("stream", "sample"), "flipped"), expected);
}

TEST_F(StreamedRunTest, PixelsAfterAChangeOfTheBatchAreRefusedBySample) {
  Json json = recipe("stream", "sample");
  json["method"] = {{{"name", "policy"}}, {{"name", "no_flip"}}};
  try {
    Trainer trainer(recipe_from_json(json, pixel_methods().catalogue()), pixel_methods(), into("order"));
    FAIL() << "taken";
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.where(), "loader.augment") << error.what();
  }
}

TEST_F(StreamedRunTest, WhatASampleCannotKnowAheadIsRefused) {
  Json json = recipe("stream", "sample");
  json["method"] = {{{"name", "jitter"}}};
  json["schedule"] = {{"method.jitter.brightness", Json::parse(R"([["0dur", 0], ["1dur", 1]])")}};
  try {
    Trainer trainer(recipe_from_json(json, pixel_methods().catalogue()), pixel_methods(), into("scheduled"));
    FAIL() << "taken";
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.where(), "loader.augment") << error.what();
    EXPECT_NE(std::string(error.what()).find("a schedule of method.jitter.brightness"), std::string::npos);
  }
}

TEST_F(StreamedRunTest, CropsDependOnTheirKeysAlone) {
  Json json = recipe("auto", "batch", 1);
  json["data"]["crop"] = "random_resized";
  json["data"]["crop_area"] = 0.5;
  const auto expected = bits_of(json, "one");
  json["loader"]["workers"] = 4;
  json["loader"]["read"] = "ring";
  EXPECT_EQ(bits_of(json, "four"), expected);
  json["data"]["crop_area"] = 0.9;
  EXPECT_NE(bits_of(json, "larger"), expected);
}

TEST_F(StreamedRunTest, InterruptedAndResumedIsTheSameRun) {
  const Json json = recipe("stream", "sample");
  const auto expected = bits_of(json, "whole");
  for (int64_t steps : {1, 5, 9}) {  // before the first checkpoint, in the first and in the third epoch
    const std::string name = "cut" + std::to_string(steps);
    {
      struct Stop final : TrainListener {
        void evaluated(const ProgressReport&, const Evaluation&) override { stop = true; }
        std::atomic<bool> stop{false};
      } stop;
      TrainOptions options = into(name);
      options.listener = &stop;
      options.stop = &stop.stop;
      Json shorter = json;
      shorter["evaluation"]["every"] = std::to_string(steps) + "step";
      Trainer first(read(shorter), no_methods(), options);
      EXPECT_EQ(first.run().record.status, evaluate::Status::kInterrupted);
      options.listener = nullptr;
      options.stop = nullptr;
      options.resume = true;
      Trainer second(read(shorter), no_methods(), options);
      second.run();
      // What hangs on how often was evaluated differs; the model must not.
      auto bits = hashes_of(second);
      for (const auto& [key, value] : expected) {
        if (key.rfind("model", 0) == 0 || key.rfind("optimizer", 0) == 0) {
          EXPECT_EQ(bits.at(key), value) << key;
        }
      }
    }
  }
}

TEST_F(StreamedRunTest, ADamagedImageStopsOrIsLeftOut) {
  const fs::path damaged = data() / "train" / "light" / "41.jpg";
  fs::resize_file(damaged, fs::file_size(damaged) / 2);
  for (const char* residence : {"memory", "stream"}) {
    Json json = recipe(residence);
    try {
      Trainer trainer(read(json), no_methods(), into(std::string(residence) + "stops"));
      trainer.run();
      ADD_FAILURE() << "the damage went unseen";
    } catch (const DataError& error) {
      EXPECT_NE(std::string(error.what()).find("41.jpg"), std::string::npos) << error.what();
    }
    json["data"]["corrupt"] = "skip";
    Trainer trainer(read(json), no_methods(), into(std::string(residence) + "skips"));
    EXPECT_EQ(trainer.run().record.status, evaluate::Status::kOk);
  }
}

TEST_F(StreamedRunTest, RefusesWhatCannotBe) {
  auto complaint = [&](const Json& json) -> std::string {
    try {
      Trainer trainer(read(json), no_methods(), into("refused"));
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "nothing";
  };
  Json json = recipe("memory");
  json["data"]["crop"] = "random_resized";
  EXPECT_EQ(complaint(json), "[loader.residence] expected 'stream' or 'auto' beside data.crop, got 'memory'");
  json = recipe("memory");
  json["workload"]["dataset"] = "synthetic";
  json["data"] = {{"crop", "random_resized"}};
  json["loader"] = Json::object();
  EXPECT_EQ(
      complaint(json),
      "[data.crop] expected a data set that is read from image files, got 'synthetic', whose samples need no decoding");
  json = recipe("stream");
  json["data"]["path"] = (data() / "train").string();
  EXPECT_NE(complaint(json).find("[data.path] expected data with a part 'train'"), std::string::npos);
}

}  // namespace
}  // namespace hasten
