// What is known of a data set before it is read: shape, classes, sizes. Enough to plan a run.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hasten/loader/formats/tokens.h"
#include "hasten/loader/text/token_windows.h"
#include "hasten/spec/parameter_plan.h"
#include "hasten/spec/params.h"

namespace hasten {

struct DatasetInfo {
  std::string name;
  Shape sample;            // {channels, height, width}, {features}, or {tokens} of a text
  int64_t classes = 0;     // of a text: how many different tokens there are
  int64_t train_count = 0, test_count = 0;  // of the test part 0 where only its files tell
  bool text = false;       // samples are tokens, and each of them has a target: the one behind it
  bool is_image() const { return sample.size() == 3; }
  int64_t tokens_per_sample() const { return text ? sample.at(0) : 0; }
};

struct DatasetSpec {
  std::string name, summary, source;  // source: how to get it, for people
  const ParamTable* params;           // keys of [data] that belong to this data set
  DatasetInfo (*info)(const ParamSet&);
};

const std::vector<DatasetSpec>& dataset_specs();
const DatasetSpec& find_dataset(std::string_view name);  // throws ConfigError

// Files in the IDX format of MNIST. `path`: their folder; empty means that the usual places are searched.
struct IdxParams {
  std::string path;
  static constexpr auto schema() {
    return std::tuple{
        field("path", &IdxParams::path, "folder with the four IDX files, plain or .gz; empty: the usual places")};
  }
};

// Images in any format that hasten/loader opens: a folder of images, tar, IDX, CIFAR's files, beton, MDS, npy.
struct ImageFilesParams {
  std::string path;
  int64_t height = 0, width = 0, channels = 0;
  static constexpr auto schema() {
    using P = ImageFilesParams;
    return std::tuple{
        field("path", &P::path, "file or folder with the parts train and test; empty: the usual places of the name"),
        field("height", &P::height, {0, 4096}, "of the images as trained on; 0: as they are, if all are alike",
              "pixels"),
        field("width", &P::width, {0, 4096}, "likewise", "pixels"),
        field("channels", &P::channels, {0, 3}, "1: grey, 3: colour, 0: as they are")};
  }
};

constexpr std::array<std::string_view, 3> choices(TextUnit) { return {"byte", "character", "vocabulary"}; }
constexpr std::array<std::string_view, 2> choices(WindowSampling) { return {"epoch", "random_offset"}; }

// Text, or files of tokens: a sample is `context` tokens that follow each other.
struct TextParams {
  std::string path;
  int64_t context = 256;
  TextUnit unit = TextUnit::kCharacter;
  std::string vocabulary;
  int64_t vocabulary_size = 0;
  WindowSampling sampling = WindowSampling::kEpoch;
  double train_share = 0.9;
  static constexpr auto schema() {
    using P = TextParams;
    return std::tuple{
        field("path", &P::path, "file or folder of text, or of tokens (.bin, .npy, shards); empty: the usual places"),
        field("context", &P::context, {1, 1 << 20}, "tokens of a sample; each is predicted from those before it"),
        field("unit", &P::unit, "what a token of raw text is; vocabulary: the longest text of a list that fits"),
        field("vocabulary", &P::vocabulary, "file with these texts, one a line or a JSON list"),
        field("vocabulary_size", &P::vocabulary_size, at_least(0),
              "different tokens that files of tokens may hold; 0: as many as they do hold"),
        field(
            "sampling", &P::sampling,
            "epoch: every token once an epoch, from another place in each; random_offset: anywhere, with replacement"),
        field("train_share", &P::train_share, {0, 1, true, true},
              "the first part of undivided text, which trains; the rest is the test part")};
  }
};

// Text without files: each token follows from the two before it, or by chance. Learnable, of any size, for tests.
struct SyntheticTextParams {
  int64_t tokens = 20000, test_tokens = 2000, vocabulary = 16, context = 16;
  double noise = 0.25;
  WindowSampling sampling = WindowSampling::kEpoch;
  int64_t data_seed = 1;
  static constexpr auto schema() {
    using P = SyntheticTextParams;
    return std::tuple{field("tokens", &P::tokens, at_least(2), "tokens of the training part"),
                      field("test_tokens", &P::test_tokens, at_least(2), "tokens of the test part"),
                      field("vocabulary", &P::vocabulary, {2, 65536}, "different tokens"),
                      field("context", &P::context, {1, 1 << 20}, "tokens of a sample"),
                      field("noise", &P::noise, {0, 1}, "share of tokens that follow from nothing"),
                      field("sampling", &P::sampling, "epoch: every token once an epoch; random_offset: anywhere"),
                      field("data_seed", &P::data_seed, at_least(0), "seed of the rule and of the text")};
  }
};

// A part of such a data set: a stretch of a stream of tokens.
struct TextPart {
  std::shared_ptr<const TokenStream> stream;
  int64_t begin = 0, tokens = 0;
  // Samples of `context` tokens with a target each; whole ones, or as many as cover it.
  int64_t whole(int64_t context) const { return (tokens - 1) / context; }
  int64_t covering(int64_t context) const { return (tokens - 1 + context - 1) / context; }
};
// What the samples of a text are.
struct TextWindows {
  int64_t context = 1;
  WindowSampling sampling = WindowSampling::kEpoch;
};

// Of data sets whose DatasetInfo says `text`, by files or made up.
TextWindows text_windows(const ParamSet& params);
// The training or the test part. Files of tokens may hold `vocabulary` different ones, if it is given; the test part has
// to do with those of the training part. Throws ConfigError for files that are not there or shorter than a sample,
// DataError for damaged ones.
TextPart open_text(const DatasetSpec& spec, const ParamSet& params, bool test, int64_t vocabulary = 0);

// Where the files of a data set are: `path`, $HASTEN_DATA/<name>, ./data/<name>, the system's data sets; the first that
// is there. Throws ConfigError that lists them if none is.
std::string find_dataset_files(const DatasetSpec& spec, const std::string& path);

// Labels by a random two-layer network on random images: learnable, of any size, for tests.
struct SyntheticParams {
  int64_t samples = 2000, test_samples = 500, classes = 10, channels = 1, side = 12;
  double noise = 0.0;
  int64_t data_seed = 1;
  static constexpr auto schema() {
    using P = SyntheticParams;
    return std::tuple{field("samples", &P::samples, at_least(1), "training samples"),
                      field("test_samples", &P::test_samples, at_least(1), "test samples"),
                      field("classes", &P::classes, {2, 1000}, "classes"),
                      field("channels", &P::channels, {1, 64}, "image channels"),
                      field("side", &P::side, {1, 256}, "image height and width", "pixels"),
                      field("noise", &P::noise, {0, 1}, "share of labels replaced by random ones"),
                      field("data_seed", &P::data_seed, at_least(0), "seed of images and teacher")};
  }
};

}  // namespace hasten
