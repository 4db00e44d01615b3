// hasten diagnose RECIPE: experiments on the user's own pipeline, one verdict, advice that is measured.
#include <fstream>
#include <iostream>
#include <optional>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/base/units.h"
#include "hasten/cli/diagnose_recipe.h"
#include "hasten/cli/interrupt.h"
#include "hasten/cli/torch/recipe_options.h"
#include "hasten/cli/torch/threads.h"
#include "hasten/meter/device.h"
#include "hasten/report/diagnosis_report.h"
#include "hasten/study/examine.h"

namespace hasten::cli {
namespace {

double seconds_of(const std::string& text) {
  const Duration duration = parse_duration(text, "--time");
  if (duration.unit != Unit::kSecond || duration.value <= 0)
    throw ConfigError("--time", "seconds, as in 60s", "'" + text + "'");
  return duration.value;
}

// One line on a terminal, overwritten by the next.
class ProgressLine {
 public:
  explicit ProgressLine(bool shown) : shown_(shown) {}
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  void show(const std::string& text) {
    if (!shown_) return;
    std::cerr << "\r\x1b[K" << text << std::flush;
    dirty_ = true;
  }
  void clear() {
    if (dirty_) std::cerr << "\r\x1b[K" << std::flush;
    dirty_ = false;
  }

 private:
  bool shown_, dirty_ = false;
};

// A line a remedy that was tried: for tables of how good predictions are.
void log_gains(const diagnose::Examination& found, const std::string& path) {
  std::ofstream file(path, std::ios::app);
  for (const diagnose::Realised& realised : found.realised) {
    if (!realised.failed.empty()) continue;
    const Json line = {{"recipe", found.measurements.facts.subject},
                       {"device", found.measurements.facts.device},
                       {"limit", std::string(diagnose::name_of(found.diagnosis.primary().what))},
                       {"decided", found.diagnosis.decided},
                       {"remedy", realised.remedy.candidate.name},
                       {"bound_only", realised.remedy.bound_only},
                       {"predicted", realised.remedy.predicted ? Json(realised.remedy.gain) : Json()},
                       {"realised", realised.gain},
                       {"low", realised.interval.low},
                       {"high", realised.interval.high}};
    file << line.dump() << "\n";
  }
  if (!file) throw DataError(path, "", "it cannot be written");
}

}  // namespace

void diagnose_recipe(const RecipeDiagnosis& flags, Context& context) {
  set_threads(flags.threads);
  const EditRecipe edit = [&](const RecipeEdits& more) {
    RecipeEdits edits = flags.edits;
    edits.with.insert(edits.with.end(), more.with.begin(), more.with.end());
    edits.without.insert(edits.without.end(), more.without.begin(), more.without.end());
    edits.set.insert(edits.set.end(), more.set.begin(), more.set.end());
    return load_recipe(flags.recipe, registry().catalogue(), edits);
  };
  ProgressLine line(!flags.quiet && stderr_is_terminal());
  ExamineOptions options;
  options.subject.seed = flags.seed;
  options.subject.device = find_device(flags.device, "--device");
  if (options.subject.device.is_cuda()) options.subject.step_graphs = cuda_step_graphs();
  options.subject.drop_caches = flags.cold;
  options.session.seconds = seconds_of(flags.time);
  options.session.stop = catch_interrupts();
  options.session.announce = [&](diagnose::Experiment experiment, int64_t round, double left) {
    const diagnose::ExperimentInfo& what = diagnose::info(experiment);
    line.show(cat("round ", round + 1, ", ", duration_text(std::max(0.0, left)), " left: ", what.id, " ", what.change));
  };
  options.announce_remedy = [&](const diagnose::Remedy& remedy) { line.show("trying " + remedy.candidate.name); };
  options.at = flags.at;
  options.apply = flags.apply;
  options.attempts = flags.attempts;
  std::optional<diagnose::Examination> result;
  try {
    result.emplace(examine(edit, registry(), options));
  } catch (const ExamineInterrupted& interrupted) {
    line.clear();
    std::cerr << interrupted.what() << "\n";
    context.exit_code = kInterruptedBySignal;
    return;
  }
  line.clear();
  diagnose::Examination& found = *result;
  found.command = context.command_line;
  if (!flags.log.empty()) log_gains(found, flags.log);
  if (!flags.html.empty()) write_file_atomic(flags.html, report::diagnosis_page(found));
  if (context.json) print_json(report::diagnosis_json(found));
  else std::cout << report::diagnosis_text(found);
  if (options.session.stop->load()) context.exit_code = kInterruptedBySignal;
}

}  // namespace hasten::cli
