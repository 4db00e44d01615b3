// The profile of some steps of a run: when it starts and ends, and the ranges of steps and methods in it.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hasten/core/engine.h"
#include "hasten/meter/profiler.h"

namespace hasten {

// Steps first..last-1, counted from 0.
struct ProfileSteps {
  int64_t first = 0, last = 0;
  std::filesystem::path file;  // empty: trace.json in the run's directory
};

class RunProfile final : private Engine::Probe {
 public:
  RunProfile(ProfileSteps steps, Engine& engine);
  ~RunProfile() override;
  // Around each step of the run.
  void before_step(int64_t step);
  void after_step(int64_t step);
  // Writes what there is, if the run ends earlier.
  void finish();
  // Why there is no profile now that the run has ended; empty if there is one.
  const std::string& lack() const { return lack_; }

 private:
  void before(const MethodSpec& spec, Site site) override;
  void after(const MethodSpec& spec, Site site) override;

  ProfileSteps steps_;
  Engine& engine_;
  std::string lack_;
  std::optional<Profiler> profiler_;
  std::optional<ProfileRange> step_;
  std::vector<std::unique_ptr<ProfileRange>> calls_;  // of methods, within each other
};

}  // namespace hasten
