// The experiments on a recipe.
#include "hasten/study/recipe_subject.h"

#include <ATen/Parallel.h>
#include <ATen/ops/cat.h>

#include <algorithm>
#include <new>
#include <stdexcept>

#include "hasten/base/clock.h"
#include "hasten/base/error.h"
#include "hasten/base/machine.h"
#include "hasten/base/text.h"
#include "hasten/core/out_of_memory.h"
#include "hasten/loader/file_store.h"
#include "hasten/meter/device.h"
#include "hasten/meter/energy.h"
#include "hasten/meter/memory.h"
#include "hasten/meter/operator_meter.h"
#include "hasten/study/recipe_lane.h"

namespace hasten {

using diagnose::Experiment;
using diagnose::Window;
using E = Experiment;
using P = diagnose::Part;

namespace {

constexpr int64_t kSubsetBatches = 4;  // that lie in memory in R4

class ThreadCount {
 public:
  explicit ThreadCount(int count) : before_(at::get_num_threads()) {
    if (count > 0 && count != before_) at::set_num_threads(count);
  }
  ~ThreadCount() {
    if (at::get_num_threads() != before_) at::set_num_threads(before_);
  }
  ThreadCount(const ThreadCount&) = delete;
  ThreadCount& operator=(const ThreadCount&) = delete;

