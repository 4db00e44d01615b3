// A recipe as the subject of a diagnosis: its own pipeline and steps, with one thing changed at a time. Files, runs and
// checkpoints of the user stay as they are.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "hasten/diagnose/examination.h"
#include "hasten/train/step_driver.h"

namespace hasten {

class EnergyMeter;

struct SubjectOptions {
  uint64_t seed = 0;
  at::Device device = at::kCPU;
  MakeStepGraph step_graphs;
  int threads = 0;  // of the kernels while it runs; 0: as many as there are now
  bool drop_caches = false;  // R5, which has the kernel forget the data set's files
  int64_t memory_bytes = 0;  // of the host that experiments may take beside what is taken; 0: what the machine has left
};

class RecipeSubject final : public diagnose::Subject {
 public:
  RecipeSubject(const Recipe& recipe, const Registry& registry, SubjectOptions options);
  ~RecipeSubject() override;

  const diagnose::Facts& facts() const override { return facts_; }
  std::string cannot(diagnose::Experiment experiment) override;
  diagnose::Window run(const diagnose::Trial& trial, double seconds) override;
  std::optional<diagnose::OperatorProfile> profile() override;
  std::optional<double> resident_share() override;

  StepDriver& driver() { return *driver_; }
  std::optional<diagnose::RooflinePoint> roofline() const { return roofline_; }
  diagnose::MemoryHeadroom memory() const;
  // Joules a step of R0 or R1 so far, or nothing.
  std::optional<double> joules_a_step(diagnose::Experiment experiment) const;
  std::string energy_source() const;  // the counters; empty: there is none
  const std::string& energy_missing() const { return why_no_energy_; }

 private:
  struct Timers;
  class Lane;
  struct Energy {
    double joules = 0;
    int64_t steps = 0;
  };
  Lane& lane(diagnose::Experiment experiment);
  void describe();
  void warm_up(diagnose::Experiment experiment, double seconds, const std::function<void()>& step);
  void turn_over(Lane& lane, const std::function<void()>& step);
  Batch resident_batch(int64_t size);
  Batch fresh_batch(Lane& lane, Timers* timers);
  diagnose::Window time_steps(double seconds, const std::function<void()>& step);
  diagnose::Window time_with_energy(diagnose::Experiment experiment, double seconds, const std::function<void()>& step);
  diagnose::Window run_full(const diagnose::Trial& trial, double seconds);
  diagnose::Window run_resident(const diagnose::Trial& trial, double seconds);
  diagnose::Window run_beside_loader(double seconds);
  diagnose::Window run_host_batch(bool pinned, double seconds);
  diagnose::Window drain(diagnose::Experiment experiment, double seconds);
  diagnose::OperatorProfile profile_of_steps();
  std::string cannot_input(diagnose::Experiment experiment);
  std::string cannot_device(diagnose::Experiment experiment) const;
  bool streams() const;
  bool double_has_room() const;
  bool captures() const;  // steps are graphs of the device

  SubjectOptions options_;
  std::unique_ptr<StepDriver> driver_;
  std::map<diagnose::Experiment, std::unique_ptr<Lane>> lanes_;
  std::map<int64_t, Batch> resident_;  // by size
  std::set<diagnose::Experiment> warm_;
  diagnose::Facts facts_;
  std::optional<diagnose::RooflinePoint> roofline_;
  std::unique_ptr<EnergyMeter> energy_;
  std::string why_no_energy_;
  std::map<diagnose::Experiment, Energy> energies_;
  double step_s_ = 0;  // of R0, as it was last
  bool double_fits_ = true;
  int64_t bytes_before_ = 0;  // of this process, before its first step
  bool recorded_ = false;  // the graph, if steps are one, is that of the recipe's own steps
  int64_t tiny_ = 1;  // samples of R10
};

}  // namespace hasten
