// Update rules on groups of parameters.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hasten/core/state_visitor.h"
#include "hasten/spec/plan.h"

namespace hasten {

// Parameters with one learning rate and decay. Slots (momentum and the like) lie beside them, one list per slot.
struct UpdateGroup {
  std::vector<std::string> names;
  std::vector<at::Tensor> parameters;
  std::vector<at::Tensor> gradients;            // filled before each update; parameters without one are left out
  std::vector<std::vector<at::Tensor>> slots;
  double peak_lr = 0, lr = 0, weight_decay = 0;
  Schedule lr_schedule;
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  virtual std::vector<std::string> slot_names() const = 0;
  virtual void prepare(UpdateGroup& group) = 0;  // makes the slots, zero
  // One update from group.gradients, which are defined for every parameter.
  virtual void update(UpdateGroup& group) = 0;
  virtual double* scheduled(std::string_view setting) = 0;
};

// All optimizers of a run with their groups.
class OptimizerSet {
 public:
  // `find` gives the model's parameter of a name.
  OptimizerSet(const Plan& plan, const std::function<at::Tensor(std::string_view)>& find);
  ~OptimizerSet();

  // Sets every learning rate for a run that has consumed this share of its budget.
  void schedule(double fraction);
  // Updates all parameters that have a gradient.
  void update();
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

// The nearest semi-orthogonal matrix to a scaled copy of `matrix` [rows, columns], approximately, by `iterations`
// quintic Newton-Schulz steps in bf16 (Jordan et al. 2024). Singular values end in about [0.7, 1.2].
at::Tensor orthogonalised(const at::Tensor& matrix, int64_t iterations);

}  // namespace hasten
