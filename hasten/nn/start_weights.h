// Parameters and buffers that start from a file, by name.
#pragma once

#include <string>
#include <vector>

#include "hasten/base/safetensors.h"
#include "hasten/nn/model.h"
#include "hasten/spec/start_settings.h"

namespace hasten {

// Names of tensors, and what became of them.
struct StartReport {
  std::vector<std::string> loaded;
  std::vector<std::string> missing;     // only in the model
  std::vector<std::string> unexpected;  // only in the file
  std::vector<std::string> skipped;     // left alone, as the recipe says
};

// Floats of any precision go into floats, whole numbers into whole numbers of the same type. Throws ConfigError, before
// anything is changed, if no name matches, if a shape or kind differs in a name that is not skipped, or if a pattern of
// `init_skip` fits no name of the model.
StartReport load_start(const SafetensorsFile& file, const StartSettings& settings, Model& model);

}  // namespace hasten
