// Rounds of made-up times, for tests of what is made of them.
#pragma once

#include <cmath>
#include <initializer_list>
#include <map>
#include <utility>

#include "hasten/diagnose/session.h"

namespace hasten::diagnose::test {

// Milliseconds a step.
using StepTimes = std::map<Experiment, double>;

inline Window window_of(double ms) {
  Window window;
  window.steps = 10;
  window.seconds = 10 * 1e-3 * ms;
  return window;
}

inline PartSeconds busy_ms(std::initializer_list<std::pair<Part, double>> parts) {
  PartSeconds busy{};
  for (const auto& [part, ms] : parts) busy[static_cast<size_t>(part)] = 1e-3 * ms;
  return busy;
}

// A loader of one chain beside training: fetch, decode and augment as they are in R3.
inline Measurements measured(const StepTimes& times, const PartSeconds& drained = {}, size_t rounds = 5) {
  Measurements out;
  out.facts.subject = "made up";
  out.facts.device_is_host = false;
  out.facts.cores = 4;
  out.facts.workers = 2;
  out.facts.batch = 32;
  out.facts.chains = {{Part::kFetch, Part::kDecode, Part::kAugment},
                      {Part::kAssemble, Part::kTransform, Part::kTransfer, Part::kCompute, Part::kReduce}};
  out.delay_s = 0.15e-3 * times.at(Experiment::kFull);
  for (size_t i = 0; i < rounds; ++i) {
    Round round;
    for (const auto& [experiment, ms] : times) round[experiment] = window_of(ms);
    if (const auto drain = round.find(Experiment::kDrain); drain != round.end()) drain->second.busy_s = drained;
    out.rounds.push_back(std::move(round));
  }
  return out;
}

// A step with nothing wrong: 10 ms of the device, a loader that needs 4.
inline StepTimes quiet() {
  using E = Experiment;
  return {{E::kFull, 10}, {E::kResident, 10}, {E::kResidentBesideLoader, 10},
          {E::kDrain, 4}, {E::kTiny, 1},      {E::kForwardBackward, 9.5}};
}
inline StepTimes with(StepTimes times, std::initializer_list<std::pair<const Experiment, double>> changes) {
  for (const auto& [experiment, ms] : changes) times[experiment] = ms;
  return times;
}
inline PartSeconds quiet_loader() { return busy_ms({{Part::kFetch, 1}, {Part::kDecode, 2}, {Part::kAugment, 1}}); }

}  // namespace hasten::diagnose::test
