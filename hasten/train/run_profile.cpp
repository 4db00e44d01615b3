// The profile of some steps of a run.
#include "hasten/train/run_profile.h"

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten {

RunProfile::RunProfile(ProfileSteps steps, Engine& engine)
    : steps_(std::move(steps)),
      engine_(engine),
      lack_(cat("there is no profile: the run ended before step ", steps_.first, " of --profile")) {}

RunProfile::~RunProfile() {
  if (profiler_) engine_.set_probe(nullptr);
}

void RunProfile::before_step(int64_t step) {
  if (step == steps_.first) {
    profiler_.emplace();
    engine_.set_probe(this);
  }
  if (profiler_) step_.emplace(cat("ProfilerStep#", step));
}

void RunProfile::after_step(int64_t step) {
  step_.reset();
  if (step + 1 == steps_.last) finish();
}

void RunProfile::finish() {
  if (!profiler_) return;
  engine_.set_probe(nullptr);
  lack_.clear();
  try {
    profiler_->write(steps_.file);
  } catch (const DataError& error) {  // training is worth more than its profile
    lack_ = error.what();
  }
  profiler_.reset();
}

void RunProfile::before(const MethodSpec& spec, Site site) {
  calls_.push_back(std::make_unique<ProfileRange>(cat(site.name(), ": ", spec.name)));
}

void RunProfile::after(const MethodSpec&, Site) { calls_.pop_back(); }

}  // namespace hasten
