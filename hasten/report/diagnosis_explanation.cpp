// `diagnose --explain`: the tables that a diagnosis is made by, as text and as JSON.
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/report/diagnosis_report.h"
#include "hasten/report/diagnosis_wording.h"

namespace hasten::report {
namespace {

using diagnose::LimitInfo;

template <class Use>
void for_each_limit(Use use) {
  for (size_t i = 0; i < diagnose::kLimits; ++i) use(diagnose::info(static_cast<diagnose::Limit>(i)));
}

std::vector<std::string> relieving_words(const LimitInfo& limit) {
  std::vector<std::string> words;
  for (Bottleneck bottleneck : limit.relieved_by) words.emplace_back(name_of(bottleneck));
  return words;
}

std::vector<std::string> measuring_sentences() {
  return {"Times are medians over rounds, in seconds a step, each compared with R0 of its own round.",
          cat("eps of a comparison is the larger of ", number(diagnose::kLeastTolerance),
              " and twice the relative half width of the experiment's 95% interval.")};
}

// What comes first where several rules hold.
std::vector<std::string> order_sentences() {
  const std::string overhead = percent_text(diagnose::kOverheadFirst);
  return {
      "A machine that is throttled is the verdict whatever else holds.",
      cat("Otherwise chains that are equally long, if nothing is waited for and no overhead takes ", overhead,
          " of T0."),
      cat("Then what is waited for, the largest first; an overhead of ", overhead,
          " of T0 or more comes before it if it is larger."),
      cat("Then overheads of ", overhead, " of T0 or more, the largest first: they can go as a whole."),
      "Then the device's own work, and whether a larger batch would help and does not fit; then smaller overheads."};
}

std::vector<std::string> refusal_sentences() {
  const diagnose::JudgeOptions options;
  return {cat("fewer than ", options.least_rounds, " rounds"),
          cat("others use more than ", percent_text(options.most_others), " of the processors"),
          cat("fewer than ", percent_text(options.least_confidence),
              " of the resampled rounds name the same limit, less the share of the processors that others use"),
          cat("the device's own work or a balance would be named, and noise could hide a wait of more than ",
              percent_text(diagnose::kOverheadFirst), " of the step")};
}

std::vector<std::string> prediction_sentences() {
  return {
      "The stage model: chains that run beside each other count by the longest, chains that take turns by their sum; "
      "within a chain parts take turns.",
      "A change multiplies the times of parts; its gain is T0 over what the model then says, and never more than "
      "these parts' removal gives. Where an experiment is the change, what it measured stands for the factor.",
      cat("Where the model is off by more than ", percent_text(diagnose::StageModel::kAgreement),
          " of T0, gains are only bounded, by what was measured: T0 / T1 of input, T0 / (T0 - (T2 - T1)) of copies, "
          "and of the step's own work what a change "
          "leaves of T1; what relieves the limit comes first then."),
      cat("A change that an experiment is has to gain more than eps of that experiment, another one ",
          percent_text(diagnose::kLeastTolerance), "."),
      "S_max is T0 over what is left when a limit costs nothing and nothing else changes."};
}

std::string set_in(const std::vector<std::string>& sentences) {
  std::string text;
  for (const std::string& sentence : sentences) text += wrapped_line(sentence, "  ", "    ");
  return text;
}

}  // namespace

std::string diagnosis_explanation() {
  std::string text = "experiments: what is changed, and what that tells\n";
  for (size_t i = 0; i < diagnose::kExperiments; ++i) {
    const diagnose::ExperimentInfo& what = diagnose::info(static_cast<diagnose::Experiment>(i));
    std::string first = cat("  ", what.id, std::string(6 - what.id.size(), ' '), what.symbol);
    first += std::string(14 - first.size(), ' ');
    text += wrapped_line(cat(what.change, ": ", what.tells), first, std::string(14, ' '));
  }
  text += set_in(measuring_sentences());
  text += "\nrules\n";
  size_t number = 0;
  for_each_limit([&](const LimitInfo& limit) {
    if (limit.rule.empty()) return;
    const std::string first = cat(++number < 10 ? "  " : " ", number, ". ");
    text += wrapped_line(cat(limit.name, " if ", limit.rule), first, std::string(first.size(), ' '));
  });
  text += "\nwhich one is named\n" + set_in(order_sentences());
  text += "\nno verdict if\n" + set_in(refusal_sentences());
  text += "\nlimits, and what relieves them\n";
  for_each_limit([&](const LimitInfo& limit) {
    text +=
        wrapped_line(cat(limit.name, ": ", limit.means, limit.rule.empty() ? " (in traces only)" : ""), "  ", "    ");
    if (!limit.relieved_by.empty())
      text += wrapped_line("methods that relieve " + join(relieving_words(limit), ", "), "    ", "      ");
    for (std::string_view setting : limit.settings) text += wrapped_line(std::string(setting), "    ", "      ");
  });
  return text + "\nwhat a change is worth\n" + set_in(prediction_sentences());
}

Json diagnosis_explanation_json() {
  Json json = {{"experiments", Json::array()}, {"measuring", measuring_sentences()}, {"limits", Json::array()}};
  for (size_t i = 0; i < diagnose::kExperiments; ++i) {
    const diagnose::ExperimentInfo& what = diagnose::info(static_cast<diagnose::Experiment>(i));
    json["experiments"].push_back(
        {{"id", what.id}, {"symbol", what.symbol}, {"change", what.change}, {"tells", what.tells}});
  }
  for_each_limit([&](const LimitInfo& limit) {
    json["limits"].push_back({{"name", limit.name},
                              {"means", limit.means},
                              {"rule", limit.rule.empty() ? Json() : Json(limit.rule)},
                              {"relieved_by", relieving_words(limit)},
                              {"settings", limit.settings}});
  });
  json["order"] = order_sentences();
  json["no_verdict_if"] = refusal_sentences();
  json["prediction"] = prediction_sentences();
  json["constants"] = {
      {"least_tolerance", diagnose::kLeastTolerance},      {"overhead_first", diagnose::kOverheadFirst},
      {"least_update_share", diagnose::kLeastUpdateShare}, {"least_efficiency", diagnose::kLeastEfficiency},
      {"balanced_within", diagnose::kBalancedWithin},      {"model_agreement", diagnose::StageModel::kAgreement}};
  return json;
}

}  // namespace hasten::report
