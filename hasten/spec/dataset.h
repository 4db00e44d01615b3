// What is known of a data set before it is read: shape, classes, sizes. Enough to plan a run.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hasten/spec/parameter_plan.h"
#include "hasten/spec/params.h"

namespace hasten {

struct DatasetInfo {
  std::string name;
  Shape sample;            // {channels, height, width} or {features}
  int64_t classes = 0;
  int64_t train_count = 0, test_count = 0;  // of the test part 0 where only its files tell
  bool is_image() const { return sample.size() == 3; }
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
