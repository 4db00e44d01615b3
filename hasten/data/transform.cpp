// What becomes of a batch before it is trained on.
#include "hasten/data/transform.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>

#include "hasten/base/error.h"
#include "hasten/base/rng.h"
#include "hasten/base/text.h"
#include "hasten/data/pixel_transform.h"

namespace hasten {
namespace {

// The images of a batch as packed floats [n, height, width, channels].
struct Images {
  float* data;
  int64_t count, height, width, channels;
  int64_t row() const { return width * channels; }
  int64_t image() const { return height * row(); }
};

Images images_of(Batch& batch) {
  HASTEN_CHECK(batch.inputs.dim() == 4 && batch.inputs.scalar_type() == at::kFloat, "float images [n, c, h, w]");
  HASTEN_CHECK(batch.inputs.size(0) == batch.size(), "one id an image");
  batch.inputs = channels_last(batch.inputs);
  return {batch.inputs.mutable_data_ptr<float>(), batch.inputs.size(0), batch.inputs.size(2), batch.inputs.size(3),
          batch.inputs.size(1)};
}

RandomStream stream_of(const Batch& batch, int64_t i, uint64_t seed, uint64_t operation) {
  return {seed, operation, static_cast<uint64_t>(batch.epoch),
          static_cast<uint64_t>(batch.ids[static_cast<size_t>(i)])};
}

// -1 -> 1, n -> n - 2: the border itself is not repeated. |overhang| < n.
int64_t reflect(int64_t i, int64_t n) {
  if (i < 0) return -i;
  return i < n ? i : 2 * (n - 1) - i;
}

// out[y][x] = in[y + down][x + right], reflecting.
void shift_image(const float* in, float* out, const Images& size, int64_t down, int64_t right) {
  const int64_t channels = size.channels;
  const int64_t first = std::max<int64_t>(0, -right),
                last = std::min(size.width, size.width - right);  // columns that stay inside
  for (int64_t y = 0; y < size.height; ++y, out += size.row()) {
    const float* from = in + reflect(y + down, size.height) * size.row();
    std::copy_n(from + (first + right) * channels, (last - first) * channels, out + first * channels);
    for (int64_t x = 0; x < first; ++x)
      std::copy_n(from + reflect(x + right, size.width) * channels, channels, out + x * channels);
    for (int64_t x = last; x < size.width; ++x)
      std::copy_n(from + reflect(x + right, size.width) * channels, channels, out + x * channels);
  }
}

using ImageFunction = std::function<void(Batch&, uint64_t seed)>;

ImageFunction built_in(const TransformPlan& plan, const DatasetInfo& data, std::optional<double>& translate) {
  if (plan.name == "flip") {
    return plan.params.as<FlipSettings>().kind == FlipKind::kAlternating ? alternate_images : flip_images;
  }
  if (plan.name == "translate") {
    const int64_t pixels = plan.params.as<TranslateSettings>().pixels;
    const int64_t side = std::min(data.sample[1], data.sample[2]);
    if (pixels >= side) {
      throw ConfigError("data.translate", cat("fewer pixels than the ", side, " of an image"), std::to_string(pixels));
    }
    translate = static_cast<double>(pixels);
    return [&translate](Batch& batch, uint64_t seed) { translate_images(batch, std::llround(*translate), seed); };
  }
  throw InternalError("no transform '" + plan.name + "' in the data layer");
}

}  // namespace

void flip_images(Batch& batch, uint64_t seed) {
  std::vector<char> mirrored(batch.ids.size());
  for (size_t i = 0; i < mirrored.size(); ++i) {
    mirrored[i] = stream_of(batch, static_cast<int64_t>(i), seed, operation("data.flip")).bits() & 1;
  }
  mirror_images(batch, mirrored);
}

void alternate_images(Batch& batch, uint64_t seed) {
  std::vector<char> mirrored(batch.ids.size());
  for (size_t i = 0; i < mirrored.size(); ++i) {
    RandomStream coin(seed, operation("data.flip"), 0, static_cast<uint64_t>(batch.ids[i]));
    mirrored[i] = static_cast<char>((coin.bits() ^ static_cast<uint64_t>(batch.epoch)) & 1);
  }
  mirror_images(batch, mirrored);
}

void mirror_images(Batch& batch, const std::vector<char>& mirrored) {
  Images images = images_of(batch);
  HASTEN_CHECK(mirrored.size() == batch.ids.size(), "a choice for each image");
  at::parallel_for(0, images.count, images_per_thread(images.image()), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      if (mirrored[static_cast<size_t>(i)] == 0) continue;
      float* row = images.data + i * images.image();
      for (int64_t y = 0; y < images.height; ++y, row += images.row()) {
        if (images.channels == 1) {
          std::reverse(row, row + images.width);
          continue;
        }
        float *left = row, *right = row + images.row() - images.channels;
        for (; left < right; left += images.channels, right -= images.channels)
          std::swap_ranges(left, left + images.channels, right);
      }
    }
  });
}

void translate_images(Batch& batch, int64_t pixels, uint64_t seed) {
  Images images = images_of(batch);
  HASTEN_CHECK(pixels >= 0 && pixels < std::min(images.height, images.width), "a shift smaller than the image");
  const auto range = static_cast<uint64_t>(2 * pixels + 1);
  at::parallel_for(0, images.count, images_per_thread(images.image()), [&](int64_t begin, int64_t end) {
    std::vector<float> original(static_cast<size_t>(images.image()));
    for (int64_t i = begin; i < end; ++i) {
      RandomStream random = stream_of(batch, i, seed, operation("data.translate"));
      const int64_t down = static_cast<int64_t>(random.below(range)) - pixels;
      const int64_t right = static_cast<int64_t>(random.below(range)) - pixels;
      if (down == 0 && right == 0) continue;
      float* image = images.data + i * images.image();
      std::copy_n(image, images.image(), original.data());
      shift_image(original.data(), image, images, down, right);
    }
  });
}

struct TransformChain::Link {
  Phase phase;
  ImageFunction own;      // of the recipe; empty for a method's part
  size_t index = 0;  // of the part on the seam
};

TransformChain::TransformChain(const RunPlan& plan, Engine& engine, bool augmented) : engine_(engine) {
  for (const TransformPlan& transform : plan.transforms) {
    ImageFunction own = built_in(transform, plan.data, translate_);
    if (!augmented) links_.push_back({transform.phase, std::move(own), 0});
  }
  const std::vector<Phase> phases = engine.phases<BatchTransform>();
  for (size_t i = 0; i < phases.size(); ++i) {
    const bool done = augmented && dynamic_cast<const PixelTransform*>(&engine.look<BatchTransform>(i)) != nullptr;
    if (!done) links_.push_back({phases[i], nullptr, i});
  }
  std::stable_sort(links_.begin(), links_.end(), [](const Link& a, const Link& b) { return a.phase < b.phase; });
}

TransformChain::~TransformChain() = default;

double* TransformChain::scheduled(std::string_view path) {
  return path == "data.translate" && translate_ ? &*translate_ : nullptr;
}

void TransformChain::apply(Batch& batch, const State& state) {
  for (const Link& link : links_) {
    if (link.own) link.own(batch, state.seed);
    else engine_.one<BatchTransform>(link.index, state, [&](BatchTransform& part) { part.apply(batch, state); });
  }
}

}  // namespace hasten
