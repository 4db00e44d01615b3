// A training pipeline whose limit is known because it is made that way: real threads that sleep and spin for given times.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "hasten/diagnose/session.h"
#include "tests/diagnose/synthetic_loader.h"
#include "tests/diagnose/synthetic_step.h"

namespace hasten::diagnose {

// All times in milliseconds a step, of one thread.
struct SyntheticCase {
  std::string name;
  // The loader. Without any of its times there is none.
  double fetch = 0, decode = 0, augment = 0;
  Work preparation = Work::kSpin;
  int64_t fetch_threads = 1, prepare_threads = 1;
  bool pool = false;  // each thread reads, decodes and augments, batch by batch
  int64_t depth = 4;  // read ahead between two stages; 0: nothing is
  double cv = 0;  // of the loader's parts
  double slow_share = 0, slow_factor = 1;  // rare batches that take long to read
  // The thread that trains.
  double assemble = 0, transform = 0;
  double transfer = 0, pageable_factor = 2;
  double launch = 0, forward = 0, backward = 0, update = 0;
  double fixed_share = 0.05;  // of forward and backward: does not shrink with the batch
  double wait = 0;  // for a value of the device
  Work device = Work::kSleep;
  int64_t training_threads = 1;
  bool queued = false;  // the host runs ahead of the device
  // What experiments make of it; 0: they cannot be made.
  double half_factor = 0, fast_math_factor = 0, graph_factor = 0;
  bool double_fits = true;
  // Two processes.
  bool reduce = false;
  double wire = 0, late = 0;
  // What the operators reach of the peaks, where it is known.
  double reach_math = 0, reach_memory = 0;
  // What the machine would say of its clock; 0: nothing.
  double clock_mhz = 0, nominal_mhz = 0;

  bool loads() const { return fetch + decode + augment > 0; }
};

class SyntheticPipeline : public Subject {
 public:
  explicit SyntheticPipeline(SyntheticCase made, uint64_t seed = 0);
  const Facts& facts() const override { return facts_; }
  std::string cannot(Experiment experiment) override;
  Window run(const Trial& trial, double seconds) override;
  std::optional<OperatorProfile> profile() override;
  // Conditions that a case can only pretend.
  void pretend(Measurements& measurements) const;

 private:
  // A loader as an experiment wants it; its queues keep their state from window to window.
  struct Lane {
    std::unique_ptr<SyntheticLoader> loader;
    bool warm = false;
  };
  std::string cannot_input(Experiment experiment) const;
  std::string cannot_device(Experiment experiment) const;
  void describe();
  Lane& lane(const Trial& trial);
  LoaderPlan loader_plan(const Trial& trial) const;
  StepPlan step_plan(const Trial& trial) const;
  Window run_full(const Trial& trial, double seconds);
  Window run_resident(const Trial& trial, double seconds);
  Window drain(const Trial& trial, double seconds);
  // In the thread that trains, before a step; adds what it took.
  void gather(bool transform, PartSeconds& busy);

  const SyntheticCase made_;
  const uint64_t seed_;
  Facts facts_;
  SyntheticStep step_;
  std::map<Experiment, Lane> lanes_;
};

}  // namespace hasten::diagnose
