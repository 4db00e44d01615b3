// A module that was scripted in Python, as a model: it trains with every method that acts on seams and events.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "hasten/nn/model.h"
#include "hasten/nn/own_model.h"
#include "hasten/spec/dataset.h"

namespace hasten {

class ScriptModel final : public Model {
 public:
  // `bytes`: what torch.jit.save writes; `path` for errors. Parameters start as they are in the file. Throws DataError
  // if it is no such module, ConfigError for a module that cannot be trained here.
  ScriptModel(const std::string& bytes, const std::filesystem::path& path, at::Device device = at::kCPU);
  ~ScriptModel() override;
  at::Tensor forward(const at::Tensor& inputs) override;
  // Like ModuleModel: buffers are put back after kKeep, and for kAverage they move as in training.
  void set_mode(const PassMode& mode) override;
  // The module with its values of now, as torch.jit.load reads it.
  std::string file() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::vector<at::Tensor> kept_;
};

// The model of a recipe of the family torchscript. Passes in both modes on a copy show that it takes what the data
// has and gives one logit a class.
OwnModel script_model(const std::filesystem::path& path, const DatasetInfo& data);

}  // namespace hasten
