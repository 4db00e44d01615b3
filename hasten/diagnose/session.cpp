// Interleaved timing of experiments.
#include "hasten/diagnose/session.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <new>

#include "hasten/base/clock.h"
#include "hasten/base/error.h"
#include "hasten/base/rng.h"
#include "hasten/base/text.h"
#include "hasten/diagnose/decide.h"

namespace hasten::diagnose {
namespace {

constexpr double kTight = 0.015;  // half width, over T0, of an interval that needs no more rounds
constexpr uint64_t kTightnessDraws = 200;
// Of what all others are compared with: about the root of their number (Dunnett 1955), of all and of those that are left.
constexpr double kFullWindows = 5, kOpenWindows = 2;

bool stopped(const SessionOptions& options) {
  return options.stop != nullptr && options.stop->load(std::memory_order_relaxed);
}

std::vector<Experiment> possible(Subject& subject, Measurements& out) {
  std::vector<Experiment> list;
  for (size_t i = 0; i < kExperiments; ++i) {
    const auto experiment = static_cast<Experiment>(i);
    std::string why = subject.cannot(experiment);
    if (why.empty()) list.push_back(experiment);
    else out.left_out[experiment] = std::move(why);
  }
  return list;
}

bool is_delay(Experiment experiment) {
  return experiment == Experiment::kDelayFetch || experiment == Experiment::kDelayPrepare ||
         experiment == Experiment::kDelayCompute;
}

// An error of the libraries below, which nobody put in words for the user.
class Unforeseen : public ConfigError {
 public:
  using ConfigError::ConfigError;
};

// What a recipe throws in `body`, with the place in the diagnosis. Out of memory comes through as it is, and bugs of ours
// as such.
template <class Body>
auto with_place(const std::string& where, const Body& body) {
  try {
    return body();
  } catch (const ConfigError& error) {
    throw ConfigError(where + ", " + error.where(), error.expected(), error.got(), error.hint());
  } catch (const DataError& error) {
    throw DataError(error.path(), where + (error.location().empty() ? "" : ", " + error.location()), error.reason(),
                    error.hint());
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const InternalError& error) {
    throw InternalError(where + ": " + error.what());
  } catch (const std::exception& error) {
    throw Unforeseen(where, "a recipe that trains", error.what());
  }
}

Window run_named(Subject& subject, const Trial& trial, double seconds) {
  const ExperimentInfo& what = info(trial.experiment);
  try {
    return with_place(cat("experiment ", what.id, " (", what.change, ")"), [&] { return subject.run(trial, seconds); });
  } catch (const std::bad_alloc&) {
    if (trial.experiment != Experiment::kFull) throw;
    throw ConfigError(cat("experiment ", what.id), "a batch that fits in memory",
                      cat("out of memory with a batch of ", subject.facts().batch),
                      "a smaller batch.size or batch.microbatch");
  }
}

std::optional<OperatorProfile> profile_of(Subject& subject) {
  try {
    return with_place("operator profile", [&] { return subject.profile(); });
  } catch (const std::bad_alloc&) {
    return std::nullopt;  // it tells operators apart; the verdict does without
  }
}

// What verdicts rest on; the rest says how much a change is worth, or tells neighbours apart.
constexpr std::array kDeciding{Experiment::kFull,  Experiment::kResident,        Experiment::kResidentBesideLoader,
                               Experiment::kDrain, Experiment::kForwardBackward, Experiment::kTiny};
bool decides(Experiment experiment) {
  return std::find(kDeciding.begin(), kDeciding.end(), experiment) != kDeciding.end();
}

// The central part of what resampled rounds say of a quotient of two times.
struct Spread {
  double low = 0, high = 0;
};
Spread spread(const std::vector<Times>& draws, Experiment over, Experiment under) {
  std::vector<double> values;
  for (const Times& draw : draws) {
    if (draw.has(over) && draw.has(under)) values.push_back(draw.get(over) / draw.get(under));
  }
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const size_t cut = values.size() / 40;
  return {values[cut], values[values.size() - 1 - cut]};
}

std::vector<Times> draws_of(const Measurements& measurements) {
  std::vector<Times> draws;
  for (uint64_t draw = 0; draw < kTightnessDraws; ++draw)
    draws.emplace_back(measurements, draw_rounds(measurements.rounds.size(), draw));
  return draws;
}

// What the verdict still hangs on when all was made a few times. First whether anything is waited for; then, if so, for
// what; if not, what else than the device's own work it could be.
std::vector<Experiment> open_question(const std::vector<Times>& draws) {
  using enum Experiment;
  const Spread waits = spread(draws, kFull, kResident);
  if (waits.low > 1 + kLeastTolerance)
    return {kFull, kResident, kResidentBesideLoader, kHostBatch, kDrain, kCached, kDeepReadAhead};
  if (waits.high < 1 + kOverheadFirst) return {kFull, kResident, kForwardBackward, kTiny, kNoReduction, kNoSync};
  return {kFull, kResident};
}

// Whether more rounds would change nothing: what the question hangs on is known well enough, as a share of T0.
bool tight(const std::vector<Times>& draws, const std::vector<Experiment>& question) {
  return std::all_of(question.begin(), question.end(), [&](Experiment experiment) {
    // T0 itself against T1: all others are quotients by T0.
    const Spread found = experiment == Experiment::kFull ? spread(draws, Experiment::kFull, Experiment::kResident)
                                                         : spread(draws, experiment, Experiment::kFull);
    return found.high - found.low <= 2 * kTight;
  });
}

// When all is known a few times, the time that is left goes where it decides. None: more rounds would change nothing.
std::vector<Experiment> open_experiments(const Measurements& measurements, std::vector<Experiment> experiments) {
  const std::vector<Times> draws = draws_of(measurements);
  const std::vector<Experiment> question = open_question(draws);
  if (tight(draws, question)) return {};
  std::erase_if(experiments,
                [&](Experiment one) { return std::find(question.begin(), question.end(), one) == question.end(); });
  return experiments;
}

// With long steps there is no time for everything: what does not decide is left out after the first round.
void spare_time(double round_s, double left_s, const SessionOptions& options, Measurements& out) {
  const double each_s = round_s / static_cast<double>(std::max<size_t>(out.rounds.front().size(), 1));
  double needed_s = round_s * static_cast<double>(options.least_rounds - 1);
  for (const Serves serves : {Serves::kPrediction, Serves::kInput, Serves::kDevice}) {
    for (const auto& [experiment, window] : out.rounds.front()) {
      if (needed_s <= left_s || info(experiment).serves != serves) continue;
      out.left_out[experiment] = "after one round: the time was short";
      needed_s -= each_s * static_cast<double>(options.least_rounds - 1);
    }
  }
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return std::nan("");
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : 0.5 * (values[middle - 1] + values[middle]);
}

std::vector<size_t> draw_rounds(size_t count, uint64_t draw) {
  const auto block = static_cast<size_t>(std::max(1.0, std::round(std::cbrt(static_cast<double>(count)))));
  RandomStream random(20230101, operation("diagnose.rounds"), draw, 0);
  std::vector<size_t> drawn;
  while (drawn.size() < count) {
    const size_t first = random.below(count - block + 1);
    for (size_t i = 0; i < block && drawn.size() < count; ++i) drawn.push_back(first + i);
  }
  return drawn;
}

Times::Times(const Measurements& measurements) {
  std::vector<size_t> all(measurements.rounds.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = i;
  *this = Times(measurements, all);
}

Times::Times(const Measurements& measurements, std::span<const size_t> rounds) {
  const auto a_step = [](const Window& window) { return window.seconds / static_cast<double>(window.steps); };
  std::array<std::vector<double>, kExperiments> relative;
  std::vector<double> full_s, skews;
  std::array<std::vector<double>, kParts> drained_s, full_busy_s;
  for (const size_t number : rounds) {
    const Round& round = measurements.rounds[number];
    const auto reference = round.find(Experiment::kFull);
    if (reference == round.end()) continue;
    full_s.push_back(a_step(reference->second));
    for (const auto& [experiment, window] : round) {
      relative[static_cast<size_t>(experiment)].push_back(a_step(window) / full_s.back());
      if (experiment == Experiment::kResident) skews.push_back(window.skew_s);
      if (!window.busy_s) continue;
      auto* into = experiment == Experiment::kDrain  ? &drained_s
                   : experiment == Experiment::kFull ? &full_busy_s
                                                     : nullptr;
      for (size_t part = 0; into != nullptr && part < kParts; ++part) (*into)[part].push_back((*window.busy_s)[part]);
    }
  }
  std::array<bool, kExperiments> missing{};
  for (size_t i = 0; i < kExperiments; ++i) missing[i] = relative[i].empty();
  // What was made in other rounds only is known all the same.
  for (const Round& round : measurements.rounds) {
    const auto reference = round.find(Experiment::kFull);
    if (reference == round.end()) continue;
    for (const auto& [experiment, window] : round) {
      if (missing[static_cast<size_t>(experiment)])
        relative[static_cast<size_t>(experiment)].push_back(a_step(window) / a_step(reference->second));
    }
  }
  const double scale = median(full_s);
  for (size_t i = 0; i < kExperiments; ++i) {
    if (!relative[i].empty()) seconds_[i] = scale * median(relative[i]);
  }
  const auto take = [](const std::array<std::vector<double>, kParts>& from, std::optional<PartSeconds>& to) {
    if (from[0].empty()) return;
    to.emplace();
    for (size_t part = 0; part < kParts; ++part) (*to)[part] = median(from[part]);
  };
  take(drained_s, drained);
  take(full_busy_s, full);
  if (!skews.empty()) skew_s = median(skews);
}

double Times::get(Experiment experiment) const {
  HASTEN_CHECK(has(experiment), "an experiment that was made");
  return *at(experiment);
}

Measurements measure(Subject& subject, const SessionOptions& options) {
  Measurements out;
  out.facts = subject.facts();
  std::vector<Experiment> experiments = possible(subject, out);
  HASTEN_CHECK(!experiments.empty() && experiments.front() == Experiment::kFull, "a subject that runs as it is");
  // R5 has the kernel forget the files, which whatever follows would have to read again: it comes after all rounds.
  const bool cold = std::erase(experiments, Experiment::kCold) > 0;
  double cold_s = 0;  // kept for it
  const std::optional<double> resident = subject.resident_share();
  const int64_t begin = now_ns();
  const auto left = [&] { return options.seconds - cold_s - seconds(now_ns() - begin); };
  // A first look: how long a step is, and so the delay.
  const Window look = run_named(subject, {}, options.least_window_s);
  const double step_s = look.seconds / static_cast<double>(look.steps);
  out.delay_s = options.delay * step_s;
  out.profile = profile_of(subject);
  out.window_s =
      std::max(options.least_window_s, left() / (static_cast<double>(experiments.size()) + kFullWindows - 1) /
                                           static_cast<double>(options.least_rounds));
  // More rounds of shorter windows tell more about the noise than few long ones.
  out.window_s = std::clamp(0.4 * out.window_s, options.least_window_s, 3.0);
  if (cold) cold_s = out.window_s * static_cast<double>(options.least_rounds);
  ConditionLog log;
  const auto make = [&](Experiment experiment, int64_t number, double windows, Round& round) {
    if (options.announce) options.announce(experiment, number, left());
    try {
      const Trial trial{experiment, is_delay(experiment) ? out.delay_s : 0};
      round[experiment] = run_named(subject, trial, windows * out.window_s);
    } catch (const std::bad_alloc&) {
      out.left_out[experiment] = "out of memory";
    } catch (const Unforeseen& error) {
      // What the recipe itself does works: there is an answer without the change that does not.
      if (decides(experiment)) throw;
      out.left_out[experiment] = "it failed: " + error.got();
    }
    log.read();
  };
  double round_s = 0;
  for (int64_t number = 0; number < options.most_rounds; ++number) {
    // The last round is not begun if it would not end in time. The first one of those that decide is shorter than all before.
    const double coming_s = number == options.least_rounds ? 0 : round_s;
    if (number >= (options.least_rounds + 1) / 2 && left() <= coming_s) break;
    const bool known = number >= options.least_rounds;
    const std::vector<Experiment> coming = known ? open_experiments(out, experiments) : experiments;
    if (coming.empty()) break;
    if (number == 1) spare_time(round_s, left(), options, out);
    const int64_t round_begin = now_ns();
    Round round;
    for (size_t i = 0; i < coming.size() && !stopped(options); ++i) {
      // In turns, so that no experiment always follows the same one.
      const Experiment experiment = coming[(i + static_cast<size_t>(number)) % coming.size()];
      if (out.left_out.count(experiment) != 0) continue;
      // What the others are compared with is worth more time than each of them.
      const bool full = experiment == Experiment::kFull,
                 compared = full || (known && experiment == Experiment::kResident);
      make(experiment, number, !compared ? 1 : known ? kOpenWindows : kFullWindows, round);
    }
    if (stopped(options)) {
      out.interrupted = true;
      if (round.count(Experiment::kFull) == 0) break;
    }
    out.rounds.push_back(std::move(round));
    if (out.interrupted) break;
    round_s = seconds(now_ns() - round_begin);
  }
  const std::optional<double> resident_now = subject.resident_share();
  const auto cold_rounds = std::min<int64_t>(options.least_rounds, static_cast<int64_t>(out.rounds.size()));
  for (int64_t number = 0; cold && number < cold_rounds && !out.interrupted; ++number) {
    if (out.left_out.count(Experiment::kCold) != 0) break;
    make(Experiment::kCold, number, 1, out.rounds[static_cast<size_t>(number)]);
    out.interrupted = stopped(options);
  }
  out.conditions = log.conditions();
  out.conditions.resident_at_begin = resident;
  out.conditions.resident_at_end = resident_now;
  return out;
}

}  // namespace hasten::diagnose
