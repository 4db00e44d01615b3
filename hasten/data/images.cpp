// Data sets of image files: decoded into memory once, or streamed by a loader.
#include "hasten/data/images.h"

#include <ATen/ops/empty.h>

#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/base/machine.h"
#include "hasten/base/text.h"
#include "hasten/data/pixel_transform.h"
#include "hasten/data/sample_stream.h"
#include "hasten/loader/formats/open.h"
#include "hasten/loader/images/pipeline.h"
#include "hasten/loader/survey.h"

namespace hasten {
namespace {

// Of the memory that is free, what decoded images may take before they are streamed instead.
constexpr int64_t kShareOfMemory = 4;
constexpr int64_t kDecodedAtOnce = 256;
constexpr int64_t kLooked = 64;

const char* sample_work(const Recipe& recipe) { return recipe.data.crop != CropKind::kNone ? "data.crop" : nullptr; }

// Images of the size that is made are taken as they are; of others the middle is, after resizing, as of the usual 224 of
// 256 pixels.
ImagePlan plain_images(const DatasetInfo& info, const SampleIndex& index) {
  ImagePlan plan;
  plan.channels = static_cast<int>(info.sample[0]);
  plan.height = static_cast<int>(info.sample[1]);
  plan.width = static_cast<int>(info.sample[2]);
  plan.evaluation = true;
  const ImageSurvey seen = survey_images(index, kLooked);
  const bool alike = seen.least_width == plan.width && seen.most_width == plan.width &&
                     seen.least_height == plan.height && seen.most_height == plan.height;
  if (!alike) plan.geometry = Geometry::kResizeCentreCrop;
  plan.shorter_side = (8 * std::max(plan.height, plan.width) + 6) / 7;
  return plan;
}

ImagePlan augmented_images(ImagePlan plan, const Recipe& recipe, const SampleSteps& steps) {
  plan.evaluation = false;
  if (recipe.data.crop == CropKind::kRandomResized) {
    plan.geometry = Geometry::kRandomResizedCrop;
    plan.crop.least_area = recipe.data.crop_area;
    plan.decode = DecodePolicy::kAuto;
  }
  plan.translate = static_cast<int>(steps.translate);
  plan.colour = steps.colour;
  switch (steps.flip) {
    case FlipKind::kNone: break;
    case FlipKind::kRandom: plan.flip = Flip::kRandom; break;
    case FlipKind::kAlternating: plan.flip = Flip::kAlternating; break;
  }
  return plan;
}

LoaderOptions loader_options(const Recipe& recipe) {
  LoaderOptions options;
  options.workers = static_cast<int>(recipe.loader.workers);
  options.memory_bytes = static_cast<uint64_t>(recipe.loader.memory) << 20;
  options.batch = recipe.batch.size;
  options.read = recipe.loader.read;
  options.corrupt = recipe.data.corrupt;
  options.verify = recipe.loader.verify;
  return options;
}

bool streams(const Recipe& recipe, int64_t bytes) {
  const char* wanted = sample_work(recipe);
  if (wanted == nullptr && recipe.loader.augment == AugmentBy::kSample) wanted = "loader.augment";
  if (recipe.loader.residence == Residence::kMemory && wanted != nullptr) {
    throw ConfigError("loader.residence", cat("'stream' or 'auto' beside ", wanted), "'memory'",
                      "what is done to each sample anew is done while it is read");
  }
  if (recipe.loader.residence != Residence::kAuto) return recipe.loader.residence == Residence::kStream;
  return wanted != nullptr || bytes > this_machine().available_bytes / kShareOfMemory;
}

// Every image, decoded, as planes.
Dataset in_memory(const std::string& id, Split split, const SampleStream::Source& source, int64_t classes) {
  const auto [channels, height, width] = source.shape;
  const int64_t count = source.index->size(), values = channels * height * width, pixels = height * width;
  at::Tensor samples = at::empty({count, channels, height, width}, at::kByte), labels = at::empty({count}, at::kLong);
  auto* planes = samples.mutable_data_ptr<uint8_t>();
  auto* label = labels.mutable_data_ptr<int64_t>();
  int64_t kept = 0;
  LoaderOptions options = source.options;
  options.batch = std::min(kDecodedAtOnce, count);
  options.memory_bytes = std::max<uint64_t>(options.memory_bytes, static_cast<uint64_t>(2 * options.batch * values));
  Loader loader(source.index, source.plain, options, 0);
  loader.append({0, count, [](int64_t i) { return i; }});
  for (int64_t done = 0; done < count;) {
    Lease lease = loader.take(std::min(options.batch, count - done));
    size_t place = 0;
    for (const Lease::Run& run : lease.runs()) {
      for (int64_t i = 0; i < run.count; ++i) {
        const LoadedSample& sample = lease.samples()[place++];
        if (sample.left_out) continue;
        label[kept++] = sample.label;
        const uint8_t* image = run.bytes + i * values;
        for (int64_t channel = 0; channel < channels; ++channel) {
          for (int64_t pixel = 0; pixel < pixels; ++pixel) *planes++ = image[pixel * channels + channel];
        }
      }
    }
    done += static_cast<int64_t>(lease.samples().size());
  }
  return {id, split, samples.narrow(0, 0, kept), labels.narrow(0, 0, kept), classes};
}

}  // namespace

void refuse_sample_work(const Recipe& recipe) {
  if (recipe.dataset->params == describe<ImageFilesParams>()) return;
  const char* wanted = sample_work(recipe);
  if (wanted == nullptr && recipe.loader.residence != Residence::kStream &&
      recipe.loader.augment == AugmentBy::kBatch && recipe.data.corrupt == CorruptPolicy::kStop)
    return;
  throw ConfigError(wanted != nullptr ? wanted : "loader", "a data set that is read from image files",
                    cat("'", recipe.dataset->name, "', whose samples need no decoding"),
                    "workload.dataset = \"images\" with data.path");
}

Splits load_images(const Recipe& recipe, const DatasetInfo& info, const SampleSteps& steps) {
  const ImageFilesParams params = recipe.dataset_params.as<ImageFilesParams>();
  const std::string path = find_dataset_files(*recipe.dataset, params.path);
  const int64_t values = info.sample[0] * info.sample[1] * info.sample[2];
  const bool test = recipe.metric.split == Split::kTest;
  const bool stream = streams(recipe, (info.train_count + (test ? open_samples(path, "test")->size() : 0)) * values);
  auto open = [&](const char* part, Split split) -> Dataset {
    SampleStream::Source source;
    source.index = open_samples(path, part);
    source.shape = {info.sample[0], info.sample[1], info.sample[2]};
    source.options = loader_options(recipe);
    ImagePlan plan = plain_images(info, *source.index);
    source.plain = source.training = image_work(plan);
    if (!stream) return in_memory(info.name, split, source, info.classes);
    if (split == Split::kTrain) source.training = image_work(augmented_images(plan, recipe, steps));
    return {info.name, split, std::make_shared<SampleStream>(std::move(source)), info.classes};
  };
  Splits splits{open("train", Split::kTrain), {}};
  if (test) splits.held_out.push_back(open("test", Split::kTest));
  return splits;
}

}  // namespace hasten
