// Changes that could make steps shorter.
#include "hasten/study/candidates.h"

#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/base/machine.h"
#include "hasten/base/text.h"
#include "hasten/core/prelude.h"
#include "hasten/spec/explain.h"
#include "hasten/study/packed_copy.h"
#include "hasten/train/plan_recipe.h"

namespace hasten {
namespace {

using diagnose::Candidate;
using diagnose::Experiment;
using P = diagnose::Part;

constexpr double kNoticeable = 0.995;  // of the FLOPs
constexpr int64_t kShareOfMemory = 4;  // decoded data may take that part of it

bool uses_prelude(const MethodSpec& spec) {
  return std::any_of(spec.uses.begin(), spec.uses.end(),
                     [](const Use& use) { return use.site == Site(Prelude::kSeam); });
}

bool worsens(const MethodSpec& spec, Bottleneck bottleneck) {
  return std::find(spec.worsens.begin(), spec.worsens.end(), bottleneck) != spec.worsens.end();
}

double flops_of(const CostEstimate& cost) { return cost.forward + cost.backward; }

// What becomes of a resident step when FLOPs change. The update goes by the elements that it changes, and what starting
// operators takes by the passes, a third of it by the forward ones.
double compute_factor(const diagnose::Times& times, const CostEstimate& before, const CostEstimate& after) {
  const double whole = times.at(Experiment::kResident).value_or(times.get(Experiment::kFull));
  const double passes = std::min(whole, times.at(Experiment::kForwardBackward).value_or(whole));
  const double update = whole - passes;
  const double starting = std::clamp(times.at(Experiment::kTiny).value_or(update) - update, 0.0, passes);
  const double ratio = flops_of(after) / flops_of(before);
  const double starts =
      (after.forward_passes + 2 * after.backward_passes) / (before.forward_passes + 2 * before.backward_passes);
  return ((passes - starting) * ratio + starting * starts + update * after.updated / before.updated) / whole;
}

class Candidates {
 public:
  Candidates(const Recipe& recipe, const EditRecipe& edit, const Registry& registry, const diagnose::Times& times,
             const diagnose::Facts& facts, const diagnose::StageModel& model)
      : recipe_(recipe), edit_(edit), registry_(registry), times_(times), facts_(facts), model_(model) {}

  void methods() {
    const PlannedRun as_it_is = plan_recipe(recipe_, registry_);
    const CostEstimate before = as_it_is.engine.estimate_cost(as_it_is.plan);
    for (const MethodSpec& spec : registry_.catalogue().all()) {
      Candidate candidate;
      candidate.name = spec.name;
      candidate.with = {spec.name};
      candidate.spec = &spec;
      candidate.note = "quality: 'hasten race' tells";
      candidate.there = std::any_of(recipe_.methods.begin(), recipe_.methods.end(),
                                    [&](const MethodChoice& choice) { return choice.spec->name == spec.name; });
      const bool cheaper = spec.saves == Factor::kIterationCost || spec.saves == Factor::kBoth;
      if (!candidate.there && (!cheaper || !weigh(candidate, as_it_is, before))) continue;
      found_.push_back(std::move(candidate));
    }
  }

  void precision_batch_threads() {
    Candidate batch;
    batch.name = cat("batch.size=", 2 * facts_.batch);
    batch.set = {batch.name};
    batch.measured = Experiment::kDoubleBatch;
    batch.samples = 2;
    batch.note = "half as many updates an epoch: 'hasten race' tells what that does to quality";
    if (times_.has(Experiment::kDoubleBatch)) add(std::move(batch));
    Candidate thread;
    thread.name = "--threads 1";
    thread.threads = 1;
    thread.measured = Experiment::kOneThread;
    if (times_.has(Experiment::kOneThread)) add(std::move(thread));
  }

