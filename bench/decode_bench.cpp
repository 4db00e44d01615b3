// How near the image pipeline comes to the decoder alone, on one core: bare libjpeg-turbo decoding whole images against
// decoding plus augmentation, round by round on the same files, with a check that both see the same pixels.
//   decode_bench small DIR [ROUNDS]     JPEG files in or below DIR, of 32 x 32: shift by up to 4 pixels, flip
//   decode_bench large [ROUNDS] [scaled]   made-up 500 x 375 pictures: random resized crop to 224, flip
#include <time.h>

#include <cstddef>
#include <cstdio>
// libjpeg wants size_t and FILE
#include <jpeglib.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "hasten/base/files.h"
#include "hasten/base/rng.h"
#include "hasten/loader/codecs/encode.h"
#include "hasten/loader/images/pipeline.h"
#include "hasten/loader/images/resize.h"

namespace {

using namespace hasten;
using Bytes = std::vector<uint8_t>;

// Time that this thread ran: other work on the machine does not count.
double cpu_seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// libjpeg-turbo with the least around it: one decompressor for all, rows written where they stay.
class BareDecoder {
 public:
  BareDecoder() {
    info_.err = jpeg_std_error(&errors_);
    jpeg_create_decompress(&info_);
  }
  ~BareDecoder() { jpeg_destroy_decompress(&info_); }
  BareDecoder(const BareDecoder&) = delete;
  const Bytes& decode(const Bytes& jpeg) {
    jpeg_mem_src(&info_, jpeg.data(), static_cast<unsigned long>(jpeg.size()));
    jpeg_read_header(&info_, TRUE);
    info_.out_color_space = JCS_RGB;
    jpeg_start_decompress(&info_);
    const size_t stride = size_t{info_.output_width} * 3;
    pixels_.resize(stride * info_.output_height);
    rows_.resize(info_.output_height);
    for (size_t y = 0; y < rows_.size(); ++y) rows_[y] = pixels_.data() + y * stride;
    while (info_.output_scanline < info_.output_height) {
      jpeg_read_scanlines(&info_, rows_.data() + info_.output_scanline, info_.output_height - info_.output_scanline);
    }
    jpeg_finish_decompress(&info_);
    return pixels_;
  }
  ImageView view() const {
    const auto width = static_cast<int>(info_.output_width);
    return {pixels_.data(), width, static_cast<int>(info_.output_height), 3, static_cast<size_t>(width) * 3};
  }

 private:
  jpeg_decompress_struct info_{};
  jpeg_error_mgr errors_{};
  Bytes pixels_;
  std::vector<JSAMPROW> rows_;
};

std::vector<Bytes> files_below(const std::string& folder, size_t most) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().extension().string().starts_with(".jp")) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  // Evenly from all of them, so that each class has its share.
  std::vector<Bytes> files;
  const size_t step = std::max<size_t>(1, paths.size() / most);
  for (size_t i = 0; i < paths.size() && files.size() < most; i += step) {
    const std::string text = read_file(paths[i]);
    files.emplace_back(text.begin(), text.end());
  }
  return files;
}

// Noise whose octaves have equal energy, as in photographs, and shapes with sharp edges.
Bytes made_up_picture(int width, int height, uint64_t number) {
  RandomStream random(1, operation("bench.picture"), 0, number);
  std::vector<float> light(static_cast<size_t>(width) * static_cast<size_t>(height) * 3, 128.0f);
  for (int cell = 256; cell >= 1; cell /= 2) {
    const int across = width / cell + 2, down = height / cell + 2;
    std::vector<float> grid(static_cast<size_t>(across) * static_cast<size_t>(down) * 3);
    for (size_t i = 0; i < grid.size(); i += 3) {
      const double grey = random.uniform(-1, 1);  // colour varies less than brightness, and not in the finest octaves
      for (size_t c = 0; c < 3; ++c)
        grid[i + c] = static_cast<float>(grey + (cell > 4 ? random.uniform(-0.4, 0.4) : 0));
    }
    const auto amplitude = static_cast<float>(cell == 1 ? 6 : 12 * std::pow(cell, 0.3));
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const float fx = static_cast<float>(x % cell) / static_cast<float>(cell);
        const float fy = static_cast<float>(y % cell) / static_cast<float>(cell);
        const size_t corner =
            (static_cast<size_t>(y / cell) * static_cast<size_t>(across) + static_cast<size_t>(x / cell)) * 3;
        const size_t below = corner + static_cast<size_t>(across) * 3;
        float* pixel =
            light.data() + (static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)) * 3;
        for (size_t c = 0; c < 3; ++c) {
          const float top = grid[corner + c] * (1 - fx) + grid[corner + 3 + c] * fx;
          const float bottom = grid[below + c] * (1 - fx) + grid[below + 3 + c] * fx;
          pixel[c] += amplitude * (top * (1 - fy) + bottom * fy);
        }
      }
    }
  }
  for (int shape = 0; shape < 8; ++shape) {
    const double x0 = random.uniform(0, width), y0 = random.uniform(0, height), radius = random.uniform(10, 120);
    const double squash = random.uniform(0.4, 2);
    const float change[3] = {static_cast<float>(random.uniform(-50, 50)), static_cast<float>(random.uniform(-50, 50)),
                             static_cast<float>(random.uniform(-50, 50))};
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x)
        if (std::hypot(x - x0, (y - y0) * squash) < radius)
          for (int c = 0; c < 3; ++c) light[static_cast<size_t>((y * width + x) * 3 + c)] += change[c];
  }
  Bytes pixels(light.size());
  std::transform(light.begin(), light.end(), pixels.begin(),
                 [](float value) { return static_cast<uint8_t>(std::clamp(value, 0.0f, 255.0f)); });
  return pixels;
}

