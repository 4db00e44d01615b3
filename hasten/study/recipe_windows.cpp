// How the experiments on a recipe are run.
#include <ATen/Context.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "hasten/base/clock.h"
#include "hasten/loader/file_store.h"
#include "hasten/meter/energy.h"
#include "hasten/meter/sync_meter.h"
#include "hasten/study/recipe_lane.h"

namespace hasten {

using diagnose::Experiment;
using diagnose::Window;
using E = Experiment;
using P = diagnose::Part;

namespace {

constexpr int64_t kFirstSteps = 3;  // of work that is new: allocations, choice of kernels
constexpr double kLongStepS = 0.2;
constexpr int64_t kTurnOver = 12;   // batches, more than are read ahead
constexpr double kTurnOverS = 2;

void spin(double seconds_long) {
  const int64_t begin = now_ns();
  while (seconds(now_ns() - begin) < seconds_long) continue;
}

// The settings of LibTorch while an experiment runs.
class FastMath {
 public:
  FastMath()
      : conv_(at::globalContext().float32Precision(backend(), at::Float32Op::CONV)),
        product_(at::globalContext().float32Precision(backend(), at::Float32Op::MATMUL)) {
    const auto fast = at::globalContext().hasCUDA() ? at::Float32Precision::TF32 : at::Float32Precision::BF16;
    set(fast, fast);
  }
  ~FastMath() { set(conv_, product_); }
  FastMath(const FastMath&) = delete;
  FastMath& operator=(const FastMath&) = delete;

