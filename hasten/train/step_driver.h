// The steps of a run one at a time, whole or in parts, on batches from anywhere: for experiments on what takes the time.
// Nothing is written, and nothing is learnt: learning rates are zero, which costs the same.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hasten/data/sampler.h"
#include "hasten/train/trainer.h"

namespace hasten {

class StepDriver {
 public:
  // Where batches come from: an order of their own and, where samples are streamed, a loader of their own.
  class Input {
   public:
    Input(const StepDriver& driver, Dataset data);
    const Dataset& data() const { return data_; }

   private:
    friend class StepDriver;
    Dataset data_;
    Sampler sampler_;
    bool begun_ = false;
  };

  // How much of a step.
  enum class Extent { kForward, kForwardBackward, kWhole };

  // Builds the run at its beginning. Methods with preludes are left out, see left_out(), since nothing is trained here.
  StepDriver(const Recipe& recipe, const Registry& registry, uint64_t seed, at::Device device,
             MakeStepGraph step_graphs = nullptr);
  ~StepDriver();
  // Goes to another share of the budget: schedules, and whatever methods do by then. Back only while no method has changed
  // the plan.
  void move_to(double fraction);
  const std::vector<std::string>& left_out() const { return left_out_; }

  const Plan& plan() const;
  const Recipe& recipe() const;
  const Dataset& train_data() const;
  State& state();

  // The size that the next batch has by the recipe and its methods.
  int64_t batch_size(Input& input);
  // The next batch of `size` as it is read, then with batch-wise transforms, then on the device.
  Batch draw(Input& input, int64_t size);
  void transform(Batch& batch);
  Batch move(const Batch& batch) const;
  // The next batch is read and dropped; with `wait` false only if it is there. False: it was not, or nothing reads ahead.
  bool pass(Input& input, int64_t size, bool wait);
  // Works on a batch of the device. `captured`: as a graph, where that can be done.
  void step(Batch& batch, Extent extent = Extent::kWhole, bool captured = true);
  // Steps are captured as graphs, or the reason why not.
  std::string why_not_captured() const;
  void set_compute(Compute compute);  // precision of the coming steps
  void synchronize() const;  // waits for the device

 private:
  std::unique_ptr<Trainer::Impl> parts_;  // a trainer that is never run
  std::vector<std::string> left_out_;
};

}  // namespace hasten
