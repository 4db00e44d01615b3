// A diagnosis as JSON with everything in it, and its windows as CSV.
#include <cmath>

#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/report/diagnosis_report.h"
#include "hasten/report/diagnosis_wording.h"

namespace hasten::report {
namespace {

using diagnose::Examination;
using diagnose::Experiment;

Json known(double value) { return std::isfinite(value) ? Json(value) : Json(); }
Json known(const std::optional<double>& value) { return value ? known(*value) : Json(); }
Json positive(double value) { return value > 0 ? known(value) : Json(); }  // where 0 says that nothing is known
Json words_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }
Json range_json(const diagnose::Range& range) { return {{"low", known(range.low)}, {"high", known(range.high)}}; }

std::string id_of(Experiment experiment) { return std::string(diagnose::info(experiment).id); }
std::string part_of(size_t part) { return std::string(diagnose::choices(diagnose::Part{})[part]); }
Json limit_json(diagnose::Limit limit) {
  return limit == diagnose::Limit::kOther ? Json() : Json(std::string(diagnose::name_of(limit)));
}

Json parts_json(const std::optional<diagnose::PartSeconds>& seconds) {
  if (!seconds) return {};
  Json json = Json::object();
  for (size_t part = 0; part < diagnose::kParts; ++part) json[part_of(part)] = known((*seconds)[part]);
  return json;
}

Json facts_json(const diagnose::Facts& facts) {
  Json json = {{"subject", facts.subject},
               {"device", facts.device},
               {"device_is_host", facts.device_is_host},
               {"cores", facts.cores},
               {"loader_threads", facts.workers},
               {"training_threads", facts.training_threads},
               {"processes", facts.processes},
               {"batch", facts.batch},
               {"nominal_mhz", positive(facts.nominal_mhz)},
               {"chains", Json::array()}};
  for (const auto& chain : facts.chains) {
    Json names = Json::array();
    for (diagnose::Part part : chain) names.push_back(part_of(static_cast<size_t>(part)));
    json["chains"].push_back(std::move(names));
  }
  return json;
}

Json finding_json(const diagnose::Finding& finding) {
  const bool numbers = has_numbers(finding);
  return {{"limit", diagnose::name_of(finding.what)},
          {"means", diagnose::info(finding.what).means},
          {"seconds", numbers ? known(finding.seconds) : Json()},
          {"share", numbers ? known(finding.share) : Json()},
          {"s_max", numbers ? positive(finding.s_max) : Json()},
          {"evidence", finding.evidence}};
}

Json verdict_json_of(const diagnose::Diagnosis& diagnosis) {
  const bool numbers = !diagnosis.findings.empty() && has_numbers(diagnosis.primary());
  const bool bounded = numbers && diagnosis.primary().s_max > 0 && diagnosis.s_max.low > 0;
  Json json = {{"decided", diagnosis.decided},
               {"limit", diagnosis.decided ? Json(diagnose::name_of(diagnosis.primary().what)) : Json()},
               {"refusal", diagnosis.decided ? Json() : Json(diagnosis.refusal)},
               {"line", diagnosis_line(diagnosis)},
               {"confidence", known(diagnosis.confidence)},
               {"margin", numbers && diagnosis.findings.size() > 1 ? known(diagnosis.margin) : Json()},
               {"share", numbers ? range_json(diagnosis.share) : Json()},
               {"s_max", bounded ? range_json(diagnosis.s_max) : Json()},
               {"warnings", diagnosis.warnings}};
  return json;
}

Json sensitivities_json(const diagnose::Diagnosis& diagnosis) {
  Json list = Json::array();
  for (const diagnose::Sensitivity& one : diagnosis.sensitivities)
    list.push_back({{"part", one.part}, {"value", known(one.value)}, {"interval", range_json(one.interval)}});
  return list;
}

Json model_json(const diagnose::StageModel& model) {
  Json json = {{"step_seconds", known(model.full_s())},
               {"predicted_seconds", known(model.predict())},
               {"error", known(model.error())},
               {"explains", model.explains()},
               {"serial", model.serial()},
               {"parts", parts_json(model.parts())},
               {"chains", Json::array()},
               {"longest_chain", model.chains().empty() ? Json() : Json(model.longest_chain())}};
  for (size_t chain = 0; chain < model.chains().size(); ++chain) {
    Json names = Json::array();
    for (diagnose::Part part : model.chains()[chain]) names.push_back(part_of(static_cast<size_t>(part)));
    json["chains"].push_back({{"parts", std::move(names)}, {"seconds", known(model.chain_s(chain))}});
  }
  return json;
}

Json experiments_json(const Examination& found) {
  const diagnose::Times& times = found.diagnosis.times;
  const double full_s = times.get(Experiment::kFull);
  Json list = Json::array();
  for (size_t i = 0; i < diagnose::kExperiments; ++i) {
    const auto experiment = static_cast<Experiment>(i);
    const diagnose::ExperimentInfo& what = diagnose::info(experiment);
    const auto left_out = found.measurements.left_out.find(experiment);
    const std::optional<double> seconds = times.at(experiment);
    list.push_back({{"id", what.id},
                    {"symbol", what.symbol},
                    {"change", what.change},
                    {"tells", what.tells},
                    {"seconds", known(seconds)},
                    {"of_full", seconds ? known(*seconds / full_s) : Json()},
                    {"tolerance", seconds ? known(found.diagnosis.tolerances[i]) : Json()},
                    {"left_out", left_out == found.measurements.left_out.end() ? Json() : Json(left_out->second)}});
  }
  return list;
}

Json rounds_json(const diagnose::Measurements& measurements) {
  Json list = Json::array();
  for (const diagnose::Round& round : measurements.rounds) {
    Json json = Json::object();
    for (const auto& [experiment, window] : round)
      json[id_of(experiment)] = {{"steps", window.steps},
                                 {"seconds", known(window.seconds)},
                                 {"step_seconds", known(window.seconds / static_cast<double>(window.steps))},
                                 {"busy_seconds", parts_json(window.busy_s)},
                                 {"skew_seconds", known(window.skew_s)}};
    list.push_back(std::move(json));
  }
  return list;
}

Json profile_json(const std::optional<diagnose::OperatorProfile>& profile) {
  if (!profile) return {};
  Json json = {{"peak_flops_per_second", positive(profile->peak_flops_per_s)},
               {"peak_bytes_per_second", positive(profile->peak_bytes_per_s)},
               {"operators", Json::array()}};
  for (const diagnose::OperatorCost& one : profile->operators)
    json["operators"].push_back({{"name", one.name},
                                 {"seconds", known(one.seconds)},
                                 {"flops", positive(one.flops)},
                                 {"bytes", positive(one.bytes)}});
  return json;
}

Json conditions_json(const diagnose::Measurements& measurements) {
  const diagnose::Conditions& conditions = measurements.conditions;
  return {
      {"seconds", known(conditions.seconds)},
      {"others_cores", known(conditions.others_cores)},
      {"counted_cores", positive(static_cast<double>(conditions.counted_cores))},
      {"quota_cores", positive(conditions.quota_cores)},
      {"numa_nodes", positive(static_cast<double>(conditions.numa_nodes))},
      {"throttled_share", known(conditions.throttled_share)},
      {"memory_stall_share", known(conditions.memory_stall_share)},
      {"clock_mhz", positive(conditions.clock_mhz)},
      {"least_clock_mhz", positive(conditions.least_clock_mhz)},
      {"governor", words_or_null(conditions.governor)},
      {"resident_share", {{"begin", known(conditions.resident_at_begin)}, {"end", known(conditions.resident_at_end)}}},
      {"load_average", known(conditions.load_average)},
      {"window_seconds", known(measurements.window_s)},
      {"delay_seconds", known(measurements.delay_s)},
      {"rounds", measurements.rounds.size()},
      {"interrupted", measurements.interrupted}};
}

Json roofline_json(const std::optional<diagnose::RooflinePoint>& point) {
  if (!point) return {};
  return {{"flops", positive(point->flops)},
          {"bytes_at_least", positive(point->bytes)},
          {"seconds", positive(point->seconds)},
          {"flop_per_byte", positive(point->intensity())},
          {"ridge", positive(point->ridge())},
          {"of_peak_flops", positive(point->reached())},
          {"peak_flops_per_second", positive(point->peak_flops_per_s)},
          {"peak_bytes_per_second", positive(point->peak_bytes_per_s)}};
}

Json energy_json(const Examination& found) {
  Json json = {{"unavailable", found.energy.empty() ? words_or_null(found.energy_unavailable) : Json()},
               {"source", words_or_null(found.energy_source)},
               {"missing", found.energy.empty() ? Json() : words_or_null(found.energy_unavailable)},
               {"parts", found.energy.empty() ? Json() : Json::array()}};
  for (const diagnose::PartEnergy& one : found.energy)
    json["parts"].push_back({{"part", one.part}, {"joules", known(one.joules)}});
  return json;
}

Json remedy_json(const diagnose::Remedy& remedy) {
  const diagnose::Candidate& candidate = remedy.candidate;
  Json json = {{"name", candidate.name},
               {"is_method", candidate.spec != nullptr},
               {"with", candidate.with},
               {"without", candidate.without},
               {"set", candidate.set},
               {"threads", candidate.threads > 0 ? Json(candidate.threads) : Json()},
               {"packs", candidate.packs},
               {"samples", known(candidate.samples)},
               {"flags", join(flags_of(candidate), " ")},
               {"predicted", remedy.predicted && !remedy.bound_only ? known(remedy.gain) : Json()},
               {"at_most", remedy.predicted ? known(remedy.most) : Json()},
               {"bound_only", remedy.bound_only},
               {"next", limit_json(remedy.next)},
               {"basis", words_or_null(remedy.basis)},
               {"note", words_or_null(candidate.note)}};
  json["measured_by"] = candidate.measured ? Json(id_of(*candidate.measured)) : Json();
  json["loader_threads_factor"] = known(candidate.effect.workers);  // times as many
  json["factors"] = Json::object();
  for (size_t part = 0; part < diagnose::kParts; ++part) {
    if (candidate.effect.factor[part] != 1) json["factors"][part_of(part)] = known(candidate.effect.factor[part]);
  }
  return json;
}

Json no_help_json(const std::vector<diagnose::NoHelp>& list) {
  Json json = Json::array();
  for (const diagnose::NoHelp& one : list) json.push_back({{"name", one.name}, {"why", one.why}});
  return json;
}

Json advice_json(const diagnose::Advice& advice) {
  Json json = {{"remedies", Json::array()}};
  for (const diagnose::Remedy& remedy : advice.remedies) json["remedies"].push_back(remedy_json(remedy));
  json["will_not_help"] = no_help_json(advice.not_here);
  json["makes_worse"] = no_help_json(advice.makes_worse);
  json["not_weighed"] = no_help_json(advice.not_weighed);
  json["fewer_steps"] = advice.fewer_steps;
  json["settings"] = advice.settings;
  return json;
}

Json realised_json(const std::vector<diagnose::Realised>& list) {
  Json json = Json::array();
  for (const diagnose::Realised& one : list) {
    const bool tried = one.failed.empty();
    json.push_back({{"remedy", remedy_json(one.remedy)},
                    {"gain", tried ? known(one.gain) : Json()},
                    {"interval", tried ? range_json(one.interval) : Json()},
                    {"ratio", tried && one.remedy.predicted && !one.remedy.bound_only ? known(one.ratio()) : Json()},
                    {"failed", words_or_null(one.failed)}});
  }
  return json;
}

}  // namespace

