// A diagnosis of a recipe from end to end: experiments, verdict, advice, and whether the advice holds.
#pragma once

#include <stdexcept>

#include "hasten/study/candidates.h"
#include "hasten/study/recipe_subject.h"

namespace hasten {

struct ExamineOptions {
  diagnose::SessionOptions session;
  SubjectOptions subject;
  double at = 0;         // share of the budget at which steps are looked at
  bool apply = false;    // try the advice if there is a verdict; takes about as long again
  size_t most_applied = 4;
  std::vector<std::string> attempts;  // changes to try whatever the advice is; see candidate_of()
  // Before a remedy is tried.
  std::function<void(const diagnose::Remedy&)> announce_remedy;
};

// The best of the advice, if it is to be applied, and what was asked for: in that order, each once. Without a verdict, or on a
// throttled machine, the advice is left alone, and so is what takes longer to prepare than all experiments.
std::vector<diagnose::Remedy> remedies_to_try(const diagnose::Examination& found,
                                              const std::vector<diagnose::Candidate>& candidates,
                                              const Catalogue& catalogue, const ExamineOptions& options);

// An interruption before anything was known.
class ExamineInterrupted : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws ConfigError for a recipe that cannot be trained, and, naming the experiment, for one that fails in it; and
// ExamineInterrupted. An interruption later on gives what is known by then.
diagnose::Examination examine(const EditRecipe& edit, const Registry& registry, const ExamineOptions& options);

}  // namespace hasten
