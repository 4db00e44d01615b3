// Resizing with a triangle filter as wide as the step between output pixels (Pillow's BILINEAR, torchvision's antialias).
#pragma once

#include <cstdint>
#include <vector>

#include "hasten/loader/codecs/decode.h"

namespace hasten {

// A part of an image in pixels and fractions of them.
struct Box {
  double x = 0, y = 0, width = 0, height = 0;
};

// The weights of one axis: output i is the sum over k < taps of weight(i, k) times input first[i] + k. Weights are in
// units of 2^-14 and sum to 1; windows lie inside of the input unless it is shorter than them, and what lies beyond has
// weight 0.
struct FilterTable {
  int taps = 0;
  std::vector<int32_t> first;
  std::vector<int16_t> weights;  // [outputs][taps]

  // `length` inputs, of which those in [begin, begin + extent) become `outputs`. `step_of_taps`: taps are a multiple of it.
  void build(int length, double begin, double extent, int outputs, bool mirrored, int step_of_taps);

 private:
  std::vector<float> exact_;  // of one window
};

// Keeps tables and rows from image to image. The result differs from exact arithmetic by less than one level, and is
// the same on every machine.
class Resizer {
 public:
  // The part of `from` in `box` becomes `width` x `height` pixels at `to`, rows of width x channels, left to right or
  // mirrored. Pixels outside of the box count where the filter reaches them.
  void run(const ImageView& from, const Box& box, int width, int height, bool mirrored, uint8_t* to);
  bool portable = false;  // without vector instructions: for tests

 private:
  const uint8_t* source_row(const ImageView& from, int y);

  FilterTable across_, down_;
  std::vector<int16_t> weights_;  // of across_, as vector code wants them
  std::vector<int16_t> rows_;  // a ring of rows that are resized across, in units of 2^-7
  std::vector<const int16_t*> window_;  // those of one output row
  std::vector<uint8_t> end_;  // a row at the end of the image, with room to read beyond
};

}  // namespace hasten