 private:
  int before_;
};

Stage stage_of(Experiment experiment) { return experiment == E::kDelayFetch ? Stage::kRead : Stage::kDecode; }

}  // namespace

RecipeSubject::~RecipeSubject() = default;

RecipeSubject::RecipeSubject(const Recipe& recipe, const Registry& registry, SubjectOptions options)
    : options_(std::move(options)),
      driver_(std::make_unique<StepDriver>(recipe, registry, options_.seed, options_.device, options_.step_graphs)) {
  if (options_.threads == 0) options_.threads = at::get_num_threads();
  energy_ = EnergyMeter::open(options_.device.is_cpu() ? -1 : options_.device.index(), why_no_energy_);
  describe();
  bytes_before_ = resident_bytes();
}

// The kernel ends a process that takes more memory than there is, so what would not fit is not tried: twice the batch takes
// at most as much again as steps have taken so far.
bool RecipeSubject::double_has_room() const {
  if (!facts_.device_is_host || resident_.count(2 * facts_.batch) != 0) return true;
  const int64_t available = options_.memory_bytes > 0 ? options_.memory_bytes : this_machine().available_bytes;
  return available <= 0 || peak_resident_bytes() - bytes_before_ < available;
}

bool RecipeSubject::streams() const { return driver_->train_data().source().stream() != nullptr; }

bool RecipeSubject::captures() const { return driver_->why_not_captured().empty(); }

std::optional<double> RecipeSubject::resident_share() {
  if (!streams()) return std::nullopt;
  return hasten::resident_share(driver_->train_data().source().stream()->index().files());
}

void RecipeSubject::describe() {
  facts_.subject = driver_->recipe().name;
  facts_.device_is_host = options_.device.is_cpu();
  const Machine machine = this_machine();
  facts_.device = facts_.device_is_host ? machine.cpu : device_name(options_.device);
  facts_.cores = machine.cores;
  // Beside a device the processor may rest, and its clock then says nothing.
  if (facts_.device_is_host) facts_.nominal_mhz = machine.nominal_mhz;
  facts_.training_threads = facts_.device_is_host ? options_.threads : 1;
  facts_.batch = driver_->plan().run.batch.size;
  const std::vector<P> training{P::kAssemble, P::kTransform, P::kTransfer, P::kCompute};
  if (SampleStream* stream = driver_->train_data().source().stream()) {
    const int workers = stream->options().workers;
    facts_.workers = workers > 0 ? workers : machine.cores;
    facts_.chains = {{P::kFetch, P::kDecode, P::kAugment}, training};
  } else {
    facts_.chains = {training};
  }
}

RecipeSubject::Lane& RecipeSubject::lane(Experiment experiment) {
  auto& found = lanes_[experiment];
  if (found) return *found;
  const Dataset& data = driver_->train_data();
  SampleStream* stream = data.source().stream();
  if (stream == nullptr) {
    found = std::make_unique<Lane>(*driver_, data);
  } else {
    const bool augment = experiment != E::kNoAugment && experiment != E::kDrainDecode;
    const int64_t workers = facts_.workers;
    auto changed = stream->changed(
        [&](LoaderOptions& options) {
          LoaderSwitches& switches = options.switches;
          if (experiment == E::kDrainRead) switches.decode = false;
          if (experiment == E::kCached) switches.cached_subset = std::min(kSubsetBatches * facts_.batch, data.size());
          if (experiment == E::kDeepReadAhead) switches.ahead_times = 4;
          if (experiment == E::kDeepReadAhead) options.memory_bytes *= 4;
          if (experiment == E::kFewerWorkers) options.workers = static_cast<int>(std::max<int64_t>(1, workers * 3 / 4));
          if (experiment == E::kDelayFetch || experiment == E::kDelayPrepare) switches.delayed = stage_of(experiment);
        },
        augment);
    found = std::make_unique<Lane>(*driver_, data.over(changed));
  }
  found->transforms = experiment != E::kNoAugment;
  return *found;
}

Batch RecipeSubject::fresh_batch(Lane& lane, Timers* timers) {
  const int64_t begin = now_ns();
  Batch batch = driver_->draw(lane.input, driver_->batch_size(lane.input));
  const int64_t drawn = now_ns();
  if (lane.transforms) driver_->transform(batch);
  if (timers != nullptr) {
    timers->draw_ns += drawn - begin;
    timers->transform_ns += now_ns() - drawn;
  }
  return batch;
}

// Of the first samples; made once, so that every experiment works on the same values.
Batch RecipeSubject::resident_batch(int64_t size) {
  Batch& kept = resident_[size];
  if (kept.size() > 0) return kept;
  Lane& first = lane(E::kResident);
  Batch batch = fresh_batch(first, nullptr);
  while (batch.size() < size) {
    const Batch more = fresh_batch(first, nullptr);
    for (at::Tensor Batch::*part : {&Batch::inputs, &Batch::labels, &Batch::targets, &Batch::weights}) {
      if ((batch.*part).defined()) batch.*part = at::cat({batch.*part, more.*part});
    }
    batch.ids.insert(batch.ids.end(), more.ids.begin(), more.ids.end());
  }
  if (batch.size() > size) batch = batch.slice(0, size);
  if (SampleStream* stream = first.stream()) stream->close();
  kept = driver_->move(batch);
  return kept;
}

Window RecipeSubject::run(const diagnose::Trial& trial, double seconds_long) {
  if (trial.experiment == E::kDoubleBatch && !double_has_room()) {
    double_fits_ = false;
    throw std::bad_alloc();
  }
  try {
    const ThreadCount threads(trial.experiment == E::kOneThread ? 1 : options_.threads);
    switch (trial.experiment) {
      case E::kDrain:
      case E::kDrainRead:
      case E::kDrainDecode: return drain(trial.experiment, seconds_long);
      case E::kResidentBesideLoader: return run_beside_loader(seconds_long);
      case E::kHostBatch: return run_host_batch(true, seconds_long);
      case E::kPageableBatch: return run_host_batch(false, seconds_long);
      case E::kFull:
      case E::kCached:
      case E::kCold:
      case E::kNoAugment:
      case E::kDelayFetch:
      case E::kDelayPrepare:
      case E::kDelayCompute:
      case E::kDeepReadAhead:
      case E::kFewerWorkers: return run_full(trial, seconds_long);
      default: return run_resident(trial, seconds_long);
    }
  } catch (const c10::Error& error) {
    if (trial.experiment == E::kTiny && tiny_ == 1) {
      tiny_ = 2;  // normalisation over a batch wants two values
      return run(trial, seconds_long);
    }
    if (!is_out_of_memory(error)) throw std::runtime_error(error.what_without_backtrace());
    resident_.erase(2 * facts_.batch);
    if (trial.experiment == E::kDoubleBatch) double_fits_ = false;
    throw std::bad_alloc();
  }
}

std::string RecipeSubject::cannot(Experiment experiment) {
  const std::string why = cannot_input(experiment);
  return why.empty() ? cannot_device(experiment) : why;
}

std::string RecipeSubject::cannot_input(Experiment experiment) {
  SampleStream* stream = driver_->train_data().source().stream();
  switch (experiment) {
    case E::kResidentBesideLoader:
    case E::kDrainRead:
    case E::kDrainDecode:
    case E::kDelayFetch:
    case E::kDeepReadAhead: return stream != nullptr ? "" : "samples lie in memory, nothing reads them";
    case E::kCached:
      if (stream == nullptr) return "samples lie in memory";
      return *resident_share() > diagnose::kInMemory ? "the files lie in memory already" : "";
    case E::kCold:
      if (stream == nullptr) return "samples lie in memory";
      return options_.drop_caches ? "" : "not asked for (--cold), since it has the kernel forget the files";
    case E::kFewerWorkers:
      if (stream == nullptr) return "samples lie in memory, nothing reads them";
      return facts_.workers > 1 ? "" : "there is one";
    case E::kNoAugment:
      return driver_->plan().run.transforms.empty() && driver_->plan().run.strengths.empty() ? "there is none" : "";
    case E::kHostBatch:
    case E::kPageableBatch: return facts_.device_is_host ? "host and device are one" : "";
    default: return "";
  }
}

std::string RecipeSubject::cannot_device(Experiment experiment) const {
  const Compute compute = driver_->plan().run.precision.compute;
  switch (experiment) {
    case E::kForward:
    case E::kForwardBackward:
    case E::kTiny:
      return captures() ? "steps are graphs, beside which operators that are started one by one tell nothing" : "";
    case E::kDelayCompute: return facts_.device_is_host ? "" : "a delay of the host hides behind the device's work";
    case E::kHalfPrecision: return compute == Compute::kBf16 ? "it is in half precision already" : "";
    case E::kFastMath: return compute == Compute::kBf16 ? "the recipe is in half precision" : "";
    case E::kGraph: {
      const std::string why = driver_->why_not_captured();
      return why.empty() ? "steps of R1 are graphs already" : why;
    }
    case E::kNoReduction: return "one process";
    case E::kNoSync:
      if (facts_.device_is_host) return "the host does the work itself";
      return captures() ? "steps are graphs, in which the host waits for nothing" : "";
    case E::kOneThread:
      if (!facts_.device_is_host) return "the device does the work";
      return options_.threads > 1 ? "" : "there is one";
    case E::kHalfBatch: return facts_.batch > 1 ? "" : "the batch is one sample";
    case E::kDoubleBatch: return driver_->train_data().size() >= 4 * facts_.batch ? "" : "too few samples";
    default: return "";
  }
}

std::optional<diagnose::OperatorProfile> RecipeSubject::profile() {
  if (!facts_.device_is_host && !options_.device.is_cuda()) return std::nullopt;
  const ThreadCount threads(options_.threads);
  try {
    diagnose::OperatorProfile out = profile_of_steps();
    // The host's clock says nothing of a device's operators, but the roofline needs only their shapes.
    return facts_.device_is_host ? std::optional(std::move(out)) : std::nullopt;
  } catch (const c10::Error& error) {
    if (is_out_of_memory(error)) throw std::bad_alloc();
    throw std::runtime_error(error.what_without_backtrace());
  }
}

diagnose::OperatorProfile RecipeSubject::profile_of_steps() {
  Batch batch = resident_batch(facts_.batch);
  constexpr int64_t kSteps = 3;
  for (int64_t i = 0; i < kSteps; ++i) driver_->step(batch);
  driver_->synchronize();
  const int64_t begin = now_ns();
  for (int64_t i = 0; i < kSteps; ++i) driver_->step(batch);
  driver_->synchronize();
  const double step_s = seconds(now_ns() - begin) / kSteps;
  std::vector<OperatorUse> uses;
  {
    const OperatorMeter meter;  // which sees nothing of a graph
    for (int64_t i = 0; i < kSteps; ++i) driver_->step(batch, StepDriver::Extent::kWhole, false);
    uses = meter.uses();
  }
  const bool half = driver_->plan().run.precision.compute == Compute::kBf16;
  const DevicePeaks peaks = measure_peaks(options_.device.is_cuda(), half);
  diagnose::OperatorProfile out;
  out.peak_flops_per_s = peaks.flops_per_s;
  out.peak_bytes_per_s = peaks.bytes_per_s;
  diagnose::RooflinePoint point;
  for (const OperatorUse& use : uses) {
    out.operators.push_back({use.name, use.seconds / kSteps, use.flops / kSteps, use.bytes / kSteps});
    point.flops += use.flops / kSteps;
    point.bytes += use.bytes / kSteps;
  }
  point.seconds = step_s;
  point.peak_flops_per_s = peaks.flops_per_s;
  point.peak_bytes_per_s = peaks.bytes_per_s;
  roofline_ = point;
  return out;
}

diagnose::MemoryHeadroom RecipeSubject::memory() const {
  diagnose::MemoryHeadroom out;
  const Machine machine = this_machine();
  if (const std::optional<int64_t> bytes = peak_device_bytes(options_.device)) {
    out.of = device_name(options_.device);
    out.used_bytes = static_cast<double>(*bytes);
  } else {
    out.of = "this machine";
    out.used_bytes = static_cast<double>(peak_resident_bytes());
    out.total_bytes = static_cast<double>(machine.memory_bytes);
  }
  if (resident_.count(2 * facts_.batch) != 0 || !double_fits_)
    out.batch = cat(2 * facts_.batch, double_fits_ ? " fits" : " does not fit");
  return out;
}

std::optional<double> RecipeSubject::joules_a_step(Experiment experiment) const {
  const auto found = energies_.find(experiment);
  if (found == energies_.end() || found->second.steps == 0) return std::nullopt;
  return found->second.joules / static_cast<double>(found->second.steps);
}

std::string RecipeSubject::energy_source() const { return energy_ ? energy_->source() : ""; }

}  // namespace hasten
