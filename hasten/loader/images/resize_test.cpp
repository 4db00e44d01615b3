// Resizing against the same filter in exact arithmetic, and vector code against plain code.
#include "hasten/loader/images/resize.h"

#include <gtest/gtest.h>

#include "hasten/loader/codecs/test_images.h"

namespace hasten {
namespace {

using test::Picture;

// Weights of output i over all inputs, by the definition.
std::vector<double> triangle(int length, double begin, double extent, int outputs, int i) {
  const double step = extent / outputs, support = std::max(step, 1.0), centre = begin + (i + 0.5) * step;
  std::vector<double> weights(static_cast<size_t>(length));
  double sum = 0;
  for (int k = 0; k < length; ++k) {
    weights[static_cast<size_t>(k)] = std::max(0.0, 1 - std::abs(k + 0.5 - centre) / support);
    sum += weights[static_cast<size_t>(k)];
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

void expect_near_exact(const ImageView& from, const Box& box, int width, int height, bool mirrored) {
  const auto values = static_cast<size_t>(width * height * from.channels);
  std::vector<uint8_t> out(values + 1, 77), plain(values);
  Resizer resizer, portable;
  portable.portable = true;
  resizer.run(from, box, width, height, mirrored, out.data());
  portable.run(from, box, width, height, mirrored, plain.data());
  EXPECT_EQ(out.back(), 77) << "wrote beyond the end";
  out.pop_back();
  ASSERT_EQ(out, plain) << from.width << " x " << from.height << " to " << width << " x " << height;
  std::vector<std::vector<double>> across;
  for (int x = 0; x < width; ++x) across.push_back(triangle(from.width, box.x, box.width, width, x));
  double worst = 0;
  std::vector<double> row(static_cast<size_t>(from.width * from.channels));
  for (int y = 0; y < height; ++y) {
    const auto down = triangle(from.height, box.y, box.height, height, y);
    std::fill(row.begin(), row.end(), 0);
    for (int k = 0; k < from.height; ++k) {
      if (down[static_cast<size_t>(k)] == 0) continue;
      for (size_t i = 0; i < row.size(); ++i) row[i] += down[static_cast<size_t>(k)] * from.row(k)[i];
    }
    for (int x = 0; x < width; ++x) {
      const auto& weights = across[static_cast<size_t>(mirrored ? width - 1 - x : x)];
      for (int c = 0; c < from.channels; ++c) {
        double sum = 0;
        for (int k = 0; k < from.width; ++k)
          sum += weights[static_cast<size_t>(k)] * row[static_cast<size_t>(k * from.channels + c)];
        worst = std::max(worst, std::abs(sum - out[static_cast<size_t>((y * width + x) * from.channels + c)]));
      }
    }
  }
  EXPECT_LT(worst, 0.75) << from.width << " x " << from.height << " to " << width << " x " << height;
}

TEST(Resize, IsTheTriangleFilter) {
  for (int channels : {3, 1}) {
    const Picture picture(97, 71, channels);
    const auto whole = Box{0, 0, 97, 71};
    for (const auto& [width, height] : {std::pair{97, 71}, {48, 40}, {50, 71}, {200, 150}, {31, 9}, {7, 101}, {1, 1}})
      for (bool mirrored : {false, true}) expect_near_exact(picture.view, whole, width, height, mirrored);
    expect_near_exact(picture.view, {3.3, 7.9, 41.7, 50.25}, 32, 32, false);
    expect_near_exact(picture.view, {80, 60, 17, 11}, 64, 64, true);
  }
}

TEST(Resize, SmallAndThinImages) {
  for (const auto& [width, height] : {std::pair{1, 1}, {1, 60}, {60, 1}, {2, 3}, {3, 2}, {5, 5}}) {
    for (int channels : {3, 1}) {
      const Picture picture(width, height, channels);
      const Box whole{0, 0, static_cast<double>(width), static_cast<double>(height)};
      for (const auto& [to_width, to_height] : {std::pair{1, 1}, {8, 8}, {37, 5}, {2, 30}})
        expect_near_exact(picture.view, whole, to_width, to_height, false);
    }
  }
}

TEST(Resize, LargeReductions) {
  const Picture picture(900, 640, 3);
  expect_near_exact(picture.view, {0, 0, 900, 640}, 20, 16, false);
  expect_near_exact(picture.view, {100, 0, 700, 640}, 224, 13, true);
}

TEST(Resize, TheSameSizeIsTheSameImage) {
  const Picture picture(40, 30, 3);
  std::vector<uint8_t> out(picture.bytes.size());
  Resizer().run(picture.view, {0, 0, 40, 30}, 40, 30, false, out.data());
  EXPECT_EQ(out, picture.bytes);
}

TEST(Resize, WhatWasResizedBeforeLeavesNoTrace) {
  const Picture a(97, 71, 3, 1), b(300, 20, 3, 2);
  std::vector<uint8_t> fresh(64 * 48 * 3), used(fresh.size()), other(500 * 7 * 3);
  Resizer().run(a.view, {0, 0, 97, 71}, 64, 48, false, fresh.data());
  Resizer resizer;
  resizer.run(b.view, {0, 0, 300, 20}, 500, 7, true, other.data());
  resizer.run(a.view, {0, 0, 97, 71}, 64, 48, false, used.data());
  EXPECT_EQ(fresh, used);
}

}  // namespace
}  // namespace hasten
