// MLPerf results.
#include <cmath>

#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/report/scores.h"
#include "hasten/report/table.h"

namespace hasten::report {
namespace {

using namespace evaluate;

Json known_number(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

std::string_view word(ReferenceKind kind) {
  return kind == ReferenceKind::kFound          ? "found"
         : kind == ReferenceKind::kInterpolated ? "interpolated"
                                                : "larger batch";
}

std::string reference_words(ReferenceKind kind) {
  switch (kind) {
    case ReferenceKind::kFound: return "the reference of this batch size";
    case ReferenceKind::kInterpolated: return "the references interpolated to this batch size";
    default: return "the smallest reference batch size, which is larger";
  }
}

// What the convergence check says, in a sentence.
std::string convergence_sentence(const MlperfResult& result) {
  if (!result.problem.empty()) return "no score: " + result.problem;
  if (!result.has_reference)
    return cat("convergence not checked: no reference points",
               result.benchmark.empty() ? "" : " of " + result.benchmark, " given (--reference)");
  if (!result.batch_size) return "convergence not checked: the logs do not say global_batch_size";
  if (!result.convergence)
    return cat("convergence not checked: no reference holds for a batch size of ", number(*result.batch_size),
               ", or the logs count no epochs");
  const ConvergenceCheck& check = *result.convergence;
  std::string text =
      cat("mean epochs ", significant(check.mean, 5), " against ", significant(check.limit.mean, 5), " of ",
          reference_words(check.kind), ", at least ", significant(check.limit.least_epochs, 5), " allowed: ");
  if (check.too_fast) return text + "converges faster than the reference can";
  if (check.normalization == 1) return text + "passes";
  return text + cat("passes, the time counts ", fixed(check.normalization, 4),
                    " times: ", duration_text(*result.score_seconds()));
}

}  // namespace

std::string mlperf_text(const std::vector<MlperfResult>& results) {
  std::string text;
  for (const MlperfResult& result : results) {
    Table table{{"run", "time", "epochs", "converged"}, {}, 1};
    for (const MlperfRun& run : result.runs) {
      table.rows.push_back({run.id, run.seconds ? duration_text(*run.seconds) : "unknown",
                            run.epochs ? number(*run.epochs) : "unknown", run.converged ? "yes" : "no"});
    }
    text += result.name + (result.benchmark.empty() ? "" : ", " + result.benchmark) +
            (result.batch_size ? ", batch size " + number(*result.batch_size) : "") + "\n" +
            terminal_table(table, "  ");
    if (result.logs > static_cast<int64_t>(result.runs.size()))
      text += cat("  the median window of ", result.runs.size(), " of ", result.logs, " runs\n");
    if (result.seconds)
      text += cat("  mean without the extremes: ", fixed(*result.seconds / 60, 3), " minutes (",
                  duration_text(*result.seconds), ")\n");
    text += "  " + convergence_sentence(result) + "\n\n";
  }
  return text;
}

Json mlperf_json(const std::vector<MlperfResult>& results) {
  Json list = Json::array();
  for (const MlperfResult& result : results) {
    Json one{{"name", result.name}, {"benchmark", result.benchmark}, {"logs", result.logs}};
    one["batch_size"] = known_number(result.batch_size);
    one["not_converged"] = result.not_converged;
    one["seconds"] = known_number(result.seconds);
    one["score_seconds"] = known_number(result.score_seconds());
    one["problem"] = result.problem.empty() ? Json(nullptr) : Json(result.problem);
    one["convergence"] = nullptr;
    if (result.convergence) {
      const ConvergenceCheck& check = *result.convergence;
      one["convergence"] = {{"mean_epochs", known_number(check.mean)},
                            {"reference", word(check.kind)},
                            {"reference_mean", check.limit.mean},
                            {"reference_sd", check.limit.sd},
                            {"least_epochs", check.limit.least_epochs},
                            {"max_speedup", known_number(check.limit.max_speedup)},
                            {"too_fast", check.too_fast},
                            {"normalization", check.normalization}};
    }
    one["runs"] = Json::array();
    for (const MlperfRun& run : result.runs)
      one["runs"].push_back({{"id", run.id},
                             {"seconds", known_number(run.seconds)},
                             {"epochs", known_number(run.epochs)},
                             {"converged", run.converged}});
    list.push_back(std::move(one));
  }
  return list;
}

}  // namespace hasten::report
