// Update rules on groups of parameters.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hasten/core/engine.h"
#include "hasten/spec/plan.h"

namespace hasten {

// Parameters with one learning rate and decay. Slots (momentum and the like) lie beside them, one list per slot.
struct UpdateGroup {
  std::vector<std::string> names;
  std::vector<at::Tensor> parameters;
  std::vector<at::Tensor> gradients;            // filled before each update; parameters without one are left out
  std::vector<std::vector<at::Tensor>> slots;
  double peak_lr = 0, lr = 0, weight_decay = 0;
  at::Tensor rate;  // lr as a scalar on the device, where updates are replayed; else undefined
  Schedule lr_schedule;
};

// Decoupled decay: w <- (1 - lr decay) w.
void decay(UpdateGroup& group);

// What an update is about to do: w <- w - lr (direction + decay), one tensor a parameter.
struct Update {
  UpdateGroup& group;
  std::vector<at::Tensor> direction;
  std::vector<at::Tensor> decay;  // decoupled weight decay; empty when there is none
};

// The seam for methods between direction and application.
class UpdateTransform {
 public:
  static constexpr Seam kSeam = Seam::kUpdateTransform;
  virtual ~UpdateTransform() = default;
  virtual void transform(Update& update, const State& state) = 0;
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  virtual std::vector<std::string> slot_names() const = 0;
  virtual void prepare(UpdateGroup& group) = 0;  // makes the slots, zero
  // One update from group.gradients, which are defined for every parameter, by the fastest kernel there is.
  virtual void update(UpdateGroup& group) = 0;
  // The same update in two steps, for whoever listens in between: moves the slots and returns the direction, with
  // decay that is coupled to the gradient but without decoupled decay.
  virtual std::vector<at::Tensor> direction(UpdateGroup& group) = 0;
  // Whether group.weight_decay is decoupled from the direction.
  virtual bool decoupled() const { return true; }
  virtual double* scheduled(std::string_view setting) = 0;
};

// All optimizers of a run with their groups.
class OptimizerSet {
 public:
  // `find` gives the model's parameter of a name.
  OptimizerSet(const Plan& plan, const std::function<at::Tensor(std::string_view)>& find);
  ~OptimizerSet();
  OptimizerSet(OptimizerSet&&) noexcept;
  OptimizerSet& operator=(OptimizerSet&&) noexcept;

  // Sets every learning rate for a run that has consumed this share of its budget.
  void schedule(double fraction);
  // Updates all parameters; with methods on the seam, in two steps.
  void update(Engine& engine, const State& state);
  // From now on updates read the learning rate from the device, where write_rates() puts it: a replayed update sees it.
  void keep_rates_on_device();
  void write_rates();
  // Takes the slots over from the optimizers of the plan before a change.
  void carry(const PlanChange& change, const OptimizerSet& before);
  // Calls `visit` for every group; for methods that look at slots, rates or gradients.
  void each_group(const std::function<void(const Optimizer&, UpdateGroup&)>& visit);
  double lr() const;  // of the first group of the main optimizer; what records show
  // "optimizer.momentum", "auxiliary.momentum" -> the number, or nullptr.
  double* scheduled(std::string_view path);
  void state(StateVisitor& visitor);

 private:
  struct Member {
    std::unique_ptr<Optimizer> optimizer;
    std::vector<UpdateGroup> groups;
  };
  std::vector<Member> members_;
};

std::unique_ptr<Optimizer> make_sgd(const SgdParams& params);
std::unique_ptr<Optimizer> make_adamw(const AdamWParams& params);
std::unique_ptr<Optimizer> make_muon(const MuonParams& params);

}  // namespace hasten
