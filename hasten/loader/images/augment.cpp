// Draws happen here, in an order that is part of the result: a change of it changes every run.
#include "hasten/loader/images/augment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "hasten/base/error.h"
#include "hasten/base/rng.h"
#include "hasten/base/text.h"
#include "hasten/loader/images/policy.h"

namespace hasten {
namespace {

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;  // clang before 17 wants it

bool happens(double chance, RandomStream& random) { return random.uniform() < chance; }

int random_below(int n, RandomStream& random) { return static_cast<int>(random.below(static_cast<uint64_t>(n))); }

void apply(const ColourJitter& jitter, const Pixels& image, RandomStream& random, ColourScratch&) {
  if (!happens(jitter.chance, random)) return;
  std::array<int, 4> order{0, 1, 2, 3};
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  const auto factor = [&](double reach) { return random.uniform(std::max(0.0, 1 - reach), 1 + reach); };
  const double brightness = factor(jitter.brightness), contrast = factor(jitter.contrast);
  const double saturation = factor(jitter.saturation), hue = random.uniform(-jitter.hue, jitter.hue);
  for (int which : order) {
    if (which == 0 && jitter.brightness > 0) adjust_brightness(image, brightness);
    if (which == 1 && jitter.contrast > 0) adjust_contrast(image, contrast);
    if (which == 2 && jitter.saturation > 0) adjust_saturation(image, saturation);
    if (which == 3 && jitter.hue > 0) adjust_hue(image, hue);
  }
}

double signed_strength(PolicyOperation operation, double value, RandomStream& random) {
  return is_signed(operation) && random.below(2) == 1 ? -value : value;
}

void apply(const RandAugment& step, const Pixels& image, RandomStream& random, ColourScratch& scratch) {
  const auto operations = operations_of(Policy::kRandAugment);
  for (int i = 0; i < step.operations; ++i) {
    const PolicyOperation operation = operations[random.below(operations.size())];
    const double value =
        strength(Policy::kRandAugment, operation, step.magnitude, step.bins, image.width, image.height);
    apply_operation(operation, signed_strength(operation, value, random), image, scratch.copy);
  }
}

void apply(const TrivialAugment& step, const Pixels& image, RandomStream& random, ColourScratch& scratch) {
  const auto operations = operations_of(Policy::kTrivialAugment);
  const PolicyOperation operation = operations[random.below(operations.size())];
  const int level = random_below(step.bins, random);
  const double value = strength(Policy::kTrivialAugment, operation, level, step.bins, image.width, image.height);
  apply_operation(operation, signed_strength(operation, value, random), image, scratch.copy);
}

void apply(const AugMix& step, const Pixels& image, RandomStream& random, ColourScratch& scratch) {
  constexpr int kLevels = 10;
  const auto operations = operations_of(Policy::kAugMix, step.all_operations);
  const double mixed = random.beta(step.alpha, step.alpha);  // share of the chains; the rest is the image itself
  std::vector<double> shares(static_cast<size_t>(step.width));  // of the chains: Dirichlet
  double sum = 0;
  for (double& share : shares) sum += share = random.gamma(step.alpha);
  scratch.mixture.resize(image.size());
  for (size_t i = 0; i < image.size(); ++i)
    scratch.mixture[i] = static_cast<float>(1 - mixed) * static_cast<float>(image.bytes[i]);
  for (const double share : shares) {
    scratch.chain.assign(image.bytes, image.bytes + image.size());
    const Pixels chain{scratch.chain.data(), image.width, image.height, image.channels};
    const int depth = step.depth > 0 ? step.depth : 1 + random_below(3, random);
    for (int i = 0; i < depth; ++i) {
      const PolicyOperation operation = operations[random.below(operations.size())];
      const double value =
          strength(Policy::kAugMix, operation, random_below(step.severity, random), kLevels, image.width, image.height);
      apply_operation(operation, signed_strength(operation, value, random), chain, scratch.copy);
    }
    const auto weight = static_cast<float>(mixed * (sum > 0 ? share / sum : 1.0 / static_cast<double>(shares.size())));
    for (size_t i = 0; i < image.size(); ++i) scratch.mixture[i] += weight * static_cast<float>(scratch.chain[i]);
  }
  for (size_t i = 0; i < image.size(); ++i)
    image.bytes[i] = static_cast<uint8_t>(std::clamp(scratch.mixture[i] + 1e-3f, 0.0f, 255.0f));
}

}  // namespace

std::string_view name_of(const ColourStep& step) {
  constexpr std::array<std::string_view, std::variant_size_v<ColourStep>> kNames{"colour_jitter", "rand_augment",
                                                                                 "trivial_augment", "augmix"};
  return kNames[step.index()];
}

void check_step(const ColourStep& step, const std::string& where) {
  const auto must = [&](bool holds, const char* field, const char* expected, double got) {
    if (!holds) throw ConfigError(cat(where, ".", name_of(step), ".", field), expected, number(got));
  };
  std::visit(Overloaded{[&](const ColourJitter& it) {
                          must(it.brightness >= 0, "brightness", "0 or more", it.brightness);
                          must(it.contrast >= 0, "contrast", "0 or more", it.contrast);
                          must(it.saturation >= 0, "saturation", "0 or more", it.saturation);
                          must(it.hue >= 0 && it.hue <= 0.5, "hue", "0 to 0.5", it.hue);
                          must(it.chance >= 0 && it.chance <= 1, "chance", "0 to 1", it.chance);
                        },
                        [&](const RandAugment& it) {
                          must(it.operations >= 0, "operations", "0 or more", it.operations);
                          must(it.bins >= 2, "bins", "2 or more", it.bins);
                          must(it.magnitude >= 0 && it.magnitude < it.bins, "magnitude", "0 to bins - 1", it.magnitude);
                        },
                        [&](const TrivialAugment& it) { must(it.bins >= 2, "bins", "2 or more", it.bins); },
                        [&](const AugMix& it) {
                          must(it.severity >= 1 && it.severity <= 10, "severity", "1 to 10", it.severity);
                          must(it.width >= 1, "width", "1 or more", it.width);
                          must(it.depth >= 0, "depth", "0 (random) or more", it.depth);
                          must(it.alpha > 0, "alpha", "more than 0", it.alpha);
                        }},
             step);
}

void apply_steps(const std::vector<ColourStep>& steps, const Pixels& image, const SampleKey& key,
                 ColourScratch& scratch) {
  for (size_t i = 0; i < steps.size(); ++i) {
    uint64_t before = 0;  // of its kind
    for (size_t k = 0; k < i; ++k) before += steps[k].index() == steps[i].index();
    RandomStream random(before == 0 ? key.seed : mix(key.seed, before),
                        mix(operation("data.colour"), operation(name_of(steps[i]))), key.epoch,
                        static_cast<uint64_t>(key.sample));
    std::visit([&](const auto& step) { apply(step, image, random, scratch); }, steps[i]);
  }
}

}  // namespace hasten
