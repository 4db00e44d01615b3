// How batches reach the step in one experiment. Private to recipe_subject.
#pragma once

#include <utility>

#include "hasten/data/sample_stream.h"
#include "hasten/study/recipe_subject.h"

namespace hasten {

// What the thread that trains does before a step.
struct RecipeSubject::Timers {
  int64_t draw_ns = 0, transform_ns = 0;
};

// A way of batches into the step, as an experiment changes it.
class RecipeSubject::Lane {
 public:
  Lane(const StepDriver& driver, Dataset data) : input(driver, std::move(data)) {}
  StepDriver::Input input;
  bool transforms = true;
  bool full = false;  // what is read ahead has reached its steady state
  SampleStream* stream() const { return input.data().source().stream(); }
};

// The loader works while this lives, and for nobody afterwards, whatever happens.
class Unpaused {
 public:
  explicit Unpaused(SampleStream* stream) : stream_(stream) {
    if (stream_ != nullptr) stream_->pause(false);
  }
  ~Unpaused() {
    if (stream_ != nullptr) stream_->pause(true);
  }
  Unpaused(const Unpaused&) = delete;
  Unpaused& operator=(const Unpaused&) = delete;

 private:
  SampleStream* stream_;
};

}  // namespace hasten
