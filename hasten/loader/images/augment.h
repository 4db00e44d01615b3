// Random changes of finished pixels: colour jitter and published policies.
#pragma once

#include <string_view>
#include <variant>
#include <vector>

#include "hasten/loader/images/colour.h"
#include "hasten/loader/sample_work.h"

namespace hasten {

// Factors uniform in [max(0, 1 - x), 1 + x], the turn of the hue in [-hue, hue]; in random order (torchvision's
// ColorJitter).
struct ColourJitter {
  double brightness = 0, contrast = 0, saturation = 0, hue = 0;
  double chance = 1;
};
// `operations` of 14, at one strength (Cubuk et al. 2019, arXiv:1909.13719).
struct RandAugment {
  int operations = 2;
  int magnitude = 9;  // 0 .. bins - 1
  int bins = 31;
};
// One operation at a random strength (Mueller and Hutter 2021, arXiv:2103.10158, "wide").
struct TrivialAugment {
  int bins = 31;
};
// A mixture of chains of operations (Hendrycks et al. 2019, arXiv:1912.02781).
struct AugMix {
  int severity = 3;  // 1 .. 10
  int width = 3;     // chains
  int depth = 0;     // operations of a chain; 0: 1 to 3 at random
  double alpha = 1;
  bool all_operations = true;  // false: without those that corruption benchmarks test
};
using ColourStep = std::variant<ColourJitter, RandAugment, TrivialAugment, AugMix>;
std::string_view name_of(const ColourStep& step);

// Throws ConfigError(where, ...) for a step that cannot be.
void check_step(const ColourStep& step, const std::string& where);

struct ColourScratch {
  std::vector<uint8_t> copy, chain;
  std::vector<float> mixture;
};

// One after the other, each with draws of its own: by its name and by how many of its kind come before it.
void apply_steps(const std::vector<ColourStep>& steps, const Pixels& image, const SampleKey& key,
                 ColourScratch& scratch);

}  // namespace hasten
