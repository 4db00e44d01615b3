// Calling the methods inside a model, through the engine.
#include "hasten/nn/method_seams.h"

namespace hasten {
namespace {

// Places of the parts of a seam that `chosen` says yes to.
template <class Interface, class Chosen>
std::vector<size_t> places(const MethodSeams& seams, const Chosen& chosen) {
  std::vector<size_t> found;
  if (seams.engine == nullptr) return found;
  for (size_t i = 0; i < seams.engine->count<Interface>(); ++i) {
    if (chosen(seams.engine->look<Interface>(i))) found.push_back(i);
  }
  return found;
}

}  // namespace

EffectiveTensor::EffectiveTensor(at::Tensor value, const PlacedParameter& parameter, const MethodSeams& seams)
    : value_(std::move(value)),
      name_(parameter.name),
      seams_(seams),
      transforms_(places<WeightTransform>(
          seams, [&](const WeightTransform& transform) { return transform.transforms(parameter); })) {}

at::Tensor EffectiveTensor::transformed() const {
  at::Tensor value = value_;
  for (size_t place : transforms_) {
    seams_.engine->one<WeightTransform>(place, *seams_.state,
                                        [&](WeightTransform& transform) { value = transform.transform(name_, value); });
  }
  return value;
}

WrappedBlock::WrappedBlock(const ModelPlan& plan, size_t index, BlockScope scope, const MethodSeams& seams)
    : index_(index), seams_(seams), wrappers_(places<BlockWrapper>(seams, [&](const BlockWrapper& wrapper) {
        return wrapper.wraps(plan, index, scope);
      })) {}

at::Tensor WrappedBlock::wrapped(const at::Tensor& x, const PassMode& mode, const BlockFunction& inner,
                                 size_t depth) const {
  if (depth == wrappers_.size()) return inner(x, mode);
  // By value: the wrapper may run it again in the backward pass.
  BlockFunction next = [this, inner, depth](const at::Tensor& y, const PassMode& with) {
    return wrapped(y, with, inner, depth + 1);
  };
  at::Tensor out;
  seams_.engine->one<BlockWrapper>(wrappers_[depth], *seams_.state, [&](BlockWrapper& wrapper) {
    out = wrapper.run(index_, x, mode, next, *seams_.state);
  });
  return out;
}

}  // namespace hasten
