// Where a method can act: events of a run (hooks), seams (parts it may supply), and the phases that order them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "hasten/spec/choices.h"

namespace hasten {

// In the order of a run. Paired events (Before/After, Start/End) unwind: the After list runs in reverse.
enum class Event : uint8_t {
  kInitialize,  // once, with data access, never on resume
  kFitStart,
  kEpochStart,
  kBatchRequest,  // size, length, resolution of a coming step; before prefetch
  kBatchReady,    // the whole batch, before it is cut into microbatches
  kStepBegin,
  kBeforeForward,
  kAfterForward,
  kBeforeLoss,
  kAfterLoss,
  kBeforeBackward,
  kAfterBackward,
  kBucketReduce,    // per gradient bucket, overlapping the backward pass
  kGradientsReady,  // unscaled, reduced
  kBeforeUpdate,
  kAfterUpdate,
  kStepEnd,  // replanning happens here
  kEvaluationStart,
  kEvaluationEnd,
  kCheckpointSave,
  kEpochEnd,
  kFitEnd,
};
constexpr std::array<std::string_view, 22> choices(Event) {
  return {"Initialize",    "FitStart",       "EpochStart",   "BatchRequest", "BatchReady",     "StepBegin",
          "BeforeForward", "AfterForward",   "BeforeLoss",   "AfterLoss",    "BeforeBackward", "AfterBackward",
          "BucketReduce",  "GradientsReady", "BeforeUpdate", "AfterUpdate",  "StepEnd",        "EvaluationStart",
          "EvaluationEnd", "CheckpointSave", "EpochEnd",     "FitEnd"};
}
constexpr size_t kEventCount = 22;

// Each seam is a small interface in the layer that owns it. A chain runs all its parts in order; on an exclusive
// seam two methods conflict by themselves.
enum class Seam : uint8_t {
  kSampler,            // data: which samples, in which order, how many      (chain)
  kBatchTransform,     // data: what a batch becomes                         (chain)
  kLossTerm,           // core: the loss of each sample                      (chain)
  kWeightTransform,    // nn: weight -> effective weight                     (chain)
  kBlockWrapper,       // nn: around a named block                           (chain)
  kForwardBackward,    // core: how gradients of a batch are computed        (exclusive)
  kGradientReducer,    // distributed: how a bucket travels                  (exclusive)
  kUpdateTransform,    // optim: the direction, before it is applied         (chain)
  kWeightProvider,     // nn: which weights are evaluated                    (exclusive)
  kPrediction,         // nn: what is predicted from a batch                 (exclusive)
  kPrelude,            // core: runs before the run, charged to its cost     (chain)
};
constexpr std::array<std::string_view, 11> choices(Seam) {
  return {"sampler",         "batch_transform",  "loss_term",        "weight_transform",
          "block_wrapper",   "forward_backward", "gradient_reducer", "update_transform",
          "weight_provider", "prediction",       "prelude"};
}
constexpr size_t kSeamCount = 11;

constexpr bool is_exclusive(Seam seam) {
  return seam == Seam::kForwardBackward || seam == Seam::kGradientReducer || seam == Seam::kWeightProvider ||
         seam == Seam::kPrediction;
}

// After these events the list runs backwards, so that what was opened last is closed first.
constexpr bool is_unwinding(Event event) {
  return event == Event::kAfterForward || event == Event::kAfterLoss || event == Event::kAfterBackward ||
         event == Event::kEvaluationEnd;
}

// Order within one site, first to last. Only methods that meet at the same site are compared.
enum class Phase : uint8_t {
  // plan edits
  kStructure,    // blocks come, go or change shape
  kLayers,       // layers are replaced or wrapped
  kInitialize,   // how parameters start
  kOptimizer,    // optimizers and groups
  kSchedule,     // values over time
  kPrecision,    // number formats
  // samples and batches
  kSelect,
  kOrder,
  kBatchSize,
  kGeometry,
  kColour,
  kMix,
  kTarget,
  // blocks, outermost first
  kRecompute,
  kSkip,
  // losses
  kTerm,
  // gradients and updates
  kGradient,
  kClip,
  kDirection,
  kApply,
  kAverage,
  // anything that only looks
  kObserve,
};
constexpr std::array<std::string_view, 22> choices(Phase) {
  return {"structure",  "layers",   "initialize", "optimizer", "schedule", "precision", "select", "order",
          "batch_size", "geometry", "colour",     "mix",       "target",   "recompute", "skip",   "term",
          "gradient",   "clip",     "direction",  "apply",     "average",  "observe"};
}

// A place where a method acts: the plan, an event, a seam, or the plan again in the middle of the run.
class Site {
 public:
  static constexpr Site plan() { return Site(0, 0); }
  static constexpr Site replan() { return Site(3, 0); }
  constexpr Site(Event event) : Site(1, static_cast<uint8_t>(event)) {}  // NOLINT: meant to convert
  constexpr Site(Seam seam) : Site(2, static_cast<uint8_t>(seam)) {}     // NOLINT: meant to convert

  constexpr bool operator==(const Site&) const = default;
  constexpr auto operator<=>(const Site&) const = default;
  constexpr bool is_plan() const { return kind_ == 0; }
  constexpr bool is_event() const { return kind_ == 1; }
  constexpr bool is_seam() const { return kind_ == 2; }
  constexpr bool is_replan() const { return kind_ == 3; }
  constexpr Event event() const { return static_cast<Event>(index_); }
  constexpr Seam seam() const { return static_cast<Seam>(index_); }
  constexpr bool exclusive() const { return is_seam() && is_exclusive(seam()); }
  constexpr bool unwinding() const { return is_event() && is_unwinding(event()); }
  constexpr std::string_view name() const {
    if (is_plan()) return "plan";
    if (is_replan()) return "replan";
    return is_event() ? choices(Event{})[index_] : choices(Seam{})[index_];
  }

 private:
  constexpr Site(uint8_t kind, uint8_t index) : kind_(kind), index_(index) {}
  uint8_t kind_, index_;
};

}  // namespace hasten
