// Images of other sizes.
#include "hasten/data/resize.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <set>

namespace hasten {
namespace {

TEST(ResizeTest, BilinearAveragesWhatAPixelStandsFor) {
  // Halving 4 pixels: triangles over 4 of them, cut at the border: (3, 3, 1) / 7 and (1, 3, 3) / 7.
  at::Tensor row = at::tensor({7.0f, 0.0f, 0.0f, 14.0f}).reshape({1, 1, 1, 4}).expand({1, 1, 4, 4}).contiguous();
  at::Tensor half = resized_images(row, 2, 2, Resizing::kBilinear, 1, 0);
  EXPECT_TRUE(at::allclose(half[0][0][0], at::tensor({3.0f, 6.0f}), 1e-5, 1e-5));
  EXPECT_TRUE(
      at::allclose(resized_images(at::ones({2, 3, 12, 12}), 6, 8, Resizing::kBilinear, 1, 0), at::ones({2, 3, 6, 8})));
}

TEST(ResizeTest, NearestTakesThePixelInTheMiddle) {
  at::Tensor ramp = at::arange(6, at::kFloat).reshape({1, 1, 1, 6}).expand({1, 1, 6, 6}).contiguous();
  at::Tensor third = resized_images(ramp, 2, 2, Resizing::kNearest, 1, 0);
  EXPECT_TRUE(at::equal(third[0][0][1], at::tensor({1.0f, 4.0f})));
}

TEST(ResizeTest, CropsReachEveryPlaceAndAreTheSameForTheBatch) {
  at::Tensor places = at::arange(16, at::kFloat).reshape({1, 1, 4, 4}).repeat({3, 1, 1, 1});
  std::set<float> corners;
  for (int64_t step = 0; step < 200; ++step) {
    at::Tensor part = resized_images(places, 3, 2, Resizing::kCrop, 1, step);
    EXPECT_TRUE(at::equal(part[0], part[2]));
    EXPECT_EQ(part[0][0][2][1].item<float>(), part[0][0][0][0].item<float>() + 9);
    corners.insert(part[0][0][0][0].item<float>());
  }
  EXPECT_EQ(corners, (std::set<float>{0, 1, 2, 4, 5, 6}));
}

}  // namespace
}  // namespace hasten
