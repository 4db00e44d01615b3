// How long a step takes, from how long its parts take: parts that run beside each other count by the slowest, parts that
// take turns by their sum. Predicts what a change of one part is worth; subtracting what a part is busy overstates it,
// up to twice.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "hasten/diagnose/session.h"

namespace hasten::diagnose {

// What a change does to the parts: factors on their work.
struct Effect {
  std::array<double, kParts> factor{1, 1, 1, 1, 1, 1, 1, 1};
  double workers = 1;  // times the loader's threads: the same work in less time, and no processor is given back
  std::array<double, kParts> added_s{};  // work that moves to a part from elsewhere, seconds a step
  double overlap = 0;  // 1: chains that took turns run beside each other afterwards
  double& operator[](Part part) { return factor[static_cast<size_t>(part)]; }
  double operator[](Part part) const { return factor[static_cast<size_t>(part)]; }
  double time(Part part) const;  // the factor on what the part takes
};

class StageModel {
 public:
  // `delay_s` is that of R14; 0: it was not made.
  StageModel(const Times& times, const Facts& facts, double delay_s = 0);

  // Seconds a step.
  double predict(const Effect& effect = {}) const;
  // T0 over what becomes of it: what the model does not explain stays as it is.
  double gain(const Effect& effect) const;
  // Whether the model says what R0 took, within 5%: else only what was measured is believed.
  bool explains() const { return error_ <= kAgreement; }
  double error() const { return error_; }  // |model - T0| / T0
  // Seconds a step of each part by itself; 0 where it is not there.
  const PartSeconds& parts() const { return parts_; }
  double full_s() const { return full_s_; }
  // Seconds a step beyond what the thread that trains has to do itself.
  double waited_s() const;
  // The chain with the longest time, and that time; -1 if nothing is known.
  size_t longest_chain() const;
  const std::vector<std::vector<Part>>& chains() const { return chains_; }
  double chain_s(size_t chain, const Effect& effect = {}) const;
  bool serial() const { return serial_; }

  static constexpr double kAgreement = 0.05;

 private:
  bool is_training(size_t chain) const;
  void split_loader(const Times& times);
  static bool feels_loader(const Times& times);
  double loader_share(const Effect& effect) const;
  double growth_of_slowing(const Times& times, double delay_s) const;

  std::vector<std::vector<Part>> chains_;
  PartSeconds parts_{};
  double full_s_ = 0, resident_s_ = 0, error_ = 0;
  double slowed_s_ = 0;  // what the loader's work adds to a step that does not wait for it
  double growth_ = 1;  // it goes with this power of that work
  double behind_ = 0;  // the loader's time over that of such a step: above 1 it does not keep up
  double robbed_s_ = 0;  // what training's work adds to the loader's time
  bool serial_ = false;
};

}  // namespace hasten::diagnose
