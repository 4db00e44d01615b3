// The cases, by where their limit lies.
#include "tests/diagnose/synthetic_cases.h"

#include <algorithm>
#include <functional>

namespace hasten::diagnose {
namespace {

using E = Experiment;
using P = Part;

constexpr double kLongSession = 8;  // work of this machine, whose speed others' work changes
constexpr double kWaves = 2;  // threads of a pool hand over whole batches, so a short window sees more or fewer of them
constexpr double kVeryLongSession = 10;  // chance decides how long a step is

// A loader and a device, in milliseconds: storage, decoding, augmentation, computation.
SyntheticCase pipeline(std::string name, double fetch, double decode, double augment, double compute) {
  SyntheticCase made;
  made.name = std::move(name);
  made.fetch = fetch;
  made.decode = decode;
  made.augment = augment;
  made.forward = compute / 3;
  made.backward = compute - made.forward;
  made.update = 0;
  return made;
}

SyntheticRemedy change(const SyntheticCase& made, std::string words, const std::function<void(SyntheticCase&)>& edit) {
  SyntheticRemedy remedy;
  remedy.change = std::move(words);
  remedy.changed = made;
  edit(remedy.changed);
  const auto ratio = [](double before, double after) { return before > 0 ? after / before : 1; };
  const SyntheticCase& now = remedy.changed;
  remedy.effect[P::kFetch] = ratio(made.fetch, now.fetch);
  remedy.effect[P::kDecode] = ratio(made.decode, now.decode);
  remedy.effect[P::kAugment] = ratio(made.augment, now.augment);
  remedy.effect[P::kAssemble] = ratio(made.assemble, now.assemble);
  remedy.effect[P::kTransform] = ratio(made.transform, now.transform);
  remedy.effect[P::kTransfer] = ratio(made.transfer, now.transfer);
  remedy.effect[P::kReduce] = ratio(made.wire + made.late, now.wire + now.late);
  // Of computation, what a recipe's change is said to make of the device's own work.
  remedy.effect[P::kCompute] = ratio(made.forward + made.backward, now.forward + now.backward);
  return remedy;
}

// A change that is what an experiment measures.
SyntheticRemedy measured(const SyntheticCase& made, std::string words, Experiment experiment,
                         const std::function<void(SyntheticCase&)>& edit) {
  SyntheticRemedy remedy = change(made, std::move(words), edit);
  remedy.effect = {};
  remedy.measured = experiment;
  return remedy;
}

void faster_preparation(SyntheticCase& made) {
  made.decode /= 2;
  made.augment /= 2;
}
void faster_storage(SyntheticCase& made) { made.fetch /= 2; }
void faster_device(SyntheticCase& made) {
  made.forward /= 2;
  made.backward /= 2;
}

void add_reference(std::vector<KnownCase>& out) {
  SyntheticCase made = pipeline("storage", 6, 2, 1, 4);
  made.cv = 0.1;
  out.push_back({made, {Limit::kFetch}, change(made, "storage / 2", faster_storage)});
  made = pipeline("preparation", 3, 4.5, 1.5, 4);
  made.cv = 0.1;
  out.push_back({made, {Limit::kDecode}, change(made, "preparation / 2", faster_preparation)});
  made = pipeline("device", 3, 3, 1, 6);
  made.cv = 0.1;
  out.push_back({made, {Limit::kCompute}, change(made, "device / 2", faster_device)});
  made = pipeline("balanced", 5, 4, 1, 5);
  out.push_back({made, {Limit::kBalanced}, change(made, "preparation / 2", faster_preparation)});
  made = pipeline("bursty", 2, 1.5, 0.5, 2.5);
  made.cv = 1;
  made.depth = 1;
  out.push_back({made,
                 {Limit::kBurst},
                 measured(made, "read-ahead x 4", E::kDeepReadAhead, [](SyntheticCase& now) { now.depth *= 4; }),
                 kVeryLongSession});
  made = pipeline("serial", 3, 3, 1, 5);
  made.depth = 0;
  out.push_back({made, {Limit::kSerial}, change(made, "preparation / 2", faster_preparation)});
}

void add_loader(std::vector<KnownCase>& out) {
  SyntheticCase made = pipeline("pool decodes", 1, 7, 1, 3);
  made.pool = true;
  made.prepare_threads = 2;
  const auto less_decoding = [](SyntheticCase& now) { now.decode /= 2; };
  out.push_back({made, {Limit::kDecode}, change(made, "decoding / 2", less_decoding), kWaves});
  made = pipeline("pool reads", 6, 1.5, 0.5, 3);
  made.pool = true;
  made.prepare_threads = 2;
  out.push_back({made, {Limit::kFetch}, change(made, "storage / 2", faster_storage), kWaves});
  made = pipeline("pool elsewhere", 1, 10, 1, 3);
  made.pool = true;
  made.preparation = Work::kSleep;
  made.prepare_threads = 3;
  out.push_back({made, {Limit::kDecode}, change(made, "decoding / 2", less_decoding), kWaves});
  made = pipeline("augmentation", 1, 1, 4, 3);
  out.push_back(
      {made, {Limit::kAugment}, change(made, "augmentation / 2", [](SyntheticCase& now) { now.augment /= 2; })});
  made = pipeline("slow batches", 0.5, 0.3, 0.2, 2);
  made.slow_share = 0.1;
  made.slow_factor = 20;  // 1.45 ms on average: without bursts the device would bind
  made.depth = 1;
  out.push_back({made,
                 {Limit::kBurst},
                 measured(made, "read-ahead x 4", E::kDeepReadAhead, [](SyntheticCase& now) { now.depth *= 4; }),
                 kVeryLongSession});
  made = pipeline("serial pool", 2, 2, 0.5, 3);
  made.pool = true;
  made.depth = 0;
  SyntheticRemedy ahead = change(made, "read-ahead", [](SyntheticCase& now) { now.depth = 4; });
  ahead.effect.overlap = 1;
  out.push_back({made, {Limit::kSerial}, ahead, kWaves});
  made = pipeline("contention", 0, 4, 0, 3);
  made.pool = true;
  made.prepare_threads = 2;
  made.device = Work::kSpin;
  made.training_threads = 2;
  out.push_back({made, {Limit::kContention}, change(made, "decoding / 2", less_decoding), kWaves});
}

void add_training_thread(std::vector<KnownCase>& out) {
  SyntheticCase made = pipeline("copies", 1, 0.7, 0.3, 2.5);
  made.transfer = 2;
  out.push_back(
      {made, {Limit::kTransfer}, change(made, "half of the bytes", [](SyntheticCase& now) { now.transfer /= 2; })});
  made = pipeline("assembly", 1, 0.7, 0.3, 2.5);
  made.assemble = 2;
  out.push_back(
      {made, {Limit::kAssemble}, change(made, "assembly / 2", [](SyntheticCase& now) { now.assemble /= 2; })});
  made = pipeline("batch-wise", 1, 0.7, 0, 2.5);
  made.transform = 2;
  out.push_back(
      {made, {Limit::kAugment}, change(made, "transforms / 2", [](SyntheticCase& now) { now.transform /= 2; })});
  made = pipeline("waits for values", 1, 0.7, 0.3, 3);
  made.wait = 1.5;
  out.push_back(
      {made, {Limit::kSync}, measured(made, "no waits", E::kNoSync, [](SyntheticCase& now) { now.wait = 0; })});
  made = pipeline("waits that expose launches", 1, 0.7, 0.3, 3);
  made.queued = true;
  made.launch = 1.5;
  made.wait = 1;
  out.push_back(
      {made, {Limit::kSync}, measured(made, "no waits", E::kNoSync, [](SyntheticCase& now) { now.wait = 0; })});
  made = pipeline("launches", 1, 0.7, 0.3, 1);
  made.launch = 3;
  made.graph_factor = 0.1;
  out.push_back(
      {made, {Limit::kHost}, measured(made, "a graph", E::kGraph, [](SyntheticCase& now) { now.launch *= 0.1; })});
  made = pipeline("launches ahead", 1, 0.7, 0.3, 2.4);
  made.queued = true;
  made.launch = 4;
  made.graph_factor = 0.1;
  out.push_back(
      {made, {Limit::kHost}, measured(made, "a graph", E::kGraph, [](SyntheticCase& now) { now.launch *= 0.1; })});
}

void add_processes(std::vector<KnownCase>& out) {
  SyntheticCase made = pipeline("straggler", 1, 0.7, 0.3, 3);
  made.reduce = true;
  made.wire = 0.3;
  made.late = 1.7;
  out.push_back({made, {Limit::kStraggler}, change(made, "equal work", [](SyntheticCase& now) { now.late = 0; })});
  made = pipeline("communication", 1, 0.7, 0.3, 2);
  made.reduce = true;
  made.wire = 2.5;
  out.push_back({made, {Limit::kCommunication}, change(made, "wire / 2", [](SyntheticCase& now) { now.wire /= 2; })});
}

void add_device(std::vector<KnownCase>& out) {
  SyntheticCase made = pipeline("memory traffic", 1, 0.7, 0.3, 4);
  made.device = Work::kTraffic;
  out.push_back({made, {Limit::kBandwidth}, change(made, "device / 2", faster_device), kLongSession});
  made = pipeline("arithmetic", 1, 0.7, 0.3, 4);
  made.device = Work::kArithmetic;
  out.push_back({made, {Limit::kMath}, change(made, "device / 2", faster_device), kLongSession});
  made = pipeline("fast math helps", 1, 0.7, 0.3, 4);
  made.half_factor = 0.5;
  made.fast_math_factor = 0.6;
  out.push_back({made, {Limit::kMath}, measured(made, "fast math", E::kFastMath, [](SyntheticCase& now) {
                   now.forward *= 0.6;
                   now.backward *= 0.6;
                 })});
  made = pipeline("fewer bytes help", 1, 0.7, 0.3, 4);
  made.half_factor = 0.55;
  made.fast_math_factor = 1;
  out.push_back({made, {Limit::kBandwidth}, measured(made, "half precision", E::kHalfPrecision, [](SyntheticCase& now) {
                   now.forward *= 0.55;
                   now.backward *= 0.55;
                 })});
  made = pipeline("small operators", 1, 0.7, 0.3, 4);
  made.fixed_share = 0.4;
  made.reach_math = 0.1;
  made.reach_memory = 0.15;
  out.push_back({made, {Limit::kKernelLatency}, change(made, "device / 2", faster_device)});
  made = pipeline("update", 1, 0.7, 0.3, 2.4);
  made.update = 1.8;
  out.push_back({made, {Limit::kOptimizer}, measured(made, "no update", E::kForwardBackward, [](SyntheticCase& now) {
                   now.update = 0;
                 })});
  made = pipeline("memory is full", 0.7, 0.5, 0.2, 4);
  made.fixed_share = 0.35;
  made.double_fits = false;
  SyntheticRemedy twice = change(made, "twice the batch", [](SyntheticCase& now) {
    for (double* time : {&now.fetch, &now.decode, &now.augment}) *time *= 2;
    for (double* time : {&now.forward, &now.backward}) *time *= 0.35 + 2 * 0.65;
  });
  twice.samples = 2;
  for (const P part : {P::kFetch, P::kDecode, P::kAugment})
    twice.effect[part] = 1;  // what samples make of them is known
  out.push_back({made, {Limit::kCompute}, twice, 1, Limit::kMemory});
  made = pipeline("training on the host", 0, 0.7, 0.3, 4);
  made.device = Work::kSpin;
  out.push_back({made, {Limit::kCompute}, change(made, "computation / 2", faster_device)});
  made = pipeline("no loader", 0, 0, 0, 4);
  made.assemble = 0.3;
  out.push_back({made, {Limit::kCompute}, change(made, "device / 2", faster_device)});
  made = pipeline("throttled", 1, 0.7, 0.3, 4);
  made.nominal_mhz = 3000;
  made.clock_mhz = 2100;
  out.push_back({made, {Limit::kThrottled}, std::nullopt});
  made = pipeline("quota", 1, 0.7, 0.3, 4);
  made.device = Work::kSpin;
  out.push_back({made, {Limit::kThrottled}, std::nullopt, 1, std::nullopt, 0.5});
}

double step_s(SyntheticPipeline& pipeline, double window_s) {
  const Window window = pipeline.run({}, window_s);
  return window.seconds / static_cast<double>(window.steps);
}

}  // namespace

std::vector<KnownCase> known_cases() {
  std::vector<KnownCase> out;
  add_reference(out);
  add_loader(out);
  add_training_thread(out);
  add_processes(out);
  add_device(out);
  return out;
}

bool is_right(const KnownCase& known, const Diagnosis& diagnosis) {
  const auto is_found = [&](const Finding& finding) { return finding.what == known.beside; };
  if (known.beside && std::none_of(diagnosis.findings.begin(), diagnosis.findings.end(), is_found)) return false;
  return std::find(known.limits.begin(), known.limits.end(), diagnosis.primary().what) != known.limits.end();
}

std::optional<double> predicted_gain(const Diagnosis& diagnosis, const SyntheticRemedy& remedy) {
  Candidate candidate;
  candidate.name = remedy.change;
  candidate.effect = remedy.effect;
  candidate.measured = remedy.measured;
  candidate.samples = remedy.samples;
  const Remedy predicted = predict(diagnosis, candidate);
  if (predicted.bound_only) return std::nullopt;
  return predicted.gain;
}

double realised_gain(const KnownCase& known, uint64_t seed, int64_t rounds, double window_s) {
  SyntheticPipeline before(known.made, seed), after(known.remedy->changed, seed);
  step_s(before, window_s);
  step_s(after, window_s);
  std::vector<double> gains;
  for (int64_t round = 0; round < rounds; ++round) {
    // In turns, so that a drift of the machine meets both.
    const double first = step_s(round % 2 == 0 ? before : after, window_s);
    const double second = step_s(round % 2 == 0 ? after : before, window_s);
    gains.push_back(round % 2 == 0 ? first / second : second / first);
  }
  return known.remedy->samples * median(gains);
}

}  // namespace hasten::diagnose
