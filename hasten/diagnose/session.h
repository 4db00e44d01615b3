// Times the experiments on a subject: one after the other, round by round, until the answers are tight or the time is up.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hasten/diagnose/conditions.h"
#include "hasten/diagnose/subject.h"

namespace hasten::diagnose {

// The windows of one pass over the experiments.
using Round = std::map<Experiment, Window>;

struct Measurements {
  Facts facts;
  std::vector<Round> rounds;
  std::map<Experiment, std::string> left_out;  // and why
  double delay_s = 0;  // a step, of R14
  std::optional<OperatorProfile> profile;
  Conditions conditions;
  double window_s = 0;
  bool interrupted = false;
};

struct SessionOptions {
  double seconds = 60;
  // least_rounds are made while there is time, and half of them, rounded up, in any case.
  int64_t least_rounds = 5, most_rounds = 40;
  double least_window_s = 0.02;
  double delay = 0.15;  // of R14, as a share of T0
  const std::atomic<bool>* stop = nullptr;  // set from outside: what is known so far
  // Before each window.
  std::function<void(Experiment, int64_t round, double seconds_left)> announce;
};

// Errors of the subject come through as ConfigError or DataError that name the experiment. Out of memory, where the
// subject says so by std::bad_alloc, leaves an experiment out, unless it is R0; and so does an error of no kind of ours,
// unless a verdict rests on the experiment. R5 is made after all rounds.
Measurements measure(Subject& subject, const SessionOptions& options);

// Medians over rounds, in seconds a step. Each experiment is compared with R0 of its own round, so that what drifts on the
// machine cancels.
class Times {
 public:
  // Of the rounds with these numbers, which may repeat.
  Times(const Measurements& measurements, std::span<const size_t> rounds);
  explicit Times(const Measurements& measurements);
  bool has(Experiment experiment) const { return at(experiment).has_value(); }
  std::optional<double> at(Experiment experiment) const { return seconds_[static_cast<size_t>(experiment)]; }
  double get(Experiment experiment) const;  // it must be there
  std::optional<PartSeconds> drained, full;  // what the parts were busy in R3 and R0
  double skew_s = 0;

 private:
  std::array<std::optional<double>, kExperiments> seconds_;
};

double median(std::vector<double> values);

// The numbers of `count` rounds, drawn in blocks of neighbours: what disturbs a machine lasts for more than one window.
std::vector<size_t> draw_rounds(size_t count, uint64_t draw);

}  // namespace hasten::diagnose
