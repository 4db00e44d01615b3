// Loading what a recipe names: files, the validation part, and errors that say what to do.
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmath>
#include <set>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/data/dataset.h"
#include "hasten/data/test_memory.h"
#include "hasten/spec/recipe.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

// Three training and two test images of 2 x 2 pixels.
const DatasetSpec& tiny_spec() {
  static const DatasetSpec spec{"tiny", "", "make it", describe<IdxParams>(),
                                [](const ParamSet&) { return DatasetInfo{"tiny", {1, 2, 2}, 4, 3, 2}; }};
  return spec;
}

std::string image_file(int count) {
  std::string content{0, 0, 8, 3, 0, 0, 0, static_cast<char>(count), 0, 0, 0, 2, 0, 0, 0, 2};
  for (int i = 0; i < 4 * count; ++i) content += static_cast<char>(20 * i);
  return content;
}
std::string label_file(const std::vector<int>& values) {
  std::string content{0, 0, 8, 1, 0, 0, 0, static_cast<char>(values.size())};
  for (int value : values) content += static_cast<char>(value);
  return content;
}

class SplitsTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("hasten_splits_" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    write("train-images-idx3-ubyte", image_file(3));
    write("train-labels-idx1-ubyte", label_file({0, 1, 2}));
    write("t10k-images-idx3-ubyte", image_file(2));
    write("t10k-labels-idx1-ubyte", label_file({3, 3}));
  }
  void TearDown() override { fs::remove_all(folder_); }
  void write(const std::string& name, const std::string& content) { write_file_atomic(folder_ / name, content); }
  Recipe recipe() const {
    Recipe recipe;
    recipe.dataset = &tiny_spec();
    recipe.dataset_params = param_set(IdxParams{folder_.string()});
    return recipe;
  }
  std::string complaint() const {
    try {
      load_splits(recipe());
    } catch (const DataError& error) {
      EXPECT_FALSE(error.hint().empty());
      return std::string(error.what()).substr(folder_.string().size());
    }
    return "no complaint";
  }
  // Missing files are a mistake of the recipe, not of the data.
  std::string refusal() const {
    try {
      load_splits(recipe());
    } catch (const ConfigError& error) {
      EXPECT_FALSE(error.hint().empty());
      return error.what();
    }
    return "no refusal";
  }
  fs::path folder_;
};

Recipe synthetic(SyntheticParams params, int64_t validation) {
  Recipe recipe;
  recipe.dataset = &find_dataset("synthetic");
  recipe.dataset_params = param_set(params);
  recipe.data.validation = validation;
  return recipe;
}

TEST_F(SplitsTest, ReadsTheFourFiles) {
  Splits splits = load_splits(recipe());
  EXPECT_EQ(splits.train.size(), 3);
  EXPECT_EQ(splits.get(Split::kTest).size(), 2);
  EXPECT_EQ(memory_of(splits.train).samples()[2][0][1][1].item<uint8_t>(), 220);
  EXPECT_EQ(memory_of(splits.get(Split::kTest)).labels()[1].item<int64_t>(), 3);
  // Both are normalised by the training part, of mean 110 and deviation 69.04.
  const double first = -110 / std::sqrt(400.0 * (12 * 12 - 1) / 12);
  EXPECT_NEAR(splits.train.gather({0}).inputs[0][0][0][0].item<float>(), first, 1e-5);
  EXPECT_NEAR(splits.get(Split::kTest).gather({0}).inputs[0][0][0][0].item<float>(), first, 1e-5);
  EXPECT_THROW(splits.get(Split::kValidation), ConfigError);
}

TEST_F(SplitsTest, ALabelOutOfRangeNamesTheRecord) {
  write("train-labels-idx1-ubyte", label_file({0, 4, 2}));
  EXPECT_EQ(complaint(), "/train-labels-idx1-ubyte, record 1 (byte 9): expected a label in 0..3, got 4");
}

TEST_F(SplitsTest, FilesOfAnotherSizeAreRefused) {
  write("t10k-images-idx3-ubyte", image_file(3));
  EXPECT_EQ(complaint(), "/t10k-images-idx3-ubyte, byte 4: expected 2 records, got 3");
}

TEST_F(SplitsTest, TestSamplesAreNotReadUnlessTheMetricIsOnThem) {
  fs::remove(folder_ / "t10k-labels-idx1-ubyte");
  write("t10k-images-idx3-ubyte", "no IDX file");
  Recipe validation = recipe();
  validation.metric.split = Split::kValidation;
  validation.data.validation = 1;
  Splits splits = load_splits(validation);
  EXPECT_EQ(splits.train.size(), 2);
  EXPECT_EQ(splits.get(Split::kValidation).size(), 1);
  EXPECT_THROW(splits.get(Split::kTest), ConfigError);
  EXPECT_NE(refusal(), "no refusal");
}

