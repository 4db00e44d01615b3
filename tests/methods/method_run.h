// Helpers: whole runs with methods, on a small recipe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hasten/methods/registry.h"
#include "hasten/spec/recipe_edit.h"
#include "hasten/train/test_run.h"

namespace hasten::testing {

inline const Registry& all_methods() {
  static const Registry registry(method_entries());
  return registry;
}

// small_recipe() with edits: with = {"sam(rho=0.1)"}, set = {"batch.microbatch=8"}.
inline Recipe edited_recipe(const RecipeEdits& edits) {
  Json document = small_recipe();
  apply_edits(document, edits);
  return recipe_from_json(document, all_methods().catalogue());
}

// One run in a directory of its own, from its beginning to its end.
class MethodRun {
 public:
  explicit MethodRun(const RecipeEdits& edits, TrainOptions options = {}) {
    options.out = directory_.path() / "run";
    if (options.seed == 0) options.seed = 3;
    trainer_ = std::make_unique<Trainer>(edited_recipe(edits), all_methods(), options);
  }
  TrainResult run() { return trainer_->run(); }
  Trainer& trainer() { return *trainer_; }
  std::filesystem::path directory() const { return directory_.path() / "run"; }

 private:
  TemporaryDirectory directory_;
  std::unique_ptr<Trainer> trainer_;
};

}  // namespace hasten::testing
