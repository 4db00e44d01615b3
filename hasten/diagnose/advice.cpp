// Ranking of changes by the stage model.
#include "hasten/diagnose/advice.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <tuple>

#include "hasten/base/text.h"

namespace hasten::diagnose {
namespace {

// What the declared bottlenecks of methods are among the parts.
std::vector<Part> parts_of(Bottleneck bottleneck) {
  switch (bottleneck) {
    case Bottleneck::kStorage: return {Part::kFetch};
    case Bottleneck::kDecode: return {Part::kDecode};
    case Bottleneck::kAugment: return {Part::kAugment, Part::kTransform};
    case Bottleneck::kTransfer: return {Part::kTransfer};
    case Bottleneck::kCommunication: return {Part::kReduce};
    default: return {Part::kCompute};
  }
}

std::vector<Part> parts_of(Limit limit) {
  std::vector<Part> parts;
  for (Bottleneck bottleneck : info(limit).relieved_by) {
    for (Part part : parts_of(bottleneck)) parts.push_back(part);
  }
  return parts;
}

std::string_view name_of(Part part) { return choices(Part{})[static_cast<size_t>(part)]; }

Limit limit_of(Part part) {
  switch (part) {
    case Part::kFetch: return Limit::kFetch;
    case Part::kDecode: return Limit::kDecode;
    case Part::kAugment:
    case Part::kTransform: return Limit::kAugment;
    case Part::kAssemble: return Limit::kAssemble;
    case Part::kTransfer: return Limit::kTransfer;
    case Part::kReduce: return Limit::kCommunication;
    case Part::kCompute: return Limit::kCompute;
  }
  return Limit::kOther;
}

// The part that takes most of a chain.
Part largest_part(const StageModel& model, size_t chain, const Effect& effect) {
  Part largest = model.chains()[chain].front();
  for (Part part : model.chains()[chain]) {
    if (model.parts()[static_cast<size_t>(part)] * effect.time(part) >
        model.parts()[static_cast<size_t>(largest)] * effect.time(largest))
      largest = part;
  }
  return largest;
}

size_t longest_chain(const StageModel& model, const Effect& effect) {
  size_t longest = 0;
  for (size_t chain = 1; chain < model.chains().size(); ++chain) {
    if (model.chain_s(chain, effect) > model.chain_s(longest, effect)) longest = chain;
  }
  return longest;
}

std::string effect_text(const Effect& effect, const StageModel& model) {
  std::vector<std::string> words;
  for (size_t part = 0; part < kParts; ++part) {
    if (effect.factor[part] != 1 && model.parts()[part] > 0)
      words.push_back(cat(name_of(static_cast<Part>(part)), " x ", significant(effect.factor[part], 2)));
  }
  for (size_t part = 0; part < kParts; ++part) {
    if (effect.added_s[part] > 0)
      words.push_back(cat(name_of(static_cast<Part>(part)), " + ", significant(1e3 * effect.added_s[part], 2), " ms"));
  }
  if (effect.workers != 1) words.push_back(cat("loader threads x ", significant(effect.workers, 2)));
  if (effect.overlap > 0) words.push_back("chains overlap");
  return join(words, ", ");
}

// Those that ran whole steps; others ran on a batch that was there, and say what the step's own work becomes.
bool of_whole_steps(Experiment experiment) {
  return experiment == Experiment::kNoAugment || experiment == Experiment::kDeepReadAhead ||
         experiment == Experiment::kFewerWorkers || experiment == Experiment::kCached;
}

bool touches(const std::vector<Bottleneck>& bottlenecks, const std::vector<Bottleneck>& others) {
  return std::any_of(bottlenecks.begin(), bottlenecks.end(),
                     [&](Bottleneck one) { return std::find(others.begin(), others.end(), one) != others.end(); });
}

// Why a change that makes a part cheaper does not make the step shorter.
std::string why_not(const Diagnosis& diagnosis, const Remedy& remedy) {
  if (remedy.candidate.measured) {
    std::string tried =
        cat("it was tried in ", info(*remedy.candidate.measured).id, ": ", fixed(remedy.gain, 2), " times faster");
    if (std::abs(remedy.gain - 1) < remedy.tolerance)
      tried += cat(", which within ", fixed(100 * remedy.tolerance, 0), "% is not told from no change");
    return tried;
  }
  const StageModel& model = diagnosis.model;
  std::vector<std::string> saved;
  double seconds = 0;
  for (size_t part = 0; part < kParts; ++part) {
    const double factor = remedy.candidate.effect.time(static_cast<Part>(part));
    if (factor >= 1) continue;
    seconds += model.parts()[part] * (1 - factor);
    saved.emplace_back(name_of(static_cast<Part>(part)));
  }
  if (saved.empty()) return "";
  return cat("it saves ", significant(1e3 * seconds, 2), " ms of ", join(saved, " and "), ", but the run is ",
             hasten::diagnose::name_of(diagnosis.primary().what), ": at most ", fixed(remedy.most, 2), " times faster");
}

// What adds to a limit. All parts of the loader take turns in its threads, so what makes one longer delays the others.
std::vector<Bottleneck> adding_to(Limit limit) {
  switch (limit) {
    case Limit::kContention:
    case Limit::kFetch:
    case Limit::kRead:
    case Limit::kDecode:
    case Limit::kAugment: return {Bottleneck::kStorage, Bottleneck::kDecode, Bottleneck::kAugment};
    default: return info(limit).relieved_by;
  }
}

// What the measured times alone allow: without input T1 stays, without copies all but T2 - T1, and of the step's own work what
// its factor leaves, unless an experiment made the change.
double most_measured(const Diagnosis& diagnosis, const Candidate& candidate) {
  constexpr double kTellsNothing = 100;
  const Times& times = diagnosis.times;
  const double full = times.get(Experiment::kFull);
  const double resident = std::min(full, times.at(Experiment::kResident).value_or(full));
  const auto cheaper = [&](std::initializer_list<Part> parts) {
    return std::any_of(parts.begin(), parts.end(), [&](Part part) { return candidate.effect.time(part) < 1; });
  };
  double saved = 0;
  if (candidate.effect.overlap > 0 ||
      cheaper({Part::kFetch, Part::kDecode, Part::kAugment, Part::kAssemble, Part::kTransform})) {
    saved = full - resident;
  } else if (cheaper({Part::kTransfer})) {
    saved = std::clamp(times.at(Experiment::kHostBatch).value_or(full) - resident, 0.0, full - resident);
  }
  if (candidate.measured && times.has(*candidate.measured)) saved += resident - times.get(*candidate.measured);
  else if (cheaper({Part::kReduce})) saved += resident;
  else saved += resident * std::max(0.0, 1 - candidate.effect.time(Part::kCompute));
  return candidate.samples * full / std::max(full - saved, full / kTellsNothing);
}

// Of what was found, the primary limit and others, what a method says it relieves.
std::vector<std::string> relieved_by(const MethodSpec& spec, const Diagnosis& diagnosis) {
  std::vector<std::string> names;
  for (const Finding& finding : diagnosis.findings) {
    if (touches(spec.relieves, info(finding.what).relieved_by)) names.emplace_back(name_of(finding.what));
  }
  return names;
}

void speak_of_others(const Diagnosis& diagnosis, const std::vector<Candidate>& candidates,
                     const std::vector<MethodSpec>& catalogue, Advice& out) {
  const LimitInfo& limit = info(diagnosis.primary().what);
  const std::vector<Bottleneck> adding = adding_to(diagnosis.primary().what);
  for (const MethodSpec& spec : catalogue) {
    const auto candidate = std::find_if(candidates.begin(), candidates.end(), [&](const Candidate& one) {
      return one.spec != nullptr && one.name == spec.name;
    });
    const bool known = candidate != candidates.end();
    const std::vector<std::string> relieved = relieved_by(spec, diagnosis);
    if (touches(spec.worsens, adding)) {
      std::vector<std::string> more;
      for (Bottleneck bottleneck : spec.worsens) {
        for (Part part : parts_of(bottleneck)) {
          if (std::find(more.begin(), more.end(), name_of(part)) == more.end()) more.emplace_back(name_of(part));
        }
      }
      // Beside the device's own limit memory may be short, which is relieved by the very methods that compute more.
      const bool gives_memory = std::find(relieved.begin(), relieved.end(), name_of(Limit::kMemory)) != relieved.end();
      out.makes_worse.push_back(
          {spec.name, cat("it adds to ", join(more, ", "), ": the run is ", limit.name,
                          gives_memory ? cat("; yet it relieves ", name_of(Limit::kMemory)) : "")});
      continue;
    }
    if (known && (candidate->there || candidate->unweighed.empty())) continue;
    const bool fewer_samples =
        std::find(spec.relieves.begin(), spec.relieves.end(), Bottleneck::kStorage) != spec.relieves.end();
    if (!known && (spec.saves == Factor::kIterations || fewer_samples)) out.fewer_steps.push_back(spec.name);
    else if (!relieved.empty())
      out.not_weighed.push_back({spec.name, known ? candidate->unweighed : "it counts no fewer FLOPs a step"});
  }
}

}  // namespace

Remedy predict(const Diagnosis& diagnosis, const Candidate& candidate) {
  Remedy out;
  out.candidate = candidate;
  const StageModel& model = diagnosis.model;
  Effect effect = candidate.effect;
  if (diagnosis.primary().what == Limit::kThrottled) out.basis = "unsure, since the machine was throttled; ";
  else if (!diagnosis.decided) out.basis = "unsure, since there is no verdict; ";
  const bool measured = candidate.measured && diagnosis.times.has(*candidate.measured);
  if (measured) out.tolerance = diagnosis.tolerances[static_cast<size_t>(*candidate.measured)];
  if (measured && of_whole_steps(*candidate.measured)) {
    out.basis += cat("measured by ", info(*candidate.measured).id);
    out.gain = out.most = diagnosis.times.get(Experiment::kFull) / diagnosis.times.get(*candidate.measured);
    return out;
  }
  if (measured) {
    // An experiment measured the resident step of the changed recipe; the rest of the pipeline stays.
    effect[Part::kCompute] *= diagnosis.times.get(*candidate.measured) / diagnosis.times.get(Experiment::kResident);
    out.basis += cat("measured by ", info(*candidate.measured).id, "; ");
  }
  // Every part but computation and update grows with the samples of a step.
  if (candidate.samples != 1) {
    for (size_t part = 0; part < kParts; ++part) {
      if (static_cast<Part>(part) != Part::kCompute && static_cast<Part>(part) != Part::kReduce)
        effect.factor[part] *= candidate.samples;
      effect.added_s[part] *= candidate.samples;
    }
  }
  out.gain = candidate.samples * model.gain(effect);
  if (!model.explains()) {
    out.bound_only = true;
    out.most = most_measured(diagnosis, candidate);
    out.gain = std::min(out.gain, out.most);
    out.basis += "bounded by times as they were measured";
    return out;
  }
  out.basis += "stage model: " + effect_text(effect, model);
  Effect gone;  // what it touches at no cost at all
  for (size_t part = 0; part < kParts; ++part) {
    if (candidate.effect.factor[part] < 1) gone.factor[part] = 0;
  }
  if (candidate.effect.workers > 1) gone.workers = std::numeric_limits<double>::infinity();
  if (candidate.measured) gone[Part::kCompute] = 0;
  gone.overlap = candidate.effect.overlap;
  gone.added_s = candidate.effect.added_s;  // what moves elsewhere is not gone
  out.most = model.gain(gone);
  if (candidate.samples == 1) out.gain = std::min(out.gain, out.most);
  else out.most = out.gain;  // what no part's removal bounds, since a step does more
  const size_t before = longest_chain(model, {}), after = longest_chain(model, effect);
  if (before != after) out.next = limit_of(largest_part(model, after, effect));
  if (out.next == Limit::kFetch && diagnosis.files_in_memory) out.next = Limit::kRead;
  return out;
}

Advice advise(const Diagnosis& diagnosis, const std::vector<Candidate>& candidates,
              const std::vector<MethodSpec>& catalogue) {
  Advice out;
  out.settings = info(diagnosis.primary().what).settings;
  if (diagnosis.primary().what == Limit::kThrottled) return out;  // what would help is not known
  for (const Candidate& candidate : candidates) {
    if (candidate.there || !candidate.unweighed.empty()) continue;
    Remedy remedy = predict(diagnosis, candidate);
    if (remedy.pays()) {
      out.remedies.push_back(std::move(remedy));
      continue;
    }
    const std::string why = why_not(diagnosis, remedy);
    if (!why.empty()) out.not_here.push_back({candidate.name, why});
  }
  // Where the model does not explain the run, what relieves the limit is surer than what the model says of the rest.
  const std::vector<Part> holding = parts_of(diagnosis.primary().what);
  const bool threads_relieve = diagnosis.primary().what != Limit::kContention;
  const auto rank = [&](const Remedy& one) {
    const Effect& effect = one.candidate.effect;
    const bool relieves = std::any_of(holding.begin(), holding.end(), [&](Part part) {
      return (threads_relieve ? effect.time(part) : effect[part]) < 1;
    });
    return std::tuple(!one.bound_only, one.bound_only && relieves, one.gain);
  };
  std::stable_sort(out.remedies.begin(), out.remedies.end(),
                   [&](const Remedy& a, const Remedy& b) { return rank(a) > rank(b); });
  speak_of_others(diagnosis, candidates, catalogue, out);
  // That a larger batch does not fit is said beside the device's own limit.
  for (const Finding& finding : diagnosis.findings) {
    if (finding.what != Limit::kMemory) continue;
    const auto& more = info(Limit::kMemory).settings;
    out.settings.insert(out.settings.end(), more.begin(), more.end());
  }
  return out;
}

}  // namespace hasten::diagnose
