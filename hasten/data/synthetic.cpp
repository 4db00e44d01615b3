// The synthetic data set: images from a few smooth patterns, labels from a teacher that sees how much of each is there.
#include "hasten/data/synthetic.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "hasten/base/rng.h"

namespace hasten {
namespace {

constexpr int kPatterns = 6, kHidden = 24, kSampleGrain = 64;
constexpr double kContrast = 28, kGrey = 127.5, kGrainNoise = 8;  // in bytes
using Amounts = std::array<double, kPatterns>;

// What all samples of one data_seed share.
struct Teacher {
  std::vector<double> patterns;  // [kPatterns, channels, side, side], of variance near 1
  std::array<std::array<double, kPatterns>, kHidden> first;
  std::vector<std::array<double, kHidden>> second;  // [classes]
  std::vector<double> bias;  // [classes]: makes the classes about equally frequent

  std::vector<double> scores(const Amounts& amounts) const;
};

std::vector<double> Teacher::scores(const Amounts& amounts) const {
  std::array<double, kHidden> hidden;
  for (int unit = 0; unit < kHidden; ++unit) {
    double sum = 0;
    for (int k = 0; k < kPatterns; ++k) sum += first[unit][k] * amounts[k];
    hidden[unit] = std::max(0.0, sum);
  }
  std::vector<double> out(bias);
  for (size_t c = 0; c < out.size(); ++c) {
    for (int unit = 0; unit < kHidden; ++unit) out[c] += second[c][unit] * hidden[unit];
  }
  return out;
}

size_t best_class(const std::vector<double>& scores) {
  return static_cast<size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
}

Amounts draw_amounts(RandomStream& random) {
  Amounts amounts;
  for (double& amount : amounts) amount = random.normal();
  return amounts;
}

// Moves the biases until no class is much rarer than the others on a fixed trial of samples.
void balance(Teacher& teacher, uint64_t seed) {
  const size_t classes = teacher.bias.size();
  RandomStream random(seed, operation("synthetic.balance"), 0, 0);
  std::vector<std::vector<double>> trial;
  for (size_t i = 0; i < 40 * classes; ++i) trial.push_back(teacher.scores(draw_amounts(random)));
  for (int round = 0; round < 30; ++round) {
    std::vector<double> count(classes, 0.0);
    for (std::vector<double> scores : trial) {
      for (size_t c = 0; c < classes; ++c) scores[c] += teacher.bias[c];
      ++count[best_class(scores)];
    }
    for (size_t c = 0; c < classes; ++c) teacher.bias[c] -= 0.3 * std::log((count[c] + 1) / 41.0);
  }
}

Teacher make_teacher(const SyntheticParams& p) {
  const auto seed = static_cast<uint64_t>(p.data_seed);
  Teacher teacher;
  RandomStream random(seed, operation("synthetic.teacher"), 0, 0);
  for (int64_t plane = 0; plane < kPatterns * p.channels; ++plane) {
    // Two waves with at most two periods over the image.
    const double across = random.uniform(-2, 2), down = random.uniform(-2, 2), phase = random.uniform(),
                 amplitude = random.uniform(0.5, 1.5);
    for (int64_t y = 0; y < p.side; ++y) {
      for (int64_t x = 0; x < p.side; ++x) {
        const double turn =
            (across * static_cast<double>(x) + down * static_cast<double>(y)) / static_cast<double>(p.side) + phase;
        teacher.patterns.push_back(amplitude * std::cos(2 * std::numbers::pi * turn));
      }
    }
  }
  for (auto& row : teacher.first) {
    for (double& weight : row) weight = random.normal();
  }
  teacher.second.resize(static_cast<size_t>(p.classes));
  for (auto& row : teacher.second) {
    for (double& weight : row) weight = random.normal();
  }
  teacher.bias.assign(static_cast<size_t>(p.classes), 0.0);
  balance(teacher, seed);
  return teacher;
}

}  // namespace

Dataset synthetic_data(const SyntheticParams& p, Split split) {
  const auto seed = static_cast<uint64_t>(p.data_seed);
  const int64_t count = split == Split::kTrain ? p.samples : p.test_samples;
  const int64_t pixels = p.channels * p.side * p.side;
  const Teacher teacher = make_teacher(p);
  at::Tensor images = at::empty({count, p.channels, p.side, p.side}, at::kByte), labels = at::empty({count}, at::kLong);
  auto* bytes = images.mutable_data_ptr<uint8_t>();
  auto* label = labels.mutable_data_ptr<int64_t>();
  at::parallel_for(0, count, kSampleGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      RandomStream random(seed, operation("synthetic.sample"), static_cast<uint64_t>(split), static_cast<uint64_t>(i));
      const Amounts amounts = draw_amounts(random);
      label[i] = static_cast<int64_t>(best_class(teacher.scores(amounts)));
      if (random.uniform() < p.noise) label[i] = static_cast<int64_t>(random.below(static_cast<uint64_t>(p.classes)));
      for (int64_t pixel = 0; pixel < pixels; ++pixel) {
        double value = kGrey + random.uniform(-kGrainNoise, kGrainNoise);
        for (int64_t k = 0; k < kPatterns; ++k)
          value +=
              kContrast * amounts[static_cast<size_t>(k)] * teacher.patterns[static_cast<size_t>(k * pixels + pixel)];
        bytes[i * pixels + pixel] = static_cast<uint8_t>(std::lround(std::clamp(value, 0.0, 255.0)));
      }
    }
  });
  return {"synthetic", split, images, labels, p.classes};
}

}  // namespace hasten
