// The part of the image that the plan needs is known from the header; only that part is decoded.
#include "hasten/loader/images/pipeline.h"

#include <algorithm>
#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/images/resize.h"

namespace hasten {

// What is decoded, and which part of it becomes the result.
struct WantedPart {
  Rect rect;
  Box box;                                // of the unscaled image
  int least_width = 0, least_height = 0;  // of rect after scaling
};

struct ImagePipeline::Scratch final : WorkScratch {
  DecodeScratch decoder;
  Resizer resizer;
  std::vector<uint8_t> resized;  // where a shift follows
  ColourScratch colour;
};

namespace {

WantedPart wanted_part(const Rect& crop, const ImagePlan& plan) {
  const Box box{static_cast<double>(crop.x), static_cast<double>(crop.y), static_cast<double>(crop.width),
                static_cast<double>(crop.height)};
  return {crop, box, plan.width, plan.height};
}

// One axis of the middle crop of an image that is resized from `length` to `resized` pixels.
struct MiddlePart {
  double begin, extent;  // of the box
  int first, count;      // pixels that the filter reaches
  int least;             // what is left of them after resizing
  MiddlePart(int length, int resized, int wanted) {
    const double step = static_cast<double>(length) / resized, reach = std::max(step, 1.0) + 1;
    begin = std::nearbyint((resized - wanted) / 2.0) * step;  // half to even, as Python rounds
    extent = wanted * step;
    first = std::max(0, static_cast<int>(begin - reach));
    count = std::min(length, static_cast<int>(std::ceil(begin + extent + reach))) - first;
    least = static_cast<int>(std::ceil(count / step));
  }
};

WantedPart middle_part(const ImageSize& size, const ImagePlan& plan) {
  // The longer side is rounded down, as torchvision does.
  const int shorter = std::min(size.width, size.height);
  const auto resized = [&](int side) {
    return side == shorter ? plan.shorter_side : static_cast<int>(int64_t{plan.shorter_side} * side / shorter);
  };
  const MiddlePart across(size.width, resized(size.width), plan.width);
  const MiddlePart down(size.height, resized(size.height), plan.height);
  return {{across.first, down.first, across.count, down.count},
          {across.begin, down.begin, across.extent, down.extent},
          across.least,
          down.least};
}

WantedPart wanted_of(const ImageSize& size, const SampleKey& key, const ImagePlan& plan) {
  switch (plan.geometry) {
    case Geometry::kNone:
      if (size.width == plan.width && size.height == plan.height) break;
      throw DataError(
          "", "", cat("expected ", plan.width, " x ", plan.height, " pixels, got ", size.width, " x ", size.height));
    case Geometry::kResize: break;
    case Geometry::kResizeCentreCrop: return middle_part(size, plan);
    case Geometry::kRandomResizedCrop: return wanted_part(draw_crop(key, size, plan.crop), plan);
  }
  return wanted_part({0, 0, size.width, size.height}, plan);
}

bool is_mirrored(const ImagePlan& plan, const SampleKey& key) {
  switch (plan.flip) {
    case Flip::kNone: return false;
    case Flip::kRandom: return draw_flip(key);
    case Flip::kAlternating: return draw_alternating_flip(key);
  }
  throw InternalError("a flip without a rule");
}

// In pixels of what was decoded.
Box scaled_box(const WantedPart& wanted, const DecodedImage& image) {
  const double factor = image.factor;
  return {image.x + (wanted.box.x - wanted.rect.x) / factor, image.y + (wanted.box.y - wanted.rect.y) / factor,
          wanted.box.width / factor, wanted.box.height / factor};
}

void check_plan(const ImagePlan& plan) {
  const auto must = [](bool holds, const char* where, const char* expected, const std::string& got) {
    if (!holds) throw ConfigError(where, expected, got);
  };
  const std::string size = cat(plan.width, " x ", plan.height);
  must(plan.width > 0 && plan.height > 0 && plan.width <= 65535 && plan.height <= 65535, "data.size",
       "1 to 65535 pixels a side", size);
  must(plan.channels == 1 || plan.channels == 3, "data.channels", "1 or 3", std::to_string(plan.channels));
  must(plan.translate >= 0 && plan.translate < std::min(plan.width, plan.height), "data.translate",
       "fewer pixels than an image has", std::to_string(plan.translate));
  if (plan.geometry == Geometry::kResizeCentreCrop) {
    must(plan.shorter_side >= std::max(plan.width, plan.height), "data.shorter_side", "at least the crop's size",
         std::to_string(plan.shorter_side));
  }
  if (plan.geometry == Geometry::kRandomResizedCrop) {
    const CropRanges& crop = plan.crop;
    must(crop.least_area > 0 && crop.least_area <= crop.most_area && crop.most_area <= 1, "data.crop_area",
         "a range in (0, 1]", cat(crop.least_area, " to ", crop.most_area));
    must(crop.least_ratio > 0 && crop.least_ratio <= crop.most_ratio && crop.most_ratio < 1e4, "data.crop_ratio",
         "a range of positive numbers", cat(crop.least_ratio, " to ", crop.most_ratio));
  }
  for (const ColourStep& step : plan.colour) check_step(step, "data.colour");
}

}  // namespace

std::string_view name_of(Geometry geometry) {
  switch (geometry) {
    case Geometry::kNone: return "none";
    case Geometry::kResize: return "resize";
    case Geometry::kResizeCentreCrop: return "resize_centre_crop";
    case Geometry::kRandomResizedCrop: return "random_resized_crop";
  }
  throw InternalError("a geometry without a name");
}

ImagePipeline::ImagePipeline(const ImagePlan& plan) : plan_(plan) {
  check_plan(plan);
  if (plan_.evaluation && plan_.decode != DecodePolicy::kFull) plan_.decode = DecodePolicy::kPartial;
}

size_t ImagePipeline::slot_bytes() const {
  return static_cast<size_t>(plan_.height) * static_cast<size_t>(plan_.width) * static_cast<size_t>(plan_.channels);
}

std::unique_ptr<WorkScratch> ImagePipeline::scratch() const { return std::make_unique<Scratch>(); }

void ImagePipeline::run(const SamplePayload& payload, const SampleKey& key, std::span<uint8_t> slot,
                        WorkScratch& work_scratch, StageClock& clock) const {
  HASTEN_CHECK(slot.size() == slot_bytes(), "a slot of the size that was asked for");
  auto& scratch = static_cast<Scratch&>(work_scratch);
  clock.enter(Stage::kDecode);
  const WantedPart wanted = wanted_of(image_size(payload), key, plan_);
  DecodeRequest request;
  request.crop = wanted.rect;
  request.channels = plan_.channels;
  request.least_width = wanted.least_width;
  request.least_height = wanted.least_height;
  request.policy = plan_.decode;
  request.limits = plan_.limits;
  request.strict = plan_.strict;
  const DecodedImage image = decode(payload, request, scratch.decoder);

  clock.enter(Stage::kAugment);
  place(image, wanted, key, slot, scratch);
  apply_steps(plan_.colour, {slot.data(), plan_.width, plan_.height, plan_.channels}, key, scratch.colour);
}

void ImagePipeline::place(const DecodedImage& image, const WantedPart& wanted, const SampleKey& key,
                          std::span<uint8_t> slot, Scratch& scratch) const {
  const bool mirrored = is_mirrored(plan_, key);
  const Shift shift = plan_.translate > 0 ? draw_translate(key, plan_.translate) : Shift{};
  const Box box = scaled_box(wanted, image);
  const bool same_size = image.factor == 1 && box.x == 0 && box.y == 0 && image.width == plan_.width &&
                         image.height == plan_.height && box.width == image.width && box.height == image.height;
  if (same_size) return place_image(image, mirrored, shift, plan_.border, slot.data());
  if (shift == Shift{}) return scratch.resizer.run(image, box, plan_.width, plan_.height, mirrored, slot.data());
  scratch.resized.resize(slot.size());
  scratch.resizer.run(image, box, plan_.width, plan_.height, mirrored, scratch.resized.data());
  const ImageView resized{scratch.resized.data(), plan_.width, plan_.height, plan_.channels,
                          static_cast<size_t>(plan_.width) * static_cast<size_t>(plan_.channels)};
  place_image(resized, false, shift, plan_.border, slot.data());
}

std::shared_ptr<const SampleWork> image_work(const ImagePlan& plan) { return std::make_shared<ImagePipeline>(plan); }

}  // namespace hasten
