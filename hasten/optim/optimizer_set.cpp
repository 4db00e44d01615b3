// All optimizers of a run with their groups.
#include <c10/core/GradMode.h>

#include "hasten/base/error.h"
#include "hasten/optim/optimizer.h"

namespace hasten {
namespace {

std::unique_ptr<Optimizer> make_optimizer(const OptimizerChoice& choice) {
  const std::string& name = choice.spec->name;
  if (name == "sgd") return make_sgd(choice.params.as<SgdParams>());
  if (name == "adamw") return make_adamw(choice.params.as<AdamWParams>());
  if (name == "muon") return make_muon(choice.params.as<MuonParams>());
  throw InternalError("no optimizer is built for " + name);
}

}  // namespace

OptimizerSet::OptimizerSet(const Plan& plan, const std::function<at::Tensor(std::string_view)>& find) {
  for (const OptimizerChoice& choice : plan.run.optimizers) members_.push_back({make_optimizer(choice), {}});
  const RunLength length = plan.run.length();
  for (ParameterGroup& planned : parameter_groups(plan)) {
    UpdateGroup group;
    group.names = planned.parameters;
    for (const std::string& name : planned.parameters) group.parameters.push_back(find(name));
    group.peak_lr = planned.lr;
    group.weight_decay = planned.weight_decay;
    group.lr_schedule = planned.lr_schedule;
    group.lr_schedule.resolve(length, "schedule.lr");
    Member& member = members_[planned.optimizer];
    member.optimizer->prepare(group);
    member.groups.push_back(std::move(group));
  }
  schedule(0);
}

OptimizerSet::~OptimizerSet() = default;

void OptimizerSet::schedule(double fraction) {
  for (Member& member : members_) {
    for (UpdateGroup& group : member.groups) group.lr = group.peak_lr * group.lr_schedule.at(fraction);
  }
}

void OptimizerSet::update() {
  c10::NoGradGuard no_grad;
  for (Member& member : members_) {
    for (UpdateGroup& group : member.groups) {
      group.gradients.clear();
      for (const at::Tensor& parameter : group.parameters) {
        const at::Tensor& gradient = parameter.grad();
        HASTEN_CHECK(gradient.defined(), "a trained parameter has no gradient: " + group.names[group.gradients.size()]);
        group.gradients.push_back(gradient);
      }
      member.optimizer->update(group);
    }
  }
}

double OptimizerSet::lr() const { return members_.front().groups.front().lr; }

double* OptimizerSet::scheduled(std::string_view path) {
  size_t dot = path.find('.');
  std::string_view owner = path.substr(0, dot);
  if (dot == std::string_view::npos || (owner != "optimizer" && owner != "auxiliary")) return nullptr;
  size_t index = owner == "optimizer" ? 0 : 1;
  return index < members_.size() ? members_[index].optimizer->scheduled(path.substr(dot + 1)) : nullptr;
}

void OptimizerSet::state(StateVisitor& visitor) {
  for (size_t m = 0; m < members_.size(); ++m) {
    StateVisitor::Scope member_scope(visitor, m == 0 ? "main" : "auxiliary");
    std::vector<std::string> slot_names = members_[m].optimizer->slot_names();
    for (UpdateGroup& group : members_[m].groups) {
      for (size_t s = 0; s < group.slots.size(); ++s) {
        StateVisitor::Scope slot_scope(visitor, slot_names[s]);
        for (size_t p = 0; p < group.names.size(); ++p) visitor.tensor(group.names[p], group.slots[s][p]);
      }
    }
  }
}

}  // namespace hasten
