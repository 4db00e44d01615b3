// Carrying tensors from one plan to the next.
#include "hasten/core/plan_change.h"

#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>

#include <algorithm>

namespace hasten {

void visit_named(StateVisitor& visitor, std::string_view scope, std::vector<NamedTensor>& list) {
  StateVisitor::Scope within(visitor, scope);
  auto count = static_cast<int64_t>(list.size());
  visitor.integer("count", count);
  // One by one: a broken file ends at the first that is missing, whatever count it gives.
  if (count < static_cast<int64_t>(list.size())) list.resize(static_cast<size_t>(std::max<int64_t>(count, 0)));
  for (size_t i = 0; static_cast<int64_t>(i) < count; ++i) {
    if (i == list.size()) list.emplace_back();
    StateVisitor::Scope entry(visitor, std::to_string(i));
    visitor.text("name", list[i].name);
    visitor.tensor("value", list[i].value);
  }
}

std::vector<at::Tensor> values_of(const std::vector<NamedTensor>& list) {
  std::vector<at::Tensor> values;
  values.reserve(list.size());
  for (const NamedTensor& entry : list) values.push_back(entry.value);
  return values;
}

at::Tensor PlanChange::moved(const std::string& name, const std::vector<NamedTensor>& old, int64_t dimensions) const {
  auto move = moves.find(name);
  std::string from = move == moves.end() ? name : move->second.from;
  if (move == moves.end()) {
    const size_t dot = name.find('.');
    auto block = blocks.find(name.substr(0, dot));
    if (block != blocks.end() && dot != std::string::npos) from = block->second + name.substr(dot);
  }
  auto found = std::find_if(old.begin(), old.end(), [&](const NamedTensor& entry) { return entry.name == from; });
  if (found == old.end()) return {};
  at::Tensor value = found->value.detach();
  if (move == moves.end() || value.dim() != dimensions) return value.clone();
  for (const Selection& selection : move->second.selections) {
    value = value.index_select(selection.dimension, at::tensor(selection.kept, value.options().dtype(at::kLong)));
  }
  return value.clone();
}

std::vector<NamedTensor> carried(const PlanChange& change, const std::vector<NamedTensor>& old,
                                 const std::vector<NamedTensor>& fresh) {
  c10::NoGradGuard no_grad;
  std::vector<NamedTensor> out;
  for (const NamedTensor& entry : fresh) {
    at::Tensor value = change.moved(entry.name, old, entry.value.dim());
    bool fits = value.defined() && value.sizes() == entry.value.sizes();
    out.push_back({entry.name, fits ? value : entry.value.detach().clone()});
  }
  return out;
}

}  // namespace hasten