Json diagnosis_json(const Examination& found) {
  Json json = {{"version", 1}, {"command", found.command}, {"verdict", verdict_json_of(found.diagnosis)}};
  json["findings"] = Json::array();
  for (const diagnose::Finding& finding : found.diagnosis.findings) json["findings"].push_back(finding_json(finding));
  json["sensitivities"] = sensitivities_json(found.diagnosis);
  json["stage_model"] = model_json(found.diagnosis.model);
  json["advice"] = advice_json(found.advice);
  json["realised"] = realised_json(found.realised);
  json["roofline"] = roofline_json(found.roofline);
  json["memory"] = {{"of", words_or_null(found.memory.of)},
                    {"used_bytes", positive(found.memory.used_bytes)},
                    {"total_bytes", positive(found.memory.total_bytes)},
                    {"batch", words_or_null(found.memory.batch)}};
  json["energy"] = energy_json(found);
  json["notes"] = found.notes;
  json["facts"] = facts_json(found.measurements.facts);
  json["conditions"] = conditions_json(found.measurements);
  json["experiments"] = experiments_json(found);
  json["operator_profile"] = profile_json(found.measurements.profile);
  json["rounds"] = rounds_json(found.measurements);
  return json;
}

std::string diagnosis_csv(const Examination& found) {
  std::string text = "round,experiment,steps,seconds,step_seconds\n";
  for (size_t number = 0; number < found.measurements.rounds.size(); ++number) {
    for (const auto& [experiment, window] : found.measurements.rounds[number])
      text += cat(number, ",", id_of(experiment), ",", window.steps, ",", hasten::number(window.seconds), ",",
                  hasten::number(window.seconds / static_cast<double>(window.steps)), "\n");
  }
  return text;
}

}  // namespace hasten::report