 private:
  static at::Float32Backend backend() {
    return at::globalContext().hasCUDA() ? at::Float32Backend::CUDA : at::Float32Backend::MKLDNN;
  }
  static void set(at::Float32Precision conv, at::Float32Precision product) {
    at::globalContext().setFloat32Precision(backend(), at::Float32Op::CONV, conv);
    at::globalContext().setFloat32Precision(backend(), at::Float32Op::MATMUL, product);
  }
  at::Float32Precision conv_, product_;
};

// The parts of a batch that are tensors.
constexpr std::array kTensors{&Batch::inputs, &Batch::labels, &Batch::targets, &Batch::weights};

}  // namespace

Window RecipeSubject::time_steps(double seconds_long, int64_t warm_up, const std::function<void()>& step) {
  for (int64_t i = 0; i < warm_up; ++i) step();
  driver_->synchronize();
  Window window;
  const int64_t begin = now_ns();
  do {
    step();
    ++window.steps;
  } while (seconds(now_ns() - begin) < seconds_long);
  driver_->synchronize();
  window.seconds = seconds(now_ns() - begin);
  return window;
}

// More the first time; long steps warm up within themselves.
int64_t RecipeSubject::warm_up(Experiment experiment) {
  const bool first = warm_.insert(experiment).second;
  if (step_s_ > kLongStepS) return first ? 1 : 0;
  return first ? kFirstSteps : 1;
}

// A whole step with its own batches.
Window RecipeSubject::run_full(const diagnose::Trial& trial, double seconds_long) {
  Lane& lane = this->lane(trial.experiment);
  SampleStream* stream = lane.stream();
  const bool loader_delay =
      stream != nullptr && (trial.experiment == E::kDelayFetch || trial.experiment == E::kDelayPrepare);
  if (loader_delay && !lane.full) {
    // A step's delay, shared by its samples and the threads that work on them at once.
    const double each = trial.delay_s * static_cast<double>(facts_.workers) / static_cast<double>(facts_.batch);
    lane.input = StepDriver::Input(*driver_, lane.input.data().over(stream->changed([&](LoaderOptions& options) {
      options.switches.delay_ns = static_cast<int64_t>(1e9 * each);
    })));
    stream = lane.stream();
  }
  if (trial.experiment == E::kCold) {
    // Mapped pages stay where they are, so nobody may have the files open.
    for (auto& [experiment, other] : lanes_) {
      if (SampleStream* open = other->stream()) open->close();
      other->full = false;
    }
    driver_->train_data().source().stream()->close();
    drop_from_memory(driver_->train_data().source().stream()->index().files());
  }
  if (stream != nullptr) stream->pause(false);
  Timers timers;
  const auto step = [&] {
    Batch batch = fresh_batch(lane, &timers);
    if (stream == nullptr && trial.experiment == E::kDelayPrepare) spin(trial.delay_s);
    batch = driver_->move(batch);
    driver_->step(batch);
    if (trial.experiment == E::kDelayCompute) spin(trial.delay_s);
  };
  // What is read ahead has to be turned over once before it says anything of the steady state.
  if (stream != nullptr && !lane.full && trial.experiment != E::kCold) {
    const int64_t begin = now_ns();
    for (int64_t i = 0; i < kTurnOver && seconds(now_ns() - begin) < kTurnOverS; ++i) step();
    lane.full = true;
  }
  for (int64_t left = warm_up(trial.experiment); left > 0; --left) step();
  timers = {};
  const auto before = lane.input.data().source().report();
  const double joules = energy_ ? energy_->joules() : 0;
  Window window = time_steps(seconds_long, 0, step);
  if (trial.experiment == E::kFull) {
    step_s_ = window.seconds / static_cast<double>(window.steps);
    if (energy_) full_joules_ += energy_->joules() - joules;
    full_steps_ += window.steps;
    diagnose::PartSeconds busy{};
    busy.fill(std::nan(""));
    const auto after = lane.input.data().source().report();
    const double waited = before && after ? seconds(after->consumer_wait_ns - before->consumer_wait_ns) : 0;
    const auto steps = static_cast<double>(window.steps);
    busy[static_cast<size_t>(P::kAssemble)] = (seconds(timers.draw_ns) - waited) / steps;
    busy[static_cast<size_t>(P::kTransform)] = seconds(timers.transform_ns) / steps;
    window.busy_s = busy;
  }
  if (stream != nullptr) stream->pause(true);
  return window;
}

// Work on one batch that is there.
Window RecipeSubject::run_resident(const diagnose::Trial& trial, double seconds_long) {
  int64_t size = facts_.batch;
  auto extent = StepDriver::Extent::kWhole;
  bool captured = false;
  std::optional<FastMath> fast;
  const Compute compute = driver_->plan().run.precision.compute;
  switch (trial.experiment) {
    case E::kForward: extent = StepDriver::Extent::kForward; break;
    case E::kForwardBackward: extent = StepDriver::Extent::kForwardBackward; break;
    case E::kHalfBatch: size = std::max<int64_t>(1, size / 2); break;
    case E::kDoubleBatch: size *= 2; break;
    case E::kTiny: size = std::min(size, tiny_); break;
    case E::kFastMath: fast.emplace(); break;
    case E::kHalfPrecision: driver_->set_compute(Compute::kBf16); break;
    case E::kGraph: captured = true; break;
    default: break;
  }
  if (trial.experiment == E::kResident) captured = driver_->why_not_captured().empty();
  Batch batch = resident_batch(size);
  const auto step = [&] { driver_->step(batch, extent, captured); };
  Window window;
  try {
    if (trial.experiment == E::kNoSync) {
      const SyncMeter meter;
      window = time_steps(seconds_long, warm_up(trial.experiment), step);
      window.seconds = std::max(0.0, window.seconds - seconds(meter.reading().ns));
    } else {
      window = time_steps(seconds_long, warm_up(trial.experiment), step);
    }
  } catch (...) {
    driver_->set_compute(compute);
    driver_->state().model.clear_gradients();
    throw;
  }
  if (trial.experiment == E::kHalfPrecision) driver_->set_compute(compute);
  return window;
}

// One batch, while the loader makes another a step, which nobody waits for.
Window RecipeSubject::run_beside_loader(double seconds_long) {
  const diagnose::Trial trial{E::kResidentBesideLoader};
  Lane& lane = this->lane(E::kResidentBesideLoader);
  Batch batch = resident_batch(facts_.batch);
  SampleStream* stream = lane.stream();
  stream->pause(false);
  const bool captured = driver_->why_not_captured().empty();
  const Window window = time_steps(seconds_long, warm_up(trial.experiment), [&] {
    driver_->pass(lane.input, facts_.batch, false);
    driver_->step(batch, StepDriver::Extent::kWhole, captured);
  });
  stream->pause(true);
  return window;
}

Window RecipeSubject::run_host_batch(bool pinned, double seconds_long) {
  const diagnose::Trial trial{pinned ? E::kHostBatch : E::kPageableBatch};
  Batch host = resident_batch(facts_.batch).to(at::kCPU);
  for (at::Tensor Batch::*part : kTensors) {
    if (pinned && (host.*part).defined()) host.*part = (host.*part).pin_memory();
  }
  const bool captured = driver_->why_not_captured().empty();
  return time_steps(seconds_long, warm_up(trial.experiment), [&] {
    Batch batch = pinned ? driver_->move(host) : host;
    if (!pinned) {
      // Without a pinned copy in between: as a loop that does not know of them.
      for (at::Tensor Batch::*part : kTensors) {
        if ((batch.*part).defined()) batch.*part = (batch.*part).to(driver_->state().device);
      }
    }
    driver_->step(batch, StepDriver::Extent::kWhole, captured);
  });
}

// The loader alone. Of data in memory: what the thread that trains does before a step.
Window RecipeSubject::drain(Experiment experiment, double seconds_long) {
  Lane& lane = this->lane(experiment);
  SampleStream* stream = lane.stream();
  Timers timers;
  diagnose::PartSeconds busy{};
  const auto set = [&](P part, double value) { busy[static_cast<size_t>(part)] = value; };
  if (stream == nullptr) {
    for (int64_t left = warm_up(experiment); left > 0; --left) fresh_batch(lane, nullptr);
    Window window = time_steps(seconds_long, 0, [&] { fresh_batch(lane, &timers); });
    const auto steps = static_cast<double>(window.steps);
    set(P::kAssemble, seconds(timers.draw_ns) / steps);
    set(P::kTransform, seconds(timers.transform_ns) / steps);
    window.busy_s = busy;
    return window;
  }
  stream->pause(false);
  // What was made while nobody took it says nothing of the pace.
  const auto drained = [&] { driver_->pass(lane.input, facts_.batch, true); };
  drained();
  const int64_t slots = std::max<int64_t>(1, stream->report()->slots / facts_.batch);
  for (int64_t i = 0; i < slots; ++i) drained();
  const auto before = stream->report();
  Window window = time_steps(seconds_long, 0, drained);
  const auto after = stream->report();
  const double shared = static_cast<double>(window.steps) * static_cast<double>(std::max<int64_t>(1, facts_.workers));
  const auto spent = [&](Stage stage) { return seconds(after->ns(stage) - before->ns(stage)) / shared; };
  set(P::kFetch, spent(Stage::kRead) + spent(Stage::kVerify));
  set(P::kDecode, spent(Stage::kDecode));
  set(P::kAugment, spent(Stage::kAugment) + spent(Stage::kDeliver));
  stream->pause(true);
  if (experiment == E::kDrain) {
    // What follows in the thread that trains, on batches that are there.
    constexpr int64_t kTimes = 3;
    Lane& beside = this->lane(E::kFull);
    beside.stream()->pause(false);
    const auto waited = beside.stream()->report();
    for (int64_t i = 0; i < kTimes; ++i) fresh_batch(beside, &timers);
    const auto later = beside.stream()->report();
    beside.stream()->pause(true);
    const int64_t wait = later && waited ? later->consumer_wait_ns - waited->consumer_wait_ns
                         : later         ? later->consumer_wait_ns
                                         : 0;
    set(P::kAssemble, std::max(0.0, seconds(timers.draw_ns - wait)) / kTimes);
    set(P::kTransform, seconds(timers.transform_ns) / kTimes);
    window.busy_s = busy;
  }
  return window;
}

}  // namespace hasten
