// Helper: recipes whose steps are looked at, without methods or with one that is told what to do.
#pragma once

#include <c10/util/Exception.h>

#include <filesystem>
#include <memory>

#include "hasten/base/error.h"
#include "hasten/core/registry.h"
#include "hasten/spec/recipe_edit.h"
#include "hasten/train/test_run.h"

namespace hasten::testing {

inline const Registry& no_methods() {
  static const Registry registry{std::vector<MethodEntry>{}};
  return registry;
}

inline Recipe recipe_of(const Json& document) { return recipe_from_json(document, no_methods().catalogue()); }

inline Json streamed_recipe(const std::filesystem::path& folder) {
  Json recipe = small_recipe();
  recipe["workload"] = {{"dataset", "images"}, {"metric", "test/accuracy"}};
  recipe["data"] = {{"path", folder.string()}, {"flip", "random"}};
  recipe["loader"] = {{"residence", "stream"}, {"workers", 2}, {"augment", "sample"}};
  recipe["batch"] = {{"size", 8}};
  return recipe;
}

// Counts steps, or fails in them as it is told.
struct ProbeParams {
  static constexpr auto schema() { return std::tuple{}; }
};
class Probe final : public MethodOf<ProbeParams> {
 public:
  using MethodOf::MethodOf;
  void on(Event, State&) override {
    ++steps;
    if (fails) throw ConfigError("fails", "a method that works", "this one");
    TORCH_CHECK(!fails_below, "no kernel for this");
  }
  void state(StateVisitor&) override {}
  static inline int64_t steps = 0;
  static inline bool fails = false, fails_below = false;
};

inline const Registry& probing() {
  static const MethodSpec spec{.name = "probe",
                               .summary = "test",
                               .component = Component::kAlgorithm,
                               .verbs = {Verb::kRetrofit},
                               .uses = {{Event::kBeforeUpdate, Phase::kObserve}},
                               .params = describe<ProbeParams>()};
  static const Registry registry{std::vector<MethodEntry>{
      {spec, +[](const ProbeParams& params) -> std::unique_ptr<Method> { return std::make_unique<Probe>(params); }}}};
  return registry;
}

inline Recipe probed_recipe(const RecipeEdits& edits = {}) {
  Json document = small_recipe();
  document["method"] = {{{"name", "probe"}}};
  apply_edits(document, edits);
  return recipe_from_json(document, probing().catalogue());
}

}  // namespace hasten::testing