TEST_F(SplitsTest, AMissingFileIsNamed) {
  fs::remove(folder_ / "t10k-labels-idx1-ubyte");
  EXPECT_EQ(refusal(), "[data.path] expected the file " + folder_.string() +
                           "/t10k-labels-idx1-ubyte, plain or with .gz, got none");
  fs::remove_all(folder_);
  EXPECT_EQ(refusal(), "[data.path] expected the IDX files of tiny in " + folder_.string() + ", got none");
}

TEST_F(SplitsTest, SearchesTheFolderOfTheEnvironment) {
  EXPECT_EQ(find_idx_folder("tiny", ""), "");
  EXPECT_EQ(find_idx_folder("tiny", folder_.string()), folder_.string());
  fs::path root = folder_.parent_path() / (folder_.filename().string() + "_root");
  fs::create_directories(root);
  fs::create_directory_symlink(folder_, root / "tiny");
  ::setenv("HASTEN_DATA", root.c_str(), 1);
  EXPECT_EQ(find_idx_folder("tiny", ""), (root / "tiny").string());
  ::unsetenv("HASTEN_DATA");
  fs::remove_all(root);
}

TEST(ValidationTest, IsAFixedPartOfTheTrainingSet) {
  SyntheticParams params{.samples = 100, .test_samples = 10, .side = 4};
  Splits whole = load_splits(synthetic(params, 0)), a = load_splits(synthetic(params, 30)),
         b = load_splits(synthetic(params, 30));
  EXPECT_EQ(a.train.size(), 70);
  EXPECT_EQ(a.get(Split::kValidation).size(), 30);
  EXPECT_EQ(a.get(Split::kTest).size(), 10);
  EXPECT_EQ(a.get(Split::kValidation).content_hash(), b.get(Split::kValidation).content_hash());
  EXPECT_NE(a.get(Split::kValidation).content_hash(), a.train.content_hash());
  // Together they are the training set, each image once.
  auto image = [](const Dataset& data, int64_t i) {
    at::Tensor row = memory_of(data).samples()[i].contiguous();
    return std::string(static_cast<const char*>(row.const_data_ptr()), row.nbytes());
  };
  std::multiset<std::string> all, parts;
  for (int64_t i = 0; i < 100; ++i) all.insert(image(whole.train, i));
  for (int64_t i = 0; i < 70; ++i) parts.insert(image(a.train, i));
  for (int64_t i = 0; i < 30; ++i) parts.insert(image(a.get(Split::kValidation), i));
  EXPECT_EQ(parts, all);
  EXPECT_THROW(load_splits(synthetic(params, 100)), InternalError);
}

TEST(ValidationTest, TheTrainingPartAloneSetsTheNormalisation) {
  Splits splits = load_splits(synthetic({.samples = 100, .test_samples = 10, .side = 4}, 60));
  std::vector<int64_t> ids(40);
  for (int64_t i = 0; i < 40; ++i) ids[static_cast<size_t>(i)] = i;
  at::Tensor inputs = splits.train.gather(ids).inputs;
  EXPECT_NEAR(inputs.mean().item<double>(), 0, 1e-5);
  EXPECT_NEAR(inputs.square().mean().item<double>(), 1, 1e-5);
}

TEST(FashionMnistTest, IsWhatItsAuthorsSay) {
  if (find_idx_folder("fashion-mnist", "").empty()) GTEST_SKIP() << "not installed";
  Recipe recipe;
  recipe.dataset = &find_dataset("fashion-mnist");
  recipe.dataset_params = recipe.dataset->params->defaults();
  Splits splits = load_splits(recipe);
  std::vector<double> mean, deviation;
  splits.train.channel_statistics(mean, deviation);
  EXPECT_NEAR(mean[0], 0.2860, 5e-5);
  EXPECT_NEAR(deviation[0], 0.3530, 5e-5);
  for (int64_t label = 0; label < 10; ++label) {
    EXPECT_EQ(memory_of(splits.train).labels().eq(label).sum().item<int64_t>(), 6000);
    EXPECT_EQ(memory_of(splits.get(Split::kTest)).labels().eq(label).sum().item<int64_t>(), 1000);
  }
}

}  // namespace
}  // namespace hasten
