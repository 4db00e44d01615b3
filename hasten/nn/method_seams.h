// The seams inside a planned model: what stands between a parameter and its use, and around blocks.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <functional>
#include <string>
#include <vector>

#include "hasten/core/engine.h"
#include "hasten/nn/pass_mode.h"
#include "hasten/spec/model_plan.h"

namespace hasten {

// The seam for methods that compute with another weight than the one that is stored and updated: the gradient flows
// through the transformation.
class WeightTransform {
 public:
  static constexpr Seam kSeam = Seam::kWeightTransform;
  virtual ~WeightTransform() = default;
  // Asked once for every parameter when the model is built.
  virtual bool transforms(const PlacedParameter& parameter) const = 0;
  // The effective tensor, of the same shape. `name` is that of the parameter.
  virtual at::Tensor transform(const std::string& name, const at::Tensor& value) = 0;
};

// May be kept until the backward pass is over, and run again then.
using BlockFunction = std::function<at::Tensor(const at::Tensor&, const PassMode&)>;

// What of a block is wrapped: all of it, or the layers of a residual block without their shortcut.
enum class BlockScope { kWhole, kBranch };

// The seam for methods that run a block in another way, in training passes.
class BlockWrapper {
 public:
  static constexpr Seam kSeam = Seam::kBlockWrapper;
  virtual ~BlockWrapper() = default;
  // Asked for every block and scope when the model is built; `index` counts the plan's blocks.
  virtual bool wraps(const ModelPlan& plan, size_t index, BlockScope scope) const = 0;
  // The output of `inner`, or what stands for it. An undefined tensor leaves a branch out: the shortcut passes alone.
  virtual at::Tensor run(size_t index, const at::Tensor& x, const PassMode& mode, const BlockFunction& inner,
                         const State& state) = 0;
};

// Where a model that is being built finds the methods of its run, if there are some (a teacher has none), and where its
// tensors are to live.
struct MethodSeams {
  Engine* engine = nullptr;
  const State* state = nullptr;
  at::Device device = at::kCPU;
};

// A parameter as a layer uses it: itself, or what the weight transforms that chose it make of it.
class EffectiveTensor {
 public:
  EffectiveTensor() = default;
  EffectiveTensor(at::Tensor value, const PlacedParameter& parameter, const MethodSeams& seams);
  at::Tensor operator()() const { return transforms_.empty() ? value_ : transformed(); }

 private:
  at::Tensor transformed() const;
  at::Tensor value_;
  std::string name_;
  MethodSeams seams_;
  std::vector<size_t> transforms_;  // places in the seam's order
};

// The wrappers that chose a block, outermost first.
class WrappedBlock {
 public:
  WrappedBlock() = default;
  WrappedBlock(const ModelPlan& plan, size_t index, BlockScope scope, const MethodSeams& seams);
  template <class Inner>
  at::Tensor run(const at::Tensor& x, const PassMode& mode, const Inner& inner) const {
    return wrappers_.empty() ? inner(x, mode) : wrapped(x, mode, inner, 0);
  }

 private:
  at::Tensor wrapped(const at::Tensor& x, const PassMode& mode, const BlockFunction& inner, size_t depth) const;
  size_t index_ = 0;
  MethodSeams seams_;
  std::vector<size_t> wrappers_;
};

}  // namespace hasten
