// The seam for methods that need other runs before this one: teachers, scores of samples. Their cost is charged.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hasten/core/state.h"
#include "hasten/spec/recipe.h"

namespace hasten {

// A run before the run. It trains in the folder prelude/<method>-<i> of the run's own directory, where a resumed run
// finds it again; or it exists already, in `directory`.
struct PreludeRun {
  std::string directory;  // of a finished run; then recipe and seed are read from there
  Recipe recipe;          // else: what is trained, from `seed`
  uint64_t seed = 0;
};

// The recipe without methods and what is scheduled of them, for a budget of its own (a share is one of the recipe's);
// evaluated and saved at its end only.
Recipe plain_recipe(const Recipe& recipe, const std::string& name_suffix, const Duration& budget);

class Prelude {
 public:
  static constexpr Seam kSeam = Seam::kPrelude;
  virtual ~Prelude() = default;
  // What has to be trained before `recipe`, which holds the method itself.
  virtual std::vector<PreludeRun> runs(const Recipe& recipe, uint64_t seed) const = 0;
  // Takes what it needs from one of them: its trained model (in evaluation mode), its plan, and the training data of
  // this run. Called once each, before anything else; what it keeps is part of the method's state.
  virtual void finished(size_t index, State& run) = 0;
};

}  // namespace hasten
