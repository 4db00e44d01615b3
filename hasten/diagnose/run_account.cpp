// Conclusions from a run record.
#include "hasten/diagnose/run_account.h"

#include <algorithm>

#include "hasten/base/text.h"

namespace hasten::diagnose {
namespace {

constexpr double kNoticeable = 0.05;

std::string in_percent(double share) { return fixed(100 * share, 1) + "%"; }

void add_total(const evaluate::Totals& totals, RunAccount& out) {
  const double all = totals.total_s.value_or(0);
  if (all <= 0) return;
  double rest = all;
  const auto add = [&](const char* name, const std::optional<double>& seconds) {
    if (!seconds || *seconds <= 0) return;
    out.total.push_back({name, *seconds, *seconds / all});
    rest -= *seconds;
  };
  const double input = std::min(totals.loader_wait_s.value_or(0), totals.train_s.value_or(0));
  add("input", input);
  if (totals.train_s) add("steps", *totals.train_s - input);
  add("evaluation", totals.eval_s);
  add("checkpoints", totals.checkpoint_s);
  add("before the first step", totals.startup_s);
  out.total.push_back({"other", std::max(0.0, rest), std::max(0.0, rest) / all});
}

void add_loader(const evaluate::LoaderUse& loader, RunAccount& out) {
  double busy = 0;
  for (const evaluate::LoaderStage& stage : loader.stages) {
    if (stage.name.find("wait") == std::string::npos) busy += stage.seconds;
  }
  for (const evaluate::LoaderStage& stage : loader.stages) {
    if (stage.name.find("wait") != std::string::npos || stage.seconds <= 0 || busy <= 0) continue;
    out.loader.push_back({stage.name, stage.seconds, stage.seconds / busy});
  }
  std::stable_sort(out.loader.begin(), out.loader.end(),
                   [](const AccountShare& a, const AccountShare& b) { return a.seconds > b.seconds; });
}

// Between the middle and the last line of events: without the first reads of files and buffers.
std::optional<double> second_half(const std::vector<evaluate::EventRecord>& events) {
  const evaluate::EventRecord *middle = nullptr, *last = nullptr;
  for (const evaluate::EventRecord& event : events) {
    if (!event.t_train || !event.loader_wait) continue;
    last = &event;
  }
  if (last == nullptr) return std::nullopt;
  for (const evaluate::EventRecord& event : events) {
    if (event.t_train && event.loader_wait && *event.t_train <= 0.5 * *last->t_train) middle = &event;
  }
  if (middle == nullptr || *last->t_train <= *middle->t_train) return std::nullopt;
  return (*last->loader_wait - *middle->loader_wait) / (*last->t_train - *middle->t_train);
}

Limit limit_of(const RunAccount& account, bool streamed) {
  if (!streamed || account.loader.empty()) return Limit::kAssemble;
  const std::string& stage = account.loader.front().name;
  if (stage == "read" || stage == "verify") return Limit::kFetch;
  if (stage == "decode") return Limit::kDecode;
  return stage == "augment" ? Limit::kAugment : Limit::kData;
}

}  // namespace

RunAccount account(const evaluate::Run& run) {
  RunAccount out;
  const evaluate::Totals& totals = run.record.executed;
  add_total(totals, out);
  if (run.record.loader) add_loader(*run.record.loader, out);
  if (totals.train_s && totals.loader_wait_s && *totals.train_s > 0)
    out.input_share = std::min(1.0, *totals.loader_wait_s / *totals.train_s);
  out.steady_share = second_half(run.events);
  const double share = out.steady_share.value_or(out.input_share.value_or(0));
  if (!out.input_share) {
    out.open.push_back("whether training waited for input: the record does not say it (loader_wait)");
  } else if (share > kNoticeable) {
    out.limit = limit_of(out, run.record.loader.has_value());
    out.s_max = share < 1 ? 1 / (1 - share) : 0;
    out.conclusions.push_back(cat("input took ", in_percent(share), " of training time",
                                  out.steady_share ? " in the second half of the run" : "", ": at most ",
                                  fixed(out.s_max, 2), " times faster without"));
    if (!out.loader.empty())
      out.conclusions.push_back(cat("of what its threads did, ", out.loader.front().name, " took most (",
                                    in_percent(out.loader.front().share), ")"));
  } else {
    out.conclusions.push_back(cat("training hardly waited for input (", in_percent(share), " of training time)"));
  }
  if (totals.total_s && totals.train_s && *totals.train_s < (1 - kNoticeable) * *totals.total_s)
    out.conclusions.push_back(cat(in_percent(1 - *totals.train_s / *totals.total_s),
                                  " of the whole went to other things than training: evaluate or save less often"));
  if (run.record.loader) out.open.push_back("what the loader's threads took from training's processors");
  out.open.push_back("what bounds the step itself: arithmetic, memory, launches, the update");
  out.open.push_back("what any change would gain");
  return out;
}

}  // namespace hasten::diagnose
