// The small runs that conformance checks compare.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hasten/base/json_fwd.h"
#include "hasten/core/registry.h"
#include "hasten/evaluate/record.h"
#include "hasten/train/trainer.h"

namespace hasten {

// What a run left to compare.
struct RunOutcome {
  evaluate::Status status = evaluate::Status::kUnknown;
  bool finite = false;                            // parameters and buffers, and the last loss
  std::string plan;                               // as text
  std::map<std::string, std::string> state;       // hashes of all that a resumed run needs
  std::map<std::string, std::string> weights;     // hashes of parameters, buffers and slots alone
  std::vector<NamedTensor> tensors;               // parameters and buffers, on the CPU
  std::vector<std::string> batches;               // hash of every batch as it was trained on
  std::vector<std::vector<NamedTensor>> gradients;  // of the first steps, before anything changes them
  std::vector<std::string> evaluations;           // qualities with the label of their weights
  std::vector<double> qualities;                  // the losses alone
  double first_loss = 0, flops = 0, estimated_flops = 0;
  bool estimate_by_chance = false;
  int64_t interrupted_at = 0;
  Effects effects = kNoEffect;                    // seen by a probe
  std::string effect_site;
};

class ConformanceRunner {
 public:
  // An observer is added to the methods; it sees batches and gradients.
  ConformanceRunner(std::vector<MethodEntry> methods, std::filesystem::path scratch, at::Device device = at::kCPU);

  const Registry& registry() const { return registry_; }
  Plan plan(const Json& recipe, bool allow_inert = false) const;
  RunOutcome run(const Json& recipe, bool allow_inert = false);
  // Stopped after so many evaluations, then resumed to its end.
  RunOutcome run_interrupted(const Json& recipe, int64_t evaluations);
  // Effects of one method's calls, in seen effects.
  RunOutcome run_probed(const Json& recipe, const std::string& method);

 private:
  TrainOptions options();
  Recipe read(const Json& recipe) const;
  Registry registry_;
  std::filesystem::path scratch_;
  at::Device device_;
  int64_t count_ = 0;
};

// The first names that differ, or an empty text.
std::string difference(const std::map<std::string, std::string>& a, const std::map<std::string, std::string>& b);
// The largest |a - b| over all tensors, relative to the largest norm of a tensor of a; infinite if names or shapes differ.
double largest_difference(const std::vector<NamedTensor>& a, const std::vector<NamedTensor>& b);

}  // namespace hasten
