// What is diagnosed: a training pipeline that can run its steps with one thing changed.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hasten/diagnose/experiment.h"

namespace hasten::diagnose {

// The work of a step, in the order in which data passes through.
enum class Part : uint8_t { kFetch, kDecode, kAugment, kAssemble, kTransform, kTransfer, kCompute, kReduce };
constexpr size_t kParts = 8;
constexpr std::array<std::string_view, kParts> choices(Part) {
  return {"fetch", "decode", "augment", "assemble", "transform", "transfer", "compute", "reduce"};
}
using PartSeconds = std::array<double, kParts>;

struct Facts {
  std::string subject;  // the recipe's name
  std::string device;   // "cpu", "NVIDIA H100"
  bool device_is_host = true;  // training and loader share processors
  int64_t cores = 1, workers = 0, training_threads = 1, processes = 1;
  int64_t batch = 1;
  // Parts that run beside each other are in different chains; within one they take turns. A part that is in none is not
  // there.
  std::vector<std::vector<Part>> chains;
  double nominal_mhz = 0;  // 0: unknown, and a lower clock goes unnoticed
};

// Steps that were timed together, with one wait for the device at each end.
struct Window {
  int64_t steps = 0;
  double seconds = 0;
  // What the parts were busy, a step, if each had one worker's time; of the loader's threads in R0 and R3. NaN: unknown.
  std::optional<PartSeconds> busy_s;
  double skew_s = 0;  // a step: how much later the last process came than the first
};

// What one operator costs a step.
struct OperatorCost {
  std::string name;
  double seconds = 0, flops = 0, bytes = 0;  // bytes and FLOPs 0: unknown
};
struct OperatorProfile {
  std::vector<OperatorCost> operators;
  double peak_flops_per_s = 0, peak_bytes_per_s = 0;  // measured on this machine
};

struct Trial {
  Experiment experiment = Experiment::kFull;
  double delay_s = 0;  // a step; of R14
};

constexpr double kInMemory = 0.99;  // share of pages at which files count as lying in memory

class Subject {
 public:
  virtual ~Subject() = default;
  virtual const Facts& facts() const = 0;
  // Why this experiment cannot be made here; empty if it can.
  virtual std::string cannot(Experiment experiment) = 0;
  // Runs steps for about `seconds` (at least one), after as many as it takes to be in a steady state, and leaves nothing
  // running. Throws what the recipe throws.
  virtual Window run(const Trial& trial, double seconds) = 0;
  virtual std::optional<OperatorProfile> profile() { return std::nullopt; }
  // The share of the data's files that lies in memory now; nothing where samples are not read from files.
  virtual std::optional<double> resident_share() { return std::nullopt; }
};

}  // namespace hasten::diagnose
