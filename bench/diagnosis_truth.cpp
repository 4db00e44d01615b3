// How often a diagnosis is right, on pipelines whose limit is known, and how near the predicted gain of a change comes to
// the one that is measured afterwards.
//   diagnosis_truth [--runs N] [--first SEED] [--seconds S] [--case NAME] [--log FILE] [--load CORES] [--verbose]
// Of the case NAME, or of those whose name contains it. Runs that others' load disturbed are counted by themselves; --load keeps
// that many processors busy from another process. A log gets a line of JSON for each run; those that it has are not made again,
// so that hours of measurement may be stopped and go on.
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "hasten/base/json.h"
#include "hasten/base/machine.h"
#include "hasten/base/text.h"
#include "tests/diagnose/quota.h"
#include "tests/diagnose/synthetic_cases.h"

namespace hasten::diagnose {
namespace {

constexpr double kNear = 0.15;  // of the realised gain

struct Options {
  int64_t runs = 5, first = 0;
  double seconds = 3, load = 0;
  bool verbose = false;
  std::string only, log;
};

// Another program that keeps processors busy, in slices of 10 ms; ended with this one.
class Load {
 public:
  explicit Load(double cores) {
    for (; cores > 0; cores -= 1) {
      const pid_t parent = getpid();
      const pid_t child = fork();
      if (child < 0) throw std::runtime_error("no process to make load with");
      if (child == 0) spin(parent, std::min(cores, 1.0));
      children_.push_back(child);
    }
  }
  ~Load() {
    for (const pid_t child : children_) {
      kill(child, SIGKILL);
      waitpid(child, nullptr, 0);
    }
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

 private:
  [[noreturn]] static void spin(pid_t parent, double share) {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::duration<double> kSlice(0.01);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    for (auto begin = Clock::now();; begin += std::chrono::duration_cast<Clock::duration>(kSlice)) {
      while (Clock::now() - begin < share * kSlice) continue;
      std::this_thread::sleep_until(begin + std::chrono::duration_cast<Clock::duration>(kSlice));
    }
  }

  std::vector<pid_t> children_;
};

struct Outcome {
  bool decided = false, right = false, loaded = false;
  Limit named = Limit::kOther;
  double confidence = 0, s_max = 0, error = 0;
  double others_cores = 0;
  std::string refusal;
  std::optional<double> predicted, realised;
  bool near() const { return std::abs(*predicted / *realised - 1) <= kNear; }
};

void print(const Diagnosis& diagnosis, const Measurements& measurements) {
  std::printf("  %s\n", diagnosis.decided ? "decided" : diagnosis.refusal.c_str());
  for (const Finding& finding : diagnosis.findings)
    std::printf("    %s %.2f, S_max %.2f: %s\n", std::string(name_of(finding.what)).c_str(), finding.share,
                finding.s_max, finding.evidence.c_str());
  for (size_t i = 0; i < kExperiments; ++i) {
    const auto experiment = static_cast<Experiment>(i);
    if (diagnosis.times.has(experiment))
      std::printf("  %s %.2f (%.3f)", std::string(info(experiment).symbol).c_str(),
                  1e3 * diagnosis.times.get(experiment), diagnosis.tolerances[i]);
  }
  std::printf("\n  %zu rounds; parts", measurements.rounds.size());
  for (const double part : diagnosis.model.parts()) std::printf(" %.2f", 1e3 * part);
  std::printf("; model off by %.2f%s\n", diagnosis.model.error(), diagnosis.model.serial() ? ", serial" : "");
  for (const std::string& warning : diagnosis.warnings) std::printf("  %s\n", warning.c_str());
}

bool is_loaded(const Conditions& conditions, const Facts& facts) {
  return conditions.others_share(facts.cores) > JudgeOptions{}.most_others;
}

// Nothing where the case wants what this machine does not allow.
std::optional<Outcome> run_once(const KnownCase& known, uint64_t seed, const Options& options) {
  std::unique_ptr<Quota> quota;
  if (known.quota_cores > 0 && !(quota = Quota::make(known.quota_cores))) return std::nullopt;
  SyntheticPipeline pipeline(known.made, seed);
  SessionOptions session;
  session.seconds = known.session_times * options.seconds;
  Measurements measurements = measure(pipeline, session);
  pipeline.pretend(measurements);
  const Diagnosis diagnosis = diagnose(measurements);
  if (options.verbose) print(diagnosis, measurements);
  Outcome out;
  out.decided = diagnosis.decided;
  out.refusal = diagnosis.refusal;
  out.loaded = is_loaded(measurements.conditions, measurements.facts) && !out.decided;
  out.named = diagnosis.primary().what;
  out.right = is_right(known, diagnosis);
  out.confidence = diagnosis.confidence;
  out.s_max = diagnosis.primary().s_max;
  out.others_cores = measurements.conditions.others_cores.value_or(0);
  out.error = diagnosis.model.error();
  if (known.remedy) {
    constexpr int64_t kRounds = 8;
    out.predicted = predicted_gain(diagnosis, *known.remedy);
    ConditionLog log;
    const double realised = realised_gain(known, seed, kRounds, known.session_times * options.seconds / 50);
    log.read();
    // Of two runs that were disturbed nothing can be said.
    if (!is_loaded(log.conditions(), measurements.facts)) out.realised = realised;
  }
  return out;
}

struct Tally {
  int64_t right = 0, wrong = 0, refused = 0, loaded = 0, predicted = 0, near = 0;
  double doubt = 0;  // wrong verdicts that their confidences allow for
  void add(const Outcome& outcome) {
    ++(outcome.loaded ? loaded : !outcome.decided ? refused : outcome.right ? right : wrong);
    if (outcome.decided) doubt += 1 - outcome.confidence;
    if (!outcome.decided || !outcome.predicted || !outcome.realised) return;
    ++predicted;
    if (outcome.near()) ++near;
  }
  void add(const Tally& other) {
    right += other.right;
    wrong += other.wrong;
    refused += other.refused;
    loaded += other.loaded;
    predicted += other.predicted;
    near += other.near;
    doubt += other.doubt;
  }
};

double median_of(const std::vector<Outcome>& outcomes, double (*of)(const Outcome&)) {
  std::vector<double> values;
  for (const Outcome& outcome : outcomes) {
    if (const double value = of(outcome); std::isfinite(value)) values.push_back(value);
  }
  return median(values);
}

void print_row(const KnownCase& known, const std::vector<Outcome>& outcomes, const Tally& tally) {
  const double predicted = median_of(outcomes, [](const Outcome& one) { return one.predicted.value_or(NAN); });
  const double realised = median_of(outcomes, [](const Outcome& one) { return one.realised.value_or(NAN); });
  const double s_max = median_of(outcomes, [](const Outcome& one) { return one.s_max; });
  const auto text = [](double value) { return std::isfinite(value) ? fixed(value, 2) : std::string("-"); };
  std::printf("%-27s %-21s %5lld %5lld %7lld %6lld  %5s  %9s %8s %4lld/%-4lld", known.made.name.c_str(),
              std::string(name_of(known.limits.front())).c_str(), static_cast<long long>(tally.right),
              static_cast<long long>(tally.wrong), static_cast<long long>(tally.refused),
              static_cast<long long>(tally.loaded), text(s_max).c_str(), text(predicted).c_str(),
              text(realised).c_str(), static_cast<long long>(tally.near), static_cast<long long>(tally.predicted));
  std::set<std::string> remarks;
  for (const Outcome& one : outcomes) {
    if (one.decided && !one.right) remarks.insert(cat(name_of(one.named), " ", fixed(one.confidence, 2)));
    if (!one.decided) remarks.insert(one.refusal.substr(0, one.refusal.find(':')));
  }
  std::printf("  %s\n", join({remarks.begin(), remarks.end()}, "; ").c_str());
  std::fflush(stdout);
}

Json document(const KnownCase& known, uint64_t seed, const Outcome& one) {
  Json out;
  out["case"] = known.made.name;
  out["seed"] = seed;
  out["cpu"] = this_machine().cpu;
  out["truth"] = name_of(known.limits.front());
  out["named"] = name_of(one.named);
  out["decided"] = one.decided;
  out["right"] = one.right;
  out["loaded"] = one.loaded;
  out["confidence"] = one.confidence;
  if (std::isfinite(one.s_max)) out["s_max"] = one.s_max;
  out["others_cores"] = one.others_cores;
  out["model_error"] = one.error;
  if (!one.refusal.empty()) out["refusal"] = one.refusal;
  if (known.remedy) out["change"] = known.remedy->change;
  if (one.predicted) out["predicted"] = *one.predicted;
  if (one.realised) out["realised"] = *one.realised;
  return out;
}

Limit limit_called(const std::string& name) {
  for (size_t i = 0; i < kLimits; ++i) {
    if (name_of(static_cast<Limit>(i)) == name) return static_cast<Limit>(i);
  }
  return Limit::kOther;
}

Outcome outcome_in(const Json& row) {
  const auto number = [&](const char* key) {
    const auto found = row.find(key);
    return found == row.end() ? std::nullopt : std::optional(found->get<double>());
  };
  Outcome one;
  one.decided = row.at("decided").get<bool>();
  one.right = row.at("right").get<bool>();
  one.loaded = row.at("loaded").get<bool>();
  one.named = limit_called(row.at("named").get<std::string>());
  one.confidence = row.at("confidence").get<double>();
  one.s_max = number("s_max").value_or(HUGE_VAL);
  one.refusal = row.value("refusal", "");
  one.predicted = number("predicted");
  one.realised = number("realised");
  return one;
}

// What a log has already, by case and seed.
std::map<std::string, std::map<uint64_t, Outcome>> read_log(const std::string& path) {
  std::map<std::string, std::map<uint64_t, Outcome>> found;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    const Json row = Json::parse(line, nullptr, false);
    if (!row.is_discarded()) found[row.at("case").get<std::string>()][row.at("seed").get<uint64_t>()] = outcome_in(row);
  }
  return found;
}

std::vector<KnownCase> chosen_cases(const std::string& only) {
  std::vector<KnownCase> cases = known_cases();
  const bool exact =
      std::any_of(cases.begin(), cases.end(), [&](const KnownCase& known) { return known.made.name == only; });
  std::erase_if(cases, [&](const KnownCase& known) {
    return exact ? known.made.name != only : known.made.name.find(only) == std::string::npos;
  });
  return cases;
}

void run(const Options& options) {
  const std::vector<KnownCase> cases = chosen_cases(options.only);
  auto found = options.log.empty() ? decltype(read_log("")){} : read_log(options.log);
  std::ofstream log;
  if (!options.log.empty()) log.open(options.log, std::ios::app);
  // Seed by seed, so that a measurement that is stopped has as many runs of each case.
  for (int64_t i = 0; i < options.runs; ++i) {
    const auto seed = static_cast<uint64_t>(options.first + i);
    for (const KnownCase& known : cases) {
      if (found[known.made.name].count(seed) > 0) continue;
      const std::optional<Outcome> one = run_once(known, seed, options);
      if (!one) continue;
      found[known.made.name][seed] = *one;
      if (log.is_open()) log << document(known, seed, *one).dump() << std::endl;
    }
  }
  std::printf("%-27s %-21s %5s %5s %7s %6s  %5s  %9s %8s %9s\n", "case", "truth", "right", "wrong", "refused", "loaded",
              "S_max", "predicted", "realised", "near");
  Tally all;
  for (const KnownCase& known : cases) {
    std::vector<Outcome> outcomes;
    Tally tally;
    for (const auto& [seed, one] : found[known.made.name]) {
      outcomes.push_back(one);
      tally.add(one);
    }
    print_row(known, outcomes, tally);
    all.add(tally);
  }
  const auto percent = [](int64_t part, int64_t of) {
    return of > 0 ? fixed(100.0 * static_cast<double>(part) / static_cast<double>(of), 1) + "%" : "-";
  };
  const int64_t runs = all.right + all.wrong + all.refused;
  std::printf(
      "right %s, wrong %s, refused %s of %lld runs beside %lld refused under load of others;\n"
      "%lld wrong where their confidences allow for %.1f; predictions within %.0f%%: %s of %lld\n",
      percent(all.right, runs).c_str(), percent(all.wrong, runs).c_str(), percent(all.refused, runs).c_str(),
      static_cast<long long>(runs), static_cast<long long>(all.loaded), static_cast<long long>(all.wrong), all.doubt,
      100 * kNear, percent(all.near, all.predicted).c_str(), static_cast<long long>(all.predicted));
}

}  // namespace
}  // namespace hasten::diagnose

int main(int argc, char** argv) {
  hasten::diagnose::Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    const std::string value = i + 1 < argc ? argv[i + 1] : "";
    if (flag == "--verbose") {
      options.verbose = true;
      continue;
    }
    if (flag == "--runs") options.runs = std::stoll(value);
    else if (flag == "--first") options.first = std::stoll(value);
    else if (flag == "--seconds") options.seconds = std::stod(value);
    else if (flag == "--case") options.only = value;
    else if (flag == "--log") options.log = value;
    else if (flag == "--load") options.load = std::stod(value);
    else {
      std::fprintf(stderr,
                   "diagnosis_truth [--runs N] [--first SEED] [--seconds S] [--case NAME] [--log FILE] [--load CORES] "
                   "[--verbose]\n");
      return 2;
    }
    ++i;
  }
  const hasten::diagnose::Load load(options.load);
  hasten::diagnose::run(options);
  return 0;
}
