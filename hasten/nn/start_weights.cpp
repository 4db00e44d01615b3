// Start values from a file.
#include "hasten/nn/start_weights.h"

#include <c10/core/GradMode.h>

#include <algorithm>
#include <set>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/nn/stored_tensor.h"
#include "hasten/spec/parameter_plan.h"

namespace hasten {
namespace {

bool is_skipped(const StartSettings& settings, const std::string& name) {
  return std::any_of(settings.init_skip.begin(), settings.init_skip.end(),
                     [&](const std::string& pattern) { return glob_match(pattern, name); });
}

void check_patterns(const StartSettings& settings, const std::vector<NamedTensor>& tensors) {
  for (const std::string& pattern : settings.init_skip) {
    const bool fits = std::any_of(tensors.begin(), tensors.end(),
                                  [&](const NamedTensor& entry) { return glob_match(pattern, entry.name); });
    if (fits) continue;
    std::vector<std::string> names;
    for (const NamedTensor& entry : tensors) names.push_back(entry.name);
    throw ConfigError("model.init_skip", "patterns that fit some name of the model", "'" + pattern + "'",
                      "there are: " + join(names, ", "));
  }
}

[[noreturn]] void refuse_stranger(const SafetensorsFile& file, const std::vector<NamedTensor>& tensors) {
  const std::string first = file.tensors().empty() ? "" : file.tensors().begin()->first;
  throw ConfigError("model.init", "tensors with the model's names, such as " + tensors.front().name,
                    first.empty() ? "none in " + file.path().string() : "none; the file has " + first,
                    file.metadata_or("format", "") == "hasten-checkpoint"
                        ? "this is a checkpoint: 'hasten export RUN' writes its weights under these names"
                        : "'hasten export RUN' writes a model's weights under its names");
}

}  // namespace

StartReport load_start(const SafetensorsFile& file, const StartSettings& settings, Model& model) {
  const std::vector<NamedTensor> tensors = model.tensors();
  check_patterns(settings, tensors);
  StartReport report;
  std::vector<std::pair<at::Tensor, at::Tensor>> moves;
  std::vector<std::string> misfits;
  std::set<std::string> known;
  for (const NamedTensor& entry : tensors) {
    known.insert(entry.name);
    if (is_skipped(settings, entry.name)) {
      report.skipped.push_back(entry.name);
      continue;
    }
    const StoredTensor* stored = file.find(entry.name);
    if (stored == nullptr) {
      report.missing.push_back(entry.name);
      continue;
    }
    at::Tensor value = load(file, entry.name, *stored);
    const bool alike =
        value.is_floating_point() ? entry.value.is_floating_point() : value.scalar_type() == entry.value.scalar_type();
    if (value.sizes() != entry.value.sizes() || !alike) {
      misfits.push_back(cat(entry.name, " of ", stored->type, " ", to_string(stored->shape), ", in the model ",
                            entry.value.scalar_type(), " ", to_string(entry.value.sizes().vec())));
      continue;
    }
    report.loaded.push_back(entry.name);
    moves.emplace_back(entry.value.detach(), std::move(value));
  }
  for (const auto& [name, unused] : file.tensors()) {
    if (!known.contains(name)) report.unexpected.push_back(name);
  }
  if (report.skipped.size() == tensors.size()) {
    throw ConfigError("model.init_skip", "patterns that leave something to start from", "all names of the model",
                      "leave model.init out to start from new values");
  }
  if (moves.empty() && misfits.empty()) refuse_stranger(file, tensors);
  if (!misfits.empty()) {
    throw ConfigError("model.init", "tensors of the model's shapes and kinds",
                      misfits.front() + (misfits.size() > 1 ? cat(" (and ", misfits.size() - 1, " more)") : ""),
                      "a part that is meant to be new is named by a pattern: model.init_skip = [\"head.*\"]");
  }
  c10::NoGradGuard no_grad;
  for (auto& [place, value] : moves) place.copy_(value);
  return report;
}

}  // namespace hasten
