// The experiments on a synthetic case.
#include "tests/diagnose/synthetic_pipeline.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <new>
#include <utility>

#include "hasten/base/clock.h"
#include "hasten/base/machine.h"

namespace hasten::diagnose {
namespace {

using E = Experiment;
using P = Part;

constexpr int64_t kBatch = 32;
constexpr double kMs = 1e-3;

size_t at(Part part) { return static_cast<size_t>(part); }

bool is_full(Experiment experiment) {
  switch (experiment) {
    case E::kFull:
    case E::kCached:
    case E::kCold:
    case E::kNoAugment:
    case E::kDelayFetch:
    case E::kDelayPrepare:
    case E::kDelayCompute:
    case E::kDeepReadAhead:
    case E::kFewerWorkers: return true;
    default: return false;
  }
}

// Steps until the time is up, at least one.
Window time_steps(double seconds_long, const std::function<void()>& step, const std::function<void()>& synchronize) {
  synchronize();
  Window window;
  const int64_t begin = now_ns();
  do {
    step();
    ++window.steps;
  } while (seconds(now_ns() - begin) < seconds_long);
  synchronize();
  window.seconds = seconds(now_ns() - begin);
  return window;
}

}  // namespace

SyntheticPipeline::SyntheticPipeline(SyntheticCase made, uint64_t seed)
    : made_(std::move(made)), seed_(seed), step_(made_.device, made_.training_threads) {
  describe();
}

void SyntheticPipeline::describe() {
  facts_.subject = made_.name;
  facts_.device_is_host = made_.device != Work::kSleep;
  facts_.device = facts_.device_is_host ? "cpu" : "a device that sleeps";
  facts_.cores = std::max<int64_t>(1, this_machine().cores);
  facts_.training_threads = facts_.device_is_host ? made_.training_threads : 1;
  facts_.processes = made_.reduce ? 2 : 1;
  facts_.batch = kBatch;
  facts_.nominal_mhz = made_.nominal_mhz;
  std::vector<P> fetch, preparation, training;
  const auto add = [](std::vector<P>& chain, P part, double time) {
    if (time > 0) chain.push_back(part);
  };
  add(fetch, P::kFetch, made_.fetch);
  add(made_.pool ? fetch : preparation, P::kDecode, made_.decode);
  add(made_.pool ? fetch : preparation, P::kAugment, made_.augment);
  add(training, P::kAssemble, made_.assemble);
  add(training, P::kTransform, made_.transform);
  add(training, P::kTransfer, made_.transfer);
  training.push_back(P::kCompute);
  if (made_.reduce) training.push_back(P::kReduce);
  for (auto& chain : {fetch, preparation, training}) {
    if (!chain.empty()) facts_.chains.push_back(chain);
  }
  if (made_.loads()) facts_.workers = made_.prepare_threads;
}

std::string SyntheticPipeline::cannot(Experiment experiment) {
  const std::string why = cannot_input(experiment);
  return why.empty() ? cannot_device(experiment) : why;
}

std::string SyntheticPipeline::cannot_input(Experiment experiment) const {
  switch (experiment) {
    case E::kDrain:
      return made_.loads() || made_.assemble + made_.transform > 0 ? "" : "nothing is to be done before a step";
    case E::kResidentBesideLoader:
    case E::kDelayPrepare: return made_.loads() ? "" : "there is no loader";
    case E::kDeepReadAhead:
      return !made_.loads() ? "there is no loader" : made_.depth == 0 ? "nothing is read ahead" : "";
    case E::kDrainRead:
    case E::kCached:
    case E::kCold:
    case E::kDelayFetch: return made_.fetch > 0 ? "" : "nothing is read";
    case E::kDrainDecode: return made_.decode > 0 && made_.augment > 0 ? "" : "the same as R3";
    case E::kFewerWorkers: return made_.loads() && made_.prepare_threads > 1 ? "" : "there is one";
    case E::kNoAugment: return made_.augment + made_.transform > 0 ? "" : "there is none";
    case E::kHostBatch:
    case E::kPageableBatch: return made_.transfer > 0 ? "" : "host and device are one";
    default: return "";
  }
}

std::string SyntheticPipeline::cannot_device(Experiment experiment) const {
  const auto known = [](double factor) { return factor > 0 ? "" : "not of this device"; };
  switch (experiment) {
    case E::kHalfPrecision: return known(made_.half_factor);
    case E::kFastMath: return known(made_.fast_math_factor);
    case E::kGraph: return known(made_.graph_factor);
    case E::kNoReduction: return made_.reduce ? "" : "one process";
    case E::kNoSync: return facts_.device_is_host ? "the host does the work itself" : "";
    case E::kOneThread: return facts_.training_threads > 1 ? "" : "there is one";
    default: return "";
  }
}

LoaderPlan SyntheticPipeline::loader_plan(const Trial& trial) const {
  LoaderPlan plan;
  plan.fetch_s = kMs * made_.fetch;
  plan.decode_s = kMs * made_.decode;
  plan.augment_s = kMs * made_.augment;
  plan.preparation = made_.preparation;
  plan.fetch_threads = made_.fetch_threads;
  plan.prepare_threads = made_.prepare_threads;
  plan.pool = made_.pool;
  plan.depth = made_.depth;
  plan.cv = made_.cv;
  plan.slow_share = made_.slow_share;
  plan.slow_factor = made_.slow_factor;
  plan.seed = seed_;
  const auto shared = [&](P part) { return trial.delay_s * static_cast<double>(plan.threads_of(part)); };
  switch (trial.experiment) {
    case E::kDrainRead: plan.decode_s = plan.augment_s = 0; break;
    case E::kDrainDecode:
    case E::kNoAugment: plan.augment_s = 0; break;
    case E::kCached: plan.fetch_s = 0; break;
    case E::kDelayFetch: plan.fetch_delay_s = shared(P::kFetch); break;
    case E::kDelayPrepare: plan.prepare_delay_s = shared(P::kDecode); break;
    case E::kDeepReadAhead: plan.depth *= 4; break;
    case E::kFewerWorkers: plan.prepare_threads = std::max<int64_t>(1, plan.prepare_threads * 3 / 4); break;
    default: break;
  }
  return plan;
}

StepPlan SyntheticPipeline::step_plan(const Trial& trial) const {
  double batches = 1, work = 1, launch = 1;
  bool backward = true, update = true, reduce = made_.reduce, wait = true, alone = false;
  switch (trial.experiment) {
    case E::kForward: backward = update = reduce = false; break;
    case E::kForwardBackward: update = false; break;
    case E::kHalfBatch: batches = 0.5; break;
    case E::kDoubleBatch: batches = 2; break;
    case E::kTiny: batches = 1.0 / kBatch; break;
    case E::kHalfPrecision: work = made_.half_factor; break;
    case E::kFastMath: work = made_.fast_math_factor; break;
    case E::kGraph: launch = made_.graph_factor; break;
    case E::kOneThread:
      work = static_cast<double>(made_.training_threads);
      alone = true;
      break;
    case E::kNoReduction: reduce = false; break;
    case E::kNoSync: wait = false; break;
    default: break;
  }
  const double passes = kMs * work * (made_.fixed_share + (1 - made_.fixed_share) * batches);
  StepPlan plan;
  plan.launch_s = kMs * launch * made_.launch;
  plan.forward_s = passes * made_.forward;
  plan.backward_s = backward ? passes * made_.backward : 0;
  plan.update_s = update ? kMs * made_.update : 0;
  plan.wait_s = wait ? kMs * made_.wait : 0;
  plan.reduce = reduce;
  plan.wire_s = kMs * made_.wire;
  plan.late_s = kMs * made_.late;
  plan.queued = made_.queued;
  plan.alone = alone;
  if (is_full(trial.experiment) || trial.experiment == E::kHostBatch) plan.transfer_s = kMs * made_.transfer;
  if (trial.experiment == E::kPageableBatch) plan.transfer_s = kMs * made_.pageable_factor * made_.transfer;
  plan.pageable = trial.experiment == E::kPageableBatch;
  if (trial.experiment == E::kDelayCompute) plan.delay_s = trial.delay_s;
  return plan;
}

SyntheticPipeline::Lane& SyntheticPipeline::lane(const Trial& trial) {
  Lane& found = lanes_[trial.experiment];
  if (!found.loader && made_.loads()) found.loader = std::make_unique<SyntheticLoader>(loader_plan(trial));
  return found;
}

Window SyntheticPipeline::run(const Trial& trial, double seconds_long) {
  if (trial.experiment == E::kDoubleBatch && !made_.double_fits) throw std::bad_alloc();
  switch (trial.experiment) {
    case E::kDrain:
    case E::kDrainRead:
    case E::kDrainDecode: return drain(trial, seconds_long);
    default: return is_full(trial.experiment) ? run_full(trial, seconds_long) : run_resident(trial, seconds_long);
  }
}

void SyntheticPipeline::gather(bool transform, PartSeconds& busy) {
  const int64_t begin = now_ns();
  spend(Work::kSpin, kMs * made_.assemble);
  const int64_t assembled = now_ns();
  if (transform) spend(Work::kSpin, kMs * made_.transform);
  busy[at(P::kAssemble)] += seconds(assembled - begin);
  busy[at(P::kTransform)] += seconds(now_ns() - assembled);
}

Window SyntheticPipeline::run_full(const Trial& trial, double seconds_long) {
  Lane& lane = this->lane(trial);
  const StepPlan plan = step_plan(trial);
  PartSeconds busy{};
  const auto step = [&] {
    if (lane.loader) lane.loader->take();
    gather(trial.experiment != E::kNoAugment, busy);
    step_.run(plan);
  };
  step_.begin(plan);
  if (lane.loader) lane.loader->resume();
  // The first time, until all that is read ahead was turned over; later, until the threads are in step again.
  const int64_t depth = made_.depth * (trial.experiment == E::kDeepReadAhead ? 4 : 1);
  const int64_t warm_up = lane.warm || !lane.loader ? 3 : 4 + 2 * depth;
  for (int64_t i = 0; i < warm_up; ++i) step();
  lane.warm = true;
  step_.synchronize();
  busy = {};
  const PartSeconds before = lane.loader ? lane.loader->spent() : PartSeconds{};
  Window window = time_steps(seconds_long, step, [&] { step_.synchronize(); });
  const PartSeconds after = lane.loader ? lane.loader->spent() : PartSeconds{};
  if (lane.loader) lane.loader->pause();
  step_.end();
  if (trial.experiment == E::kFull) {
    for (size_t part = 0; part < kParts; ++part)
      busy[part] = (busy[part] + after[part] - before[part]) / static_cast<double>(window.steps);
    busy[at(P::kCompute)] = busy[at(P::kTransfer)] = busy[at(P::kReduce)] = std::nan("");
    window.busy_s = busy;
  }
  return window;
}

// One batch that is there; beside a loader, whose batches are taken as they come and dropped, or alone.
Window SyntheticPipeline::run_resident(const Trial& trial, double seconds_long) {
  const StepPlan plan = step_plan(trial);
  SyntheticLoader* loader = trial.experiment == E::kResidentBesideLoader ? lane(trial).loader.get() : nullptr;
  const auto step = [&] {
    if (loader != nullptr) loader->try_take();
    step_.run(plan);
  };
  step_.begin(plan);
  if (loader != nullptr) loader->resume();
  for (int64_t i = 0; i < 2; ++i) step();
  step_.synchronize();
  const double skew_before = step_.skew_s();
  Window window = time_steps(seconds_long, step, [&] { step_.synchronize(); });
  window.skew_s = (step_.skew_s() - skew_before) / static_cast<double>(window.steps);
  if (loader != nullptr) loader->pause();
  step_.end();
  return window;
}

Window SyntheticPipeline::drain(const Trial& trial, double seconds_long) {
  if (!made_.loads()) {
    PartSeconds busy{};
    Window window = time_steps(seconds_long, [&] { gather(true, busy); }, [] {});
    for (double& part : busy) part /= static_cast<double>(window.steps);
    window.busy_s = busy;
    return window;
  }
  SyntheticLoader& loader = *lane(trial).loader;
  loader.resume();
  // What was made while nobody took it says nothing of the pace.
  for (size_t i = 0, count = loader.ready() + 3; i < count; ++i) loader.take();
  const PartSeconds before = loader.spent();
  Window window = time_steps(seconds_long, [&] { loader.take(); }, [] {});
  PartSeconds busy = loader.spent();
  loader.pause();
  for (size_t part = 0; part < kParts; ++part)
    busy[part] = (busy[part] - before[part]) / static_cast<double>(window.steps);
  if (trial.experiment != E::kDrain) return window;
  // What follows in the thread that trains.
  constexpr int kTimes = 3;
  PartSeconds gathered{};
  for (int i = 0; i < kTimes; ++i) gather(true, gathered);
  for (size_t part = 0; part < kParts; ++part) busy[part] += gathered[part] / kTimes;
  window.busy_s = busy;
  return window;
}

std::optional<OperatorProfile> SyntheticPipeline::profile() {
  OperatorProfile out;
  const double compute_s = kMs * (made_.forward + made_.backward + made_.update);
  if (made_.device == Work::kTraffic || made_.device == Work::kArithmetic) {
    out.peak_bytes_per_s = peak_bytes_per_s();
    out.peak_flops_per_s = peak_flops_per_s();
    const int64_t begin = now_ns();
    spend(made_.device, compute_s);
    const double took = seconds(now_ns() - begin);
    const bool traffic = made_.device == Work::kTraffic;
    // Two FLOP an element that is read and written; or all in registers.
    const double bytes = traffic ? compute_s * out.peak_bytes_per_s : 0;
    out.operators.push_back({"kernel", took, traffic ? bytes / 8 : compute_s * out.peak_flops_per_s, bytes});
    return out;
  }
  if (made_.reach_math + made_.reach_memory <= 0) return std::nullopt;
  constexpr int kOperators = 20;
  out.peak_flops_per_s = 1e14;
  out.peak_bytes_per_s = 1e12;
  for (int i = 0; i < kOperators; ++i) {
    const double each = compute_s / kOperators;
    out.operators.push_back({"operator " + std::to_string(i), each, made_.reach_math * each * out.peak_flops_per_s,
                             made_.reach_memory * each * out.peak_bytes_per_s});
  }
  return out;
}

void SyntheticPipeline::pretend(Measurements& measurements) const {
  if (made_.clock_mhz > 0)
    measurements.conditions.clock_mhz = measurements.conditions.least_clock_mhz = made_.clock_mhz;
}

}  // namespace hasten::diagnose
