// The taxonomy of Bartoldson, Kailkhura and Blalock (JMLR 2023): which building block of a training program a method
// changes (component), and what it does to it (verb).
#pragma once

#include <array>
#include <string_view>

#include "hasten/spec/choices.h"

namespace hasten {

enum class Component { kParameters, kArchitecture, kDerivatives, kTrainingData, kDerivedData, kObjective, kAlgorithm };
enum class Verb { kRemove, kRestrict, kReorder, kReplace, kRetrofit };

// Cost = number of iterations x cost per iteration. What a method makes smaller, or may make larger.
enum class Factor { kNone, kIterations, kIterationCost, kBoth };

constexpr std::array<std::string_view, 7> choices(Component) {
  return {"parameters", "architecture", "derivatives", "training_data", "derived_data", "objective", "algorithm"};
}
constexpr std::array<std::string_view, 5> choices(Verb) {
  return {"remove", "restrict", "reorder", "replace", "retrofit"};
}
constexpr std::array<std::string_view, 4> choices(Factor) {
  return {"nothing", "iterations", "cost per iteration", "iterations and cost per iteration"};
}

// Where the time of a step goes; what a method relieves or makes worse.
enum class Bottleneck {
  kStorage,
  kDecode,
  kAugment,
  kTransfer,
  kCompute,
  kMemoryBandwidth,
  kHost,
  kCommunication,
  kMemory
};
constexpr std::array<std::string_view, 9> choices(Bottleneck) {
  return {"storage", "decode", "augment", "transfer", "compute", "memory_bandwidth", "host", "communication", "memory"};
}

}  // namespace hasten
