// A diagnosis from end to end.
#include "hasten/study/examine.h"

#include <algorithm>
#include <array>

#include "hasten/base/clock.h"
#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/data/sample_stream.h"
#include "hasten/study/packed_copy.h"

namespace hasten {
namespace {

using diagnose::Examination;
using diagnose::Experiment;
using diagnose::Realised;
using diagnose::Remedy;

constexpr int64_t kRounds = 5;
// Where in the budget both sides are looked at, for methods whose work changes as they go.
constexpr std::array kPlaces{0.1, 0.3, 0.5, 0.7, 0.9};

constexpr double kWorthPacking = 0.1;  // of a step is spent on decoding

StreamedData streamed_data(StepDriver& driver, const diagnose::Diagnosis& diagnosis, bool wants_packing) {
  const Dataset& data = driver.train_data();
  SampleStream* stream = data.source().stream();
  if (stream == nullptr) return {};
  const auto& [channels, height, width] = stream->shape();
  StreamedData out{data.size() * channels * height * width, std::nullopt};
  const double decode_s = diagnosis.model.parts()[static_cast<size_t>(diagnose::Part::kDecode)];
  if (wants_packing || decode_s > kWorthPacking * diagnosis.times.get(Experiment::kFull))
    out.packing = packing_rates(stream->index());
  return out;
}

bool was_interrupted(const ExamineOptions& options) {
  return options.session.stop != nullptr && options.session.stop->load();
}

double step_s(RecipeSubject& subject, double seconds_long) {
  const diagnose::Window window = subject.run({}, seconds_long);
  return window.seconds / static_cast<double>(window.steps);
}

// Both sides in turns; the gain is in time a sample.
Realised try_remedy(const Remedy& remedy, const EditRecipe& edit, const Registry& registry,
                    const ExamineOptions& options, double seconds_long) {
  Realised out;
  out.remedy = remedy;
  SubjectOptions changed = options.subject;
  if (remedy.candidate.threads > 0) changed.threads = static_cast<int>(remedy.candidate.threads);
  std::optional<PackedCopy> copy;
  RecipeEdits edits = edits_of(remedy.candidate);
  if (remedy.candidate.packs) {
    copy.emplace(data_files(edit({})), options.session.stop);
    edits.set.push_back(cat("data.path=", Json(copy->path().string()).dump()));
  }
  RecipeSubject before(edit({}), registry, options.subject), after(edit(edits), registry, changed);
  // A method that acts by the share of the budget is worth what it is worth over the whole of it.
  std::vector<double> places{options.at};
  if (remedy.candidate.spec != nullptr && !remedy.candidate.measured) places.assign(kPlaces.begin(), kPlaces.end());
  const double window_s =
      std::clamp(seconds_long / static_cast<double>(2 * kRounds * static_cast<int64_t>(places.size())), 0.02, 3.0);
  std::vector<double> before_s(kRounds, 0), after_s(kRounds, 0);
  for (double place : places) {
    before.driver().move_to(place);
    after.driver().move_to(place);
    for (size_t round = 0; round < kRounds; ++round) {
      if (was_interrupted(options)) throw ExamineInterrupted("between two windows");
      const bool first = round % 2 == 0;
      if (first) before_s[round] += step_s(before, window_s);
      after_s[round] += step_s(after, window_s);
      if (!first) before_s[round] += step_s(before, window_s);
    }
  }
  std::vector<double> gains;
  for (size_t round = 0; round < kRounds; ++round)
    gains.push_back(remedy.candidate.samples * before_s[round] / after_s[round]);
  out.gain = diagnose::median(gains);
  std::sort(gains.begin(), gains.end());
  out.interval = {gains.front(), gains.back()};
  return out;
}

void apply(Examination& out, const std::vector<Remedy>& remedies, const EditRecipe& edit, const Registry& registry,
           const ExamineOptions& options) {
  const double each_s = options.session.seconds / static_cast<double>(std::max<size_t>(remedies.size(), 1));
  for (const Remedy& remedy : remedies) {
    if (options.announce_remedy) options.announce_remedy(remedy);
    try {
      out.realised.push_back(try_remedy(remedy, edit, registry, options, each_s));
    } catch (const std::exception& error) {
      if (was_interrupted(options)) {
        out.notes.push_back(remedy.candidate.name + " was being tried when an interruption came");
        return;
      }
      Realised failed;
      failed.remedy = remedy;
      failed.failed = error.what();
      out.realised.push_back(std::move(failed));
    }
  }
}

// The energy of a step by what it was spent on: what R1 takes is the step's own work, and the rest of R0 is input. Both
// are measured, since what waits takes less power than what works.
void add_energy(const RecipeSubject& subject, Examination& out) {
  out.energy_source = subject.energy_source();
  out.energy_unavailable = subject.energy_missing();
  const std::optional<double> joules = subject.joules_a_step(Experiment::kFull),
                              own = subject.joules_a_step(Experiment::kResident);
  if (!joules) return;
  if (!own) {
    out.energy = {{"the whole step", *joules}};
    return;
  }
  const double computation = std::min(*joules, *own);
  out.energy = {{"computation", computation}, {"input", *joules - computation}};
}

void note_what_the_session_was(Examination& out) {
  const diagnose::Times& times = out.diagnosis.times;
  if (out.measurements.interrupted)
    out.notes.push_back(cat("interrupted: what ", out.measurements.rounds.size(),
                            out.measurements.rounds.size() == 1 ? " round tells" : " rounds tell"));
  if (!times.has(Experiment::kCold)) return;
  const double ratio = times.get(Experiment::kCold) / times.get(Experiment::kFull);
  const bool slower = ratio > 1 + out.diagnosis.tolerances[static_cast<size_t>(Experiment::kCold)];
  out.notes.push_back(
      slower ? cat("the first pass over the data, while its files are not in memory, waits for the storage: a step "
                   "takes ",
                   fixed(ratio, 2), " times as long (R5 against R0)")
             : "files that are not in memory yet do not make a step longer (R5 against R0)");
}

}  // namespace

std::vector<Remedy> remedies_to_try(const Examination& found, const std::vector<diagnose::Candidate>& candidates,
                                    const Catalogue& catalogue, const ExamineOptions& options) {
  std::vector<Remedy> out;
  if (options.apply && found.diagnosis.decided && found.diagnosis.primary().what != diagnose::Limit::kThrottled) {
    for (const Remedy& remedy : found.advice.remedies) {
      if (out.size() == options.most_applied) break;
      // What takes longer to prepare than all else is left to be asked for.
      if (remedy.candidate.prepare_s <= options.session.seconds) out.push_back(remedy);
    }
  }
  for (const std::string& text : options.attempts) {
    const diagnose::Candidate candidate = candidate_of(text, candidates, catalogue);
    if (std::any_of(out.begin(), out.end(), [&](const Remedy& one) { return one.candidate.name == candidate.name; }))
      continue;
    const bool known = std::any_of(candidates.begin(), candidates.end(), [&](const diagnose::Candidate& one) {
      return one.name == candidate.name && !one.there && one.unweighed.empty();
    });
    Remedy remedy;
    if (known) remedy = diagnose::predict(found.diagnosis, candidate);
    remedy.candidate = candidate;
    remedy.predicted = known;
    out.push_back(std::move(remedy));
  }
  return out;
}

Examination examine(const EditRecipe& edit, const Registry& registry, const ExamineOptions& options) {
  const Recipe recipe = edit({});
  RecipeSubject subject(recipe, registry, options.subject);
  subject.driver().move_to(options.at);
  diagnose::Measurements measurements = diagnose::measure(subject, options.session);
  if (measurements.rounds.empty())
    throw ExamineInterrupted("interrupted before a step was timed; nothing is known yet");
  diagnose::Diagnosis diagnosis = diagnose::diagnose(measurements);
  const auto& asked = options.attempts;
  const bool asks_for_packing = std::find(asked.begin(), asked.end(), kPack) != asked.end();
  const std::vector<diagnose::Candidate> candidates =
      candidates_for(recipe, edit, registry, diagnosis, measurements.facts,
                     streamed_data(subject.driver(), diagnosis, asks_for_packing));
  diagnose::Advice advice = diagnose::advise(diagnosis, candidates, registry.catalogue().all());
  Examination out{
      .measurements = std::move(measurements), .diagnosis = std::move(diagnosis), .advice = std::move(advice)};
  out.roofline = subject.roofline();
  out.memory = subject.memory();
  add_energy(subject, out);
  for (const std::string& name : subject.driver().left_out())
    out.notes.push_back(name + " trains something before the run and was left out");
  note_what_the_session_was(out);
  if (options.apply && !out.diagnosis.decided)
    out.notes.push_back("--apply tried nothing, since there is no verdict; --try NAME tries a change all the same");
  else if (options.apply && out.diagnosis.primary().what == diagnose::Limit::kThrottled)
    out.notes.push_back("--apply tried nothing on a throttled machine; --try NAME tries a change all the same");
  if (!out.measurements.interrupted)
    apply(out, remedies_to_try(out, candidates, registry.catalogue(), options), edit, registry, options);
  return out;
}

}  // namespace hasten