  void loading(const StreamedData& data) {
    if (facts_.workers == 0) return;
    const int64_t decoded_bytes = data.decoded_bytes;
    if (data.packing) pack(*data.packing);
    if (decoded_bytes > 0 && decoded_bytes < this_machine().available_bytes / kShareOfMemory) {
      Candidate memory;
      memory.name = "loader.residence=memory";
      memory.set = {"loader.residence=\"memory\"", "loader.augment=\"batch\""};
      for (P part : {P::kFetch, P::kDecode, P::kAugment}) memory.effect[part] = 0;
      // Flips, shifts and operations on pixels are done on the batch then, by all threads of the kernels.
      if (model_.parts()[static_cast<size_t>(P::kAugment)] > 0)
        memory.effect.added_s[static_cast<size_t>(P::kTransform)] = model_.parts()[static_cast<size_t>(P::kAugment)] *
                                                                    static_cast<double>(facts_.workers) /
                                                                    static_cast<double>(facts_.training_threads);
      memory.note = cat(si(static_cast<double>(decoded_bytes)), "B of memory, decoded once before training");
      add(std::move(memory));
    }
    if (facts_.workers < facts_.cores) {
      Candidate workers;
      workers.name = cat("loader.workers=", facts_.cores);
      workers.set = {workers.name};
      workers.effect.workers = static_cast<double>(facts_.cores) / static_cast<double>(facts_.workers);
      add(std::move(workers));
    }
    if (times_.has(Experiment::kFewerWorkers)) {
      Candidate fewer;
      fewer.name = cat("loader.workers=", std::max<int64_t>(1, facts_.workers * 3 / 4));
      fewer.set = {fewer.name};
      fewer.measured = Experiment::kFewerWorkers;
      add(std::move(fewer));
    }
    if (times_.has(Experiment::kDeepReadAhead)) {
      Candidate deeper;
      deeper.name = cat("loader.memory=", 4 * recipe_.loader.memory);
      deeper.set = {deeper.name};
      deeper.measured = Experiment::kDeepReadAhead;
      add(std::move(deeper));
    }
  }

  // A copy of the data set as pixels, which are read where images were decoded.
  void pack(const shards::FormatRates& rates) {
    const shards::FormatChoice choice = shards::choose_format(rates);
    const double decode_s = model_.parts()[static_cast<size_t>(P::kDecode)];
    const double bytes = rates.raw_bytes * static_cast<double>(rates.samples);
    if (decode_s <= 0 || bytes > static_cast<double>(rates.free_disk)) return;
    Candidate packed;
    packed.name = kPack;
    packed.packs = true;
    packed.prepare_s = packing_s(rates);
    const double copies = static_cast<double>(facts_.batch) / static_cast<double>(facts_.workers);
    packed.effect[P::kDecode] = std::min(1.0, copies * rates.raw_bytes / rates.copy_bytes_per_s / decode_s);
    if (!choice.raw_resident) packed.effect[P::kFetch] = rates.raw_bytes / rates.encoded_bytes;
    packed.note = cat("'hasten data pack ", data_files(recipe_),
                      " --format raw --out FOLDER', then data.path=FOLDER: ", si(bytes), "B of disk, packed in about ",
                      si(packed.prepare_s), "s");
    add(std::move(packed));
  }

  // Without what augments samples: an experiment measured it.
  void no_augmentation() {
    Candidate candidate;
    for (const MethodChoice& choice : recipe_.methods) {
      if (worsens(*choice.spec, Bottleneck::kAugment)) candidate.without.push_back(choice.spec->name);
    }
    if (candidate.without.empty() || !times_.has(Experiment::kNoAugment)) return;
    candidate.name = "without " + join(candidate.without, ", ");
    candidate.measured = Experiment::kNoAugment;
    candidate.note = "fewer kinds of samples: 'hasten race' tells what that does to quality";
    add(std::move(candidate));
  }

  std::vector<Candidate> take() { return std::move(found_); }

 private:
  // Throws ConfigError where the recipe refuses the change.
  PlannedRun planned(const Candidate& candidate) const { return plan_recipe(edit_(edits_of(candidate)), registry_); }

