// The model of a recipe, wherever it comes from: made from a plan, or read from a file.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "hasten/core/registry.h"
#include "hasten/nn/method_seams.h"
#include "hasten/nn/own_model.h"

namespace hasten {

// The copy that a run keeps in its directory of the module that its recipe names.
constexpr const char* kModuleCopy = "model.pt";

// The model of a recipe of a family whose plan does not make it; nothing for others. The file is the copy in `run`, if
// there is one, else the recipe's.
std::optional<OwnModel> own_model_of(const Recipe& recipe, const std::filesystem::path& run = {});

// `own`: see own_model_of.
std::unique_ptr<Model> build_model(const ModelPlan& plan, uint64_t seed, const MethodSeams& seams,
                                   const std::optional<OwnModel>& own);

}  // namespace hasten
