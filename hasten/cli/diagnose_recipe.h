// The options of `hasten diagnose RECIPE`, which both programs know and only the one with LibTorch carries out.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "hasten/cli/recipe_edits.h"

namespace hasten::cli {

struct RecipeDiagnosis {
  std::string recipe, device, html, log;
  RecipeEdits edits;
  std::vector<std::string> attempts;
  std::string time = "60s";
  double at = 0;
  uint64_t seed = 0;
  int threads = 0;
  bool apply = false, cold = false, quiet = false;
};

// Carries it out, or hands it over to a program that can.
using DiagnoseRecipe = std::function<void(const RecipeDiagnosis&, Context&)>;

constexpr const char* kWithARecipe = "With a recipe";  // the group of its options

void add_diagnose(CLI::App& app, Context& context, const DiagnoseRecipe& diagnose_recipe);
void add_recipe_diagnosis(CLI::App& command, RecipeDiagnosis& options);

#ifdef HASTEN_WITH_TORCH
void diagnose_recipe(const RecipeDiagnosis& options, Context& context);
#endif

}  // namespace hasten::cli