  // What a method makes of a step, or why that is not known. False where it leaves steps as they are, or is for other models.
  bool weigh(Candidate& candidate, const PlannedRun& as_it_is, const CostEstimate& before) {
    const auto& families = candidate.spec->families;
    if (!families.empty() && std::find(families.begin(), families.end(), as_it_is.plan.model.family) == families.end())
      return false;
    if (uses_prelude(*candidate.spec)) {
      candidate.unweighed = "it trains something before the run";
      return true;
    }
    try {
      const PlannedRun with_it = planned(candidate);
      if (with_it.plan.run.precision.compute != as_it_is.plan.run.precision.compute) {
        candidate.measured = Experiment::kHalfPrecision;
        candidate.note = "half precision: 'hasten race' tells what that does to quality";
        if (!times_.has(Experiment::kHalfPrecision)) candidate.unweighed = "R9 was left out";
        return true;
      }
      // Where it is samples that are left out, steps stay as long as they are, and become fewer.
      const RunPlan &run = with_it.plan.run, &was = as_it_is.plan.run;
      if (run.steps_vary != was.steps_vary || run.epoch_samples != was.epoch_samples) return false;
      const CostEstimate after = with_it.engine.estimate_cost(with_it.plan);
      if (flops_of(before) <= 0) candidate.unweighed = "FLOPs of a program's own module are not known";
      else if (flops_of(after) > kNoticeable * flops_of(before)) candidate.unweighed = "its plan has as many FLOPs";
      else candidate.effect[P::kCompute] = compute_factor(times_, before, after);
    } catch (const ConfigError&) {
      candidate.unweighed = "this recipe refuses it, and 'hasten explain RECIPE --with NAME' says why";
    }
    return true;
  }

  // What the recipe refuses is no candidate.
  void add(Candidate candidate) {
    try {
      if (candidate.threads == 0) planned(candidate);
    } catch (const ConfigError&) {
      return;
    }
    found_.push_back(std::move(candidate));
  }

  const Recipe& recipe_;
  const EditRecipe& edit_;
  const Registry& registry_;
  const diagnose::Times& times_;
  const diagnose::Facts& facts_;
  const diagnose::StageModel& model_;
  std::vector<Candidate> found_;
};

}  // namespace

RecipeEdits edits_of(const Candidate& candidate) { return {candidate.with, candidate.without, candidate.set}; }

Candidate candidate_of(const std::string& text, const std::vector<Candidate>& known, const Catalogue& catalogue) {
  for (const Candidate& candidate : known) {
    if (candidate.name == text) return candidate;
  }
  constexpr std::string_view kWithout = "without ", kThreads = "--threads ";
  Candidate out;
  out.name = text;
  const size_t bracket = text.find('('), equals = text.find('=');
  if (text.starts_with(kWithout)) {
    out.without = {text.substr(kWithout.size())};
  } else if (text.starts_with(kThreads)) {
    const std::string digits = text.substr(kThreads.size());
    if (digits.empty() || digits.size() > 4 || digits.find_first_not_of("0123456789") != std::string::npos)
      throw ConfigError("--try", "--threads and a number", "'" + text + "'");
    out.threads = std::stoll(digits);
  } else if (equals != std::string::npos && equals < bracket) {
    out.set = {text};
  } else {
    out.with = {text};
    out.spec = &catalogue.get(std::string(trim(std::string_view(text).substr(0, bracket))), "--try");
  }
  return out;
}

std::vector<Candidate> candidates_for(const Recipe& recipe, const EditRecipe& edit, const Registry& registry,
                                      const diagnose::Diagnosis& diagnosis, const diagnose::Facts& facts,
                                      const StreamedData& data) {
  Candidates candidates(recipe, edit, registry, diagnosis.times, facts, diagnosis.model);
  candidates.methods();
  candidates.precision_batch_threads();
  candidates.loading(data);
  candidates.no_augmentation();
  return candidates.take();
}

}  // namespace hasten
