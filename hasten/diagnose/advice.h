// What to do about it: which changes shorten the step, by how much, and which well-known ones will not, and why.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hasten/diagnose/diagnosis.h"
#include "hasten/spec/method_spec.h"

namespace hasten::diagnose {

// A change of the recipe that could be made: a method of the catalogue, or a setting.
struct Candidate {
  std::string name;                // "mixed_precision", "loader.residence=memory"
  std::vector<std::string> with, without, set;  // as on the command line
  const MethodSpec* spec = nullptr;  // of a method
  Effect effect;                   // on the parts of a step, by analysis
  std::optional<Experiment> measured;  // the experiment that is this change, or nearly
  int64_t threads = 0;             // of the kernels; 0: as they are
  bool packs = false;              // wants a packed copy of the data set, whose path is set then
  double prepare_s = 0;            // that takes so long
  double samples = 1;              // a step of the changed recipe has so many times the samples
  std::string note;                // what it may cost otherwise: "changes the number of updates"
  bool there = false;              // it is part of the recipe already
  std::string unweighed;           // why nothing is predicted of it; empty: it is weighed
};

struct Remedy {
  Candidate candidate;
  double gain = 1;  // predicted: time a sample before over after; of one that is only bounded, a guess to order by
  double most = 1;  // not above that, whatever it does: S_max of what it relieves
  double tolerance = kLeastTolerance;  // a gain below it is not told from none: of the experiment, where one was made
  Limit next = Limit::kOther;  // what holds the step back afterwards; kOther: as before
  bool predicted = true;  // false: somebody wants to see it tried, the model has no word on it
  bool bound_only = false;  // the stage model does not explain the run: the gain is only bounded by that
  std::string basis;  // "measured by R9", "stage model: compute to 0.61", and whether that is unsure
  bool pays() const { return gain >= 1 + tolerance; }
};

struct NoHelp {
  std::string name, why;
};

struct Advice {
  std::vector<Remedy> remedies;  // that pay, the largest gain first
  std::vector<NoHelp> not_here;  // that make steps cheaper elsewhere, and why not here
  std::vector<NoHelp> makes_worse;  // that add to what holds the step back
  std::vector<NoHelp> not_weighed;  // that say they relieve what was found, without a number for it, and why
  std::vector<std::string> fewer_steps;  // methods whose gain is fewer steps, which no step time shows
  std::vector<std::string_view> settings;  // of the limit's own, in words
};

// What the stage model, or an experiment that is this change, says of it.
Remedy predict(const Diagnosis& diagnosis, const Candidate& candidate);

// `catalogue`: all methods, so that those that are no candidates are spoken of, too.
Advice advise(const Diagnosis& diagnosis, const std::vector<Candidate>& candidates,
              const std::vector<MethodSpec>& catalogue);

// What came of it when it was tried.
struct Realised {
  Remedy remedy;
  double gain = 1;  // time a sample before over after, side by side
  Range interval;
  std::string failed;  // why it could not be tried; empty otherwise
  double ratio() const { return gain / remedy.gain; }
};

}  // namespace hasten::diagnose
