// How the experiments on a recipe are run.
#include <ATen/Context.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "hasten/base/clock.h"
#include "hasten/base/text.h"
#include "hasten/loader/file_store.h"
#include "hasten/meter/energy.h"
#include "hasten/meter/sync_meter.h"
#include "hasten/study/recipe_lane.h"
#include "hasten/train/captured_step.h"

namespace hasten {

using diagnose::Experiment;
using diagnose::Window;
using E = Experiment;
using P = diagnose::Part;

namespace {

// Of work that is new (allocations, choice of kernels), and of that at least; long steps warm up within themselves.
constexpr int64_t kFirstSteps = 10, kLeastFirstSteps = 3;
constexpr double kFirstS = 0.5, kLongStepS = 0.2;
constexpr int64_t kTurnOver = 12, kStretch = 4;  // batches
constexpr double kTurnOverS = 3;
constexpr double kWaitingShare = 0.1;  // of the time: the step waits for the loader

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

Window RecipeSubject::time_steps(double seconds_long, const std::function<void()>& step) {
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

Window RecipeSubject::time_with_energy(Experiment experiment, double seconds_long, const std::function<void()>& step) {
  driver_->synchronize();
  const double joules = energy_ ? energy_->joules() : 0;
  Window window = time_steps(seconds_long, step);
  if (energy_) {
    Energy& energy = energies_[experiment];
    energy.joules += energy_->joules() - joules;
    energy.steps += window.steps;
  }
  return window;
}

// More the first time, and where a graph has to be recorded, which is not what is timed.
void RecipeSubject::warm_up(Experiment experiment, double seconds_long, const std::function<void()>& step) {
  const bool first = warm_.insert(experiment).second, slow = step_s_ > kLongStepS;
  int64_t least = slow ? 0 : 1;
  if (first) least = slow ? 1 : kLeastFirstSteps;
  if (experiment != E::kDrain && captures() && !std::exchange(recorded_, true))
    least = std::max(least, CapturedStep::kRunFirst + 1);
  const int64_t begin = now_ns();
  const double most_s = std::min(kFirstS, seconds_long);
  for (int64_t i = 0; i < least || (first && i < kFirstSteps && seconds(now_ns() - begin) < most_s); ++i) step();
}

// Steps until what is read ahead stays as it is: the loader has done all that it may, or steps wait for it. Where both
// are about as fast that takes long, so there is an end to it.
void RecipeSubject::turn_over(Lane& lane, const std::function<void()>& step) {
  const int64_t begin = now_ns();
  const auto goes_on = [&] { return seconds(now_ns() - begin) < kTurnOverS; };
  for (int64_t i = 0; i < kTurnOver && goes_on(); ++i) step();
  const auto idle_ns = [](const LoaderReport& report) {
    return report.ns(Stage::kWaitOutput) + report.ns(Stage::kWaitInput);
  };
  for (bool steady = false; !steady && goes_on();) {
    const std::optional<LoaderReport> before = lane.stream()->report();
    const int64_t since = now_ns();
    for (int64_t i = 0; i < kStretch; ++i) step();
    const std::optional<LoaderReport> after = lane.stream()->report();
    const double waited_s = seconds(after->consumer_wait_ns - before->consumer_wait_ns);
    steady = idle_ns(*after) > idle_ns(*before) || waited_s > kWaitingShare * seconds(now_ns() - since);
  }
  lane.full = true;
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
  const Unpaused unpaused(stream);
  Timers timers;
  const auto step = [&] {
    Batch batch = fresh_batch(lane, &timers);
    if (stream == nullptr && trial.experiment == E::kDelayPrepare) spin(trial.delay_s);
    batch = driver_->move(batch);
    driver_->step(batch);
    if (trial.experiment == E::kDelayCompute) spin(trial.delay_s);
  };
  if (stream != nullptr && !lane.full && trial.experiment != E::kCold) turn_over(lane, step);
  if (trial.experiment == E::kCached) {
    const double share = hasten::resident_share(stream->index(), stream->options().switches.cached_subset);
    if (share <= diagnose::kInMemory)
      throw std::runtime_error(cat("of samples that were just read, ", fixed(100 * share, 0), "% stay in memory"));
  }
  warm_up(trial.experiment, seconds_long, step);
  timers = {};
  const auto before = lane.input.data().source().report();
  Window window = time_with_energy(trial.experiment, seconds_long, step);
  if (trial.experiment == E::kFull) {
    step_s_ = window.seconds / static_cast<double>(window.steps);
    diagnose::PartSeconds busy{};
    busy.fill(std::nan(""));
    const auto after = lane.input.data().source().report();
    const double waited = before && after ? seconds(after->consumer_wait_ns - before->consumer_wait_ns) : 0;
    const auto steps = static_cast<double>(window.steps);
    busy[static_cast<size_t>(P::kAssemble)] = (seconds(timers.draw_ns) - waited) / steps;
    busy[static_cast<size_t>(P::kTransform)] = seconds(timers.transform_ns) / steps;
    window.busy_s = busy;
  }
  return window;
}

// Work on one batch that is there.
Window RecipeSubject::run_resident(const diagnose::Trial& trial, double seconds_long) {
  int64_t size = facts_.batch;
  auto extent = StepDriver::Extent::kWhole;
  std::optional<FastMath> fast;
  const Compute compute = driver_->plan().run.precision.compute;
  switch (trial.experiment) {
    case E::kForward: extent = StepDriver::Extent::kForward; break;
    case E::kForwardBackward: extent = StepDriver::Extent::kForwardBackward; break;
    case E::kHalfBatch: size = std::max<int64_t>(1, size / 2); break;
    case E::kDoubleBatch: size *= 2; break;
    case E::kTiny: size = std::min(size, tiny_); break;
    case E::kFastMath: fast.emplace(); break;
    default: break;
  }
  const bool half = trial.experiment == E::kHalfPrecision;
  // A graph is of one shape and one precision, so what has others is recorded as a graph of its own.
  const bool anew = half || fast || size != facts_.batch;
  const auto forget_graph = [&](Compute now) {
    driver_->set_compute(now);
    recorded_ = false;
  };
  Window window;
  try {
    if (anew) forget_graph(half ? Compute::kBf16 : compute);
    Batch batch = resident_batch(size);
    const bool captured = captures();
    const auto step = [&] { driver_->step(batch, extent, captured); };
    warm_up(trial.experiment, seconds_long, step);
    if (trial.experiment == E::kNoSync) {
      const SyncMeter meter;
      const int64_t before = meter.reading().ns;
      window = time_steps(seconds_long, step);
      const double waited_s = seconds(meter.reading().ns - before);
      // While the host waits the device works, so without waits it still needs that long.
      window.seconds = std::max(window.seconds - waited_s, std::min(waited_s, window.seconds));
    } else {
      window = time_with_energy(trial.experiment, seconds_long, step);
    }
  } catch (...) {
    forget_graph(compute);
    driver_->state().model.clear_gradients();
    throw;
  }
  if (anew) forget_graph(compute);
  return window;
}

// One batch, while the loader makes another a step, which nobody waits for.
Window RecipeSubject::run_beside_loader(double seconds_long) {
  Lane& lane = this->lane(E::kResidentBesideLoader);
  Batch batch = resident_batch(facts_.batch);
  const Unpaused unpaused(lane.stream());
  const bool captured = captures();
  const auto step = [&] {
    driver_->pass(lane.input, facts_.batch, false);
    driver_->step(batch, StepDriver::Extent::kWhole, captured);
  };
  warm_up(E::kResidentBesideLoader, seconds_long, step);
  return time_steps(seconds_long, step);
}

Window RecipeSubject::run_host_batch(bool pinned, double seconds_long) {
  Batch host = resident_batch(facts_.batch).to(at::kCPU);
  for (at::Tensor Batch::*part : kTensors) {
    if (pinned && (host.*part).defined()) host.*part = (host.*part).pin_memory();
  }
  const bool captured = captures();
  const auto step = [&] {
    Batch batch = pinned ? driver_->move(host) : host;
    if (!pinned) {
      // Without a pinned copy in between: as a loop that does not know of them.
      for (at::Tensor Batch::*part : kTensors) {
        if ((batch.*part).defined()) batch.*part = (batch.*part).to(driver_->state().device);
      }
    }
    driver_->step(batch, StepDriver::Extent::kWhole, captured);
  };
  warm_up(pinned ? E::kHostBatch : E::kPageableBatch, seconds_long, step);
  return time_steps(seconds_long, step);
}

// The loader alone. Of data in memory: what the thread that trains does before a step.
Window RecipeSubject::drain(Experiment experiment, double seconds_long) {
  Lane& lane = this->lane(experiment);
  SampleStream* stream = lane.stream();
  Timers timers;
  diagnose::PartSeconds busy{};
  const auto set = [&](P part, double value) { busy[static_cast<size_t>(part)] = value; };
  if (stream == nullptr) {
    warm_up(experiment, seconds_long, [&] { fresh_batch(lane, nullptr); });
    Window window = time_steps(seconds_long, [&] { fresh_batch(lane, &timers); });
    const auto steps = static_cast<double>(window.steps);
    set(P::kAssemble, seconds(timers.draw_ns) / steps);
    set(P::kTransform, seconds(timers.transform_ns) / steps);
    window.busy_s = busy;
    return window;
  }
  std::optional<Unpaused> unpaused(stream);
  // What was made while nobody took it says nothing of the pace.
  const auto drained = [&] { driver_->pass(lane.input, facts_.batch, true); };
  drained();
  const int64_t slots = std::max<int64_t>(1, stream->report()->slots / facts_.batch);
  for (int64_t i = 0; i < slots; ++i) drained();
  const auto before = stream->report();
  Window window = time_steps(seconds_long, drained);
  const auto after = stream->report();
  const double shared = static_cast<double>(window.steps) * static_cast<double>(std::max<int64_t>(1, facts_.workers));
  const auto spent = [&](Stage stage) { return seconds(after->ns(stage) - before->ns(stage)) / shared; };
  set(P::kFetch, spent(Stage::kRead) + spent(Stage::kVerify));
  set(P::kDecode, spent(Stage::kDecode));
  set(P::kAugment, spent(Stage::kAugment) + spent(Stage::kDeliver));
  unpaused.reset();
  if (experiment == E::kDrain) {
    // What follows in the thread that trains, on batches that are there.
    constexpr int64_t kTimes = 3;
    Lane& beside = this->lane(E::kFull);
    const Unpaused beside_it(beside.stream());
    const auto waited = beside.stream()->report();
    for (int64_t i = 0; i < kTimes; ++i) fresh_batch(beside, &timers);
    const auto later = beside.stream()->report();
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