std::vector<Bytes> made_up_files(size_t count) {
  std::vector<Bytes> files;
  for (size_t i = 0; i < count; ++i) {
    const Bytes pixels = made_up_picture(500, 375, i);
    files.push_back(encode_jpeg({pixels.data(), 500, 375, 3, 1500}, {.quality = 75}));
  }
  return files;
}

struct Rates {
  std::vector<double> per_second;
  double median() const { return sorted()[per_second.size() / 2]; }
  std::vector<double> sorted() const {
    std::vector<double> all = per_second;
    std::sort(all.begin(), all.end());
    return all;
  }
  void print(const char* what) const {
    std::printf("  %-34s %9.0f images/s   (%.0f to %.0f)\n", what, median(), sorted().front(), sorted().back());
  }
};

// The result by the longest way: the whole image, then its part.
Bytes expected_pixels(const ImagePlan& plan, const ImageView& whole, const SampleKey& key) {
  Bytes out(static_cast<size_t>(plan.width * plan.height) * 3);
  const bool mirrored = draw_flip(key);
  if (plan.geometry == Geometry::kNone) {
    place_image(whole, mirrored, draw_translate(key, plan.translate), plan.border, out.data());
    return out;
  }
  const Rect crop = draw_crop(key, {whole.width, whole.height, 3}, plan.crop);
  ImageView part = whole;
  part.pixels = whole.row(crop.y) + static_cast<size_t>(crop.x) * 3;
  part.width = crop.width;
  part.height = crop.height;
  Resizer resizer;
  resizer.portable = true;
  resizer.run(part, {0, 0, static_cast<double>(crop.width), static_cast<double>(crop.height)}, plan.width, plan.height,
              mirrored, out.data());
  return out;
}

int compare(const ImagePlan& plan, const std::vector<Bytes>& files, int rounds, int passes) {
  const ImagePipeline pipeline(plan);
  const auto scratch = pipeline.scratch();
  Bytes slot(pipeline.slot_bytes());
  BareDecoder bare;
  StageClock clock;
  const bool exact = plan.decode == DecodePolicy::kPartial || plan.decode == DecodePolicy::kFull;
  double bytes = 0;
  size_t different = 0;
  for (size_t i = 0; i < files.size(); ++i) {
    const SampleKey key{1, 0, static_cast<int64_t>(i)};
    pipeline.run({files[i], Codec::kJpeg}, key, slot, *scratch, clock);
    bare.decode(files[i]);
    different += slot != expected_pixels(plan, bare.view(), key);
    bytes += static_cast<double>(files[i].size());
  }
  std::printf("%zu files of %.1f kB, %d rounds; time of the thread\n", files.size(),
              bytes / static_cast<double>(files.size()) / 1000, rounds);
  std::printf("  pixels differ from those of whole decoding in %zu%s\n", different, exact ? "" : " (scaled)");
  Rates whole, full;
  std::vector<double> ratios;
  const auto rate = [&](const std::function<void(size_t, uint64_t)>& one, uint64_t round) {
    clock.enter(Stage::kDeliver);
    const double begin = cpu_seconds();
    for (int pass = 0; pass < passes; ++pass)
      for (size_t i = 0; i < files.size(); ++i)
        one(i, round * static_cast<uint64_t>(passes) + static_cast<uint64_t>(pass));
    return static_cast<double>(files.size()) * passes / (cpu_seconds() - begin);
  };
  for (int round = -1; round < rounds; ++round) {  // the first warms up
    const double a = rate([&](size_t i, uint64_t) { bare.decode(files[i]); }, static_cast<uint64_t>(round + 1));
    const double b = rate(
        [&](size_t i, uint64_t epoch) {
          pipeline.run({files[i], Codec::kJpeg}, {1, epoch, static_cast<int64_t>(i)}, slot, *scratch, clock);
        },
        static_cast<uint64_t>(round + 1));
    if (round < 0) continue;
    whole.per_second.push_back(a);
    full.per_second.push_back(b);
    ratios.push_back(b / a);
  }
  whole.print("libjpeg-turbo, whole images");
  full.print("pipeline");
  std::sort(ratios.begin(), ratios.end());
  clock.enter(Stage::kDeliver);
  const double decode = static_cast<double>(clock.ns(Stage::kDecode)),
               augment = static_cast<double>(clock.ns(Stage::kAugment));
  std::printf("  ratio %.3f (%.3f to %.3f); augmentation is %.1f%% of the pipeline\n", ratios[ratios.size() / 2],
              ratios.front(), ratios.back(), 100 * augment / (decode + augment));
  return exact && different > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  ImagePlan plan;
  plan.flip = Flip::kRandom;
  if (mode == "small" && argc > 2) {
    plan.width = plan.height = 32;
    plan.translate = 4;
    return compare(plan, files_below(argv[2], 5000), argc > 3 ? std::atoi(argv[3]) : 15, 1);
  }
  if (mode == "large") {
    plan.width = plan.height = 224;
    plan.geometry = Geometry::kRandomResizedCrop;
    if (argc > 3 && std::strcmp(argv[3], "scaled") == 0) plan.decode = DecodePolicy::kScaled;
    return compare(plan, made_up_files(64), argc > 2 ? std::atoi(argv[2]) : 15, 4);
  }
  std::fprintf(stderr, "usage: decode_bench small DIR [ROUNDS] | large [ROUNDS] [scaled]\n");
  return 2;
}
