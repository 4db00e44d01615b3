// Which changes of a recipe could make its steps shorter: methods of the catalogue by their own account of FLOPs, and
// settings of loader, precision, batch and threads.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "hasten/core/registry.h"
#include "hasten/diagnose/advice.h"
#include "hasten/loader/shards/format_choice.h"
#include "hasten/spec/recipe.h"

namespace hasten {

// The recipe with further edits. Throws ConfigError where they do not fit.
using EditRecipe = std::function<Recipe(const RecipeEdits&)>;

RecipeEdits edits_of(const diagnose::Candidate& candidate);

// A change as somebody writes it: "mixed_precision" or "colout(p=0.2)", "batch.size=256", "without augmix", "--threads 1".
// Of `known` if it is one of them; its effect is unknown otherwise. Throws ConfigError.
diagnose::Candidate candidate_of(const std::string& text, const std::vector<diagnose::Candidate>& known,
                                 const Catalogue& catalogue);

constexpr const char* kPack = "data pack";  // the candidate that wants a packed copy

// Of a data set whose samples do not lie in memory.
struct StreamedData {
  int64_t decoded_bytes = 0;  // of all samples as the loader delivers them; 0: they lie in memory
  std::optional<shards::FormatRates> packing;  // as packed_copy.h measures them, where that was worth the time
};

// Of changes that the recipe allows. The diagnosis tells what of a step's work grows with the model and what is the
// update's.
std::vector<diagnose::Candidate> candidates_for(const Recipe& recipe, const EditRecipe& edit, const Registry& registry,
                                                const diagnose::Diagnosis& diagnosis, const diagnose::Facts& facts,
                                                const StreamedData& data);

}  // namespace hasten
