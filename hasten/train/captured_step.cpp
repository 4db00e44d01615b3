// Training steps as a graph of the device.
#include "hasten/train/captured_step.h"

#include <algorithm>
#include <array>

#include "hasten/base/text.h"

namespace hasten {
namespace {

// Where a method would act while a step is replayed, and would not be called.
bool within_step(const Site& site) {
  constexpr std::array kEvents{
      Event::kStepBegin,      Event::kBeforeForward, Event::kAfterForward,   Event::kBeforeLoss,   Event::kAfterLoss,
      Event::kBeforeBackward, Event::kAfterBackward, Event::kGradientsReady, Event::kBeforeUpdate, Event::kAfterUpdate};
  constexpr std::array kSeams{Seam::kForwardBackward, Seam::kLossTerm, Seam::kUpdateTransform, Seam::kBlockWrapper,
                              Seam::kWeightTransform};
  return std::any_of(kEvents.begin(), kEvents.end(), [&](Event event) { return site == Site(event); }) ||
         std::any_of(kSeams.begin(), kSeams.end(), [&](Seam seam) { return site == Site(seam); });
}

std::array<at::Tensor Batch::*, 4> parts() {
  return {&Batch::inputs, &Batch::labels, &Batch::targets, &Batch::weights};
}

}  // namespace

std::string why_not_captured(const Plan& plan, const std::vector<MethodChoice>& methods) {
  if (plan.model.opaque) return "the model is a program's own";
  for (const MethodChoice& choice : methods) {
    for (const Use& use : choice.spec->uses) {
      if (within_step(use.site)) return cat(choice.spec->name, " acts at ", use.site.name());
    }
  }
  for (const auto& [path, schedule] : plan.run.schedules) {
    if (path.starts_with("optimizer.") || path.starts_with("auxiliary.")) return path + " is scheduled";
  }
  return "";
}

bool CapturedStep::fits(const Batch& batch) const {
  const auto all = parts();
  return std::all_of(all.begin(), all.end(), [&](at::Tensor Batch::*part) {
    const at::Tensor &a = fixed_.*part, &b = batch.*part;
    if (!a.defined() || !b.defined()) return a.defined() == b.defined();
    return a.sizes() == b.sizes() && a.strides() == b.strides() && a.scalar_type() == b.scalar_type();
  });
}

void CapturedStep::forget() {
  graph_.reset();
  fixed_ = {};
  loss_.reset();
  run_ = 0;
}

void CapturedStep::record(State& state) {
  Batch* given = state.batch;
  for (at::Tensor Batch::*part : parts()) {
    if ((given->*part).defined()) fixed_.*part = (given->*part).clone();
  }
  Batch batch = fixed_;
  batch.ids = given->ids;
  graph_ = make_();
  optimizers_.keep_rates_on_device();
  state.batch = &batch;
  graph_->record([&] { loss_ = step_.run(state); });
  state.batch = given;
}

at::Tensor CapturedStep::run(State& state) {
  if (!make_) return step_.run(state);
  optimizers_.write_rates();  // also for steps that are run once rates lie on the device
  if (run_ > 0 && !fits(*state.batch)) forget();
  if (run_ < kRunFirst) {
    if (run_++ == 0) fixed_ = *state.batch;  // its shapes
    return step_.run(state);
  }
  if (graph_ == nullptr) {
    record(state);
  } else {
    for (at::Tensor Batch::*part : parts()) {
      if ((fixed_.*part).defined()) (fixed_.*part).copy_(state.batch->*part, /*non_blocking=*/true);
    }
    step_.count_replay();
  }
  graph_->replay();
  ++replayed_;
  return loss_;
}

}  // namespace hasten
