// All optimizers of a run with their groups.
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/full.h>
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

// The part of a group that took part in the step: a branch that was left out has no gradient, and neither its weights
// nor its slots move.
UpdateGroup with_gradients(const UpdateGroup& group) {
  UpdateGroup part = group;
  part.names.clear();
  part.parameters.clear();
  part.gradients.clear();
  for (auto& slot : part.slots) slot.clear();
  for (size_t i = 0; i < group.parameters.size(); ++i) {
    if (!group.gradients[i].defined()) continue;
    part.names.push_back(group.names[i]);
    part.parameters.push_back(group.parameters[i]);
    part.gradients.push_back(group.gradients[i]);
    for (size_t s = 0; s < group.slots.size(); ++s) part.slots[s].push_back(group.slots[s][i]);
  }
  return part;
}

void apply_in_steps(Optimizer& optimizer, UpdateGroup& group, Engine& engine, const State& state) {
  Update update{group, optimizer.direction(group), {}};
  if (optimizer.decoupled() && group.weight_decay > 0) {
    update.decay = at::_foreach_mul(group.parameters, group.weight_decay);
  }
  engine.each<UpdateTransform>(state, [&](UpdateTransform& part) { part.transform(update, state); });
  if (!update.decay.empty()) at::_foreach_add_(update.direction, update.decay);
  at::_foreach_add_(group.parameters, update.direction, -group.lr);
}

}  // namespace

void decay(UpdateGroup& group) {
  if (group.rate.defined()) at::_foreach_mul_(group.parameters, group.rate.mul(-group.weight_decay).add(1));
  else at::_foreach_mul_(group.parameters, 1 - group.lr * group.weight_decay);
}

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
OptimizerSet::OptimizerSet(OptimizerSet&&) noexcept = default;
OptimizerSet& OptimizerSet::operator=(OptimizerSet&&) noexcept = default;

void OptimizerSet::schedule(double fraction) {
  for (Member& member : members_) {
    for (UpdateGroup& group : member.groups) group.lr = group.peak_lr * group.lr_schedule.at(fraction);
  }
}

void OptimizerSet::keep_rates_on_device() {
  for (Member& member : members_) {
    for (UpdateGroup& group : member.groups) {
      if (!group.parameters.empty())
        group.rate = at::full({}, group.lr, group.parameters.front().options().dtype(at::kFloat));
    }
  }
}

void OptimizerSet::write_rates() {
  c10::NoGradGuard no_grad;
  for (Member& member : members_) {
    for (UpdateGroup& group : member.groups) {
      if (group.rate.defined()) group.rate.fill_(group.lr);
    }
  }
}

void OptimizerSet::update(Engine& engine, const State& state) {
  c10::NoGradGuard no_grad;
  for (Member& member : members_) {
    for (UpdateGroup& group : member.groups) {
      group.gradients.clear();
      bool all = true;
      for (const at::Tensor& parameter : group.parameters) {
        group.gradients.push_back(parameter.grad());
        all = all && parameter.grad().defined();
      }
      UpdateGroup some;
      if (!all) some = with_gradients(group);
      UpdateGroup& updated = all ? group : some;
      if (updated.parameters.empty()) continue;
      if (engine.has<UpdateTransform>()) apply_in_steps(*member.optimizer, updated, engine, state);
      else member.optimizer->update(updated);
    }
  }
}

void OptimizerSet::carry(const PlanChange& change, const OptimizerSet& before) {
  // A slot is found by optimizer, name of the slot and of the parameter: a change may move parameters between groups.
  for (size_t m = 0; m < members_.size() && m < before.members_.size(); ++m) {
    const size_t slots = members_[m].optimizer->slot_names().size();
    for (size_t s = 0; s < slots; ++s) {
      std::vector<NamedTensor> old;
      for (const UpdateGroup& group : before.members_[m].groups) {
        for (size_t p = 0; p < group.names.size(); ++p) old.push_back({group.names[p], group.slots[s][p]});
      }
      for (UpdateGroup& group : members_[m].groups) {
        for (size_t p = 0; p < group.names.size(); ++p) {
          at::Tensor& slot = group.slots[s][p];
          at::Tensor value = change.moved(group.names[p], old, group.parameters[p].dim());
          if (value.defined() && value.sizes() == slot.sizes()) slot.copy_(value);
        }
      }
    }
  }
}

void OptimizerSet::each_group(const std::function<void(const Optimizer&, UpdateGroup&)>& visit) {
  for (Member& member : members_) {
    for (UpdateGroup& group : member.groups) visit(*member.optimizer, group);
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
