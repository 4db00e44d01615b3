// From an encoded image to the pixels of a batch: what part is decoded, its size, mirroring, shifts, colours.
#pragma once

#include <memory>
#include <vector>

#include "hasten/loader/codecs/decode.h"
#include "hasten/loader/images/augment.h"
#include "hasten/loader/images/draws.h"
#include "hasten/loader/images/shift.h"
#include "hasten/loader/sample_work.h"

namespace hasten {

enum class Geometry : uint8_t {
  kNone,               // images have the size already
  kResize,             // the whole image, whatever its proportions
  kResizeCentreCrop,   // the shorter side to `shorter_side`, then the middle
  kRandomResizedCrop,  // a random part, resized
};
std::string_view name_of(Geometry geometry);

enum class Flip : uint8_t { kNone, kRandom, kAlternating };

// All that the pixels of a sample depend on, beside its bytes and its key.
struct ImagePlan {
  int height = 0, width = 0, channels = 3;  // of the result
  Geometry geometry = Geometry::kNone;
  int shorter_side = 0;  // of kResizeCentreCrop
  CropRanges crop;       // of kRandomResizedCrop
  Flip flip = Flip::kNone;
  int translate = 0;  // pixels in each direction, after the flip
  Border border = Border::kReflect;
  std::vector<ColourStep> colour;  // on the finished pixels, in this order
  DecodePolicy decode = DecodePolicy::kPartial;
  bool evaluation = false;  // never decodes at a scale, which changes pixels
  DecodeLimits limits;
  bool strict = true;
};

struct WantedPart;

// Writes height x width x channels bytes.
class ImagePipeline final : public SampleWork {
 public:
  explicit ImagePipeline(const ImagePlan& plan);  // throws ConfigError
  size_t slot_bytes() const override;
  std::unique_ptr<WorkScratch> scratch() const override;
  void run(const SamplePayload& payload, const SampleKey& key, std::span<uint8_t> slot, WorkScratch& scratch,
           StageClock& clock) const override;
  const ImagePlan& plan() const { return plan_; }

 private:
  struct Scratch;
  void place(const DecodedImage& image, const WantedPart& wanted, const SampleKey& key, std::span<uint8_t> slot,
             Scratch& scratch) const;

  ImagePlan plan_;
};

std::shared_ptr<const SampleWork> image_work(const ImagePlan& plan);

}  // namespace hasten
