// From images to sequences, and from sequences to vectors.
#pragma once

#include "hasten/spec/layer.h"

namespace hasten {

constexpr double kClassTokenDeviation = 0.02;  // of start values

// {channels, height, width} to {height * width, channels}: the pixels as a sequence, row by row.
struct PixelSequence {
  static constexpr const char* kKind = "pixel_sequence";
  static constexpr auto schema() { return std::tuple{}; }
  Shape output(const Shape& in) const;
  std::vector<ParameterPlan> parameters(const Shape&) const { return {}; }
  double flops(const Shape&) const { return 0; }
};

// Puts a learned vector before the sequence.
struct ClassToken {
  static constexpr const char* kKind = "class_token";
  static constexpr auto schema() { return std::tuple{}; }
  Shape output(const Shape& in) const;
  std::vector<ParameterPlan> parameters(const Shape& in) const {
    return {{"weight", {in.at(1)}, Role::kEmbedding, {InitKind::kNormal, kClassTokenDeviation}, 1, true}};
  }
  double flops(const Shape&) const { return 0; }
};

// {tokens, features} to {features}: their mean.
struct TokenAverage {
  static constexpr const char* kKind = "token_average";
  static constexpr auto schema() { return std::tuple{}; }
  Shape output(const Shape& in) const;
  std::vector<ParameterPlan> parameters(const Shape&) const { return {}; }
  double flops(const Shape&) const { return 0; }
};

// {tokens, features} to {features}: the first one.
struct FirstToken {
  static constexpr const char* kKind = "first_token";
  static constexpr auto schema() { return std::tuple{}; }
  Shape output(const Shape& in) const;
  std::vector<ParameterPlan> parameters(const Shape&) const { return {}; }
  double flops(const Shape&) const { return 0; }
};

}  // namespace hasten
