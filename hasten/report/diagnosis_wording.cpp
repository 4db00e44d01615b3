// Words and cells of a diagnosis.
#include "hasten/report/diagnosis_wording.h"

#include <algorithm>

#include "hasten/base/text.h"

namespace hasten::report {
namespace {

using diagnose::Diagnosis;
using diagnose::Examination;
using diagnose::Experiment;
using diagnose::Limit;

constexpr size_t kLineWidth = 100;

std::string times_text(double gain) { return significant(gain, 3) + "x"; }

std::string bound_text(double s_max) {
  if (s_max <= 0) return "no bound on the gain without";
  const std::string most = times_text(s_max);
  return most == times_text(1) ? "no faster without it alone" : cat("at most ", most, " faster without");
}

// A name as a shell leaves it.
std::string shell_word(const std::string& word) {
  constexpr std::string_view kSafe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.,=/:+@%";
  if (!word.empty() && word.find_first_not_of(kSafe) == std::string::npos) return word;
  std::string out = "'";
  for (char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// The stages that the verdict is about; none where it is about how they go together.
std::vector<std::string_view> binding_stages(const Diagnosis& diagnosis) {
  if (!diagnosis.decided) return {};
  switch (diagnosis.primary().what) {
    case Limit::kContention: return {"contention"};
    case Limit::kFetch:
    case Limit::kRead: return {"fetch", "loader"};
    case Limit::kDecode: return {"decode", "loader"};
    case Limit::kAugment: {
      const auto& parts = diagnosis.model.parts();
      const bool in_step =
          parts[static_cast<size_t>(diagnose::Part::kTransform)] > parts[static_cast<size_t>(diagnose::Part::kAugment)];
      if (in_step) return {"transform"};
      return {"augment", "loader"};
    }
    case Limit::kBurst: return {"fetch", "decode", "augment", "loader"};
    case Limit::kAssemble: return {"assemble"};
    case Limit::kTransfer: return {"transfer"};
    case Limit::kCommunication:
    case Limit::kStraggler: return {"reduce"};
    case Limit::kSync:
    case Limit::kHost:
    case Limit::kOptimizer:
    case Limit::kMath:
    case Limit::kBandwidth:
    case Limit::kKernelLatency:
    case Limit::kCompute: return {"compute"};
    default: return {};
  }
}

}  // namespace

std::string no_remedy_text(const Diagnosis& diagnosis) {
  if (!diagnosis.findings.empty() && diagnosis.primary().what == Limit::kThrottled)
    return "that cannot be told while the machine is throttled";
  return cat("nothing that is known here makes a step shorter by ", percent_text(diagnose::kLeastTolerance),
             " or more");
}

std::string milliseconds(double seconds) { return significant(1e3 * seconds, 3) + " ms"; }

std::string percent_text(double share, int digits) { return fixed(100 * share, digits) + "%"; }

std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

std::string wrapped_line(const std::string& text, const std::string& first, const std::string& rest) {
  std::vector<std::string> words;
  for (const std::string& word : split(one_line(text), ' ')) {
    if (word.empty()) continue;
    if (!words.empty() && word.starts_with("ms")) words.back() += " " + word;  // a unit stays with its number
    else words.push_back(word);
  }
  std::string out, line = first;
  for (size_t i = 0; i < words.size(); ++i) {
    const bool fresh = line == (out.empty() ? first : rest);
    if (!fresh && display_width(line) + 1 + display_width(words[i]) > kLineWidth) {
      out += line + "\n";
      line = rest + words[i];
    } else {
      line += (fresh ? "" : " ") + words[i];
    }
  }
  return out + line + "\n";
}

bool has_numbers(const diagnose::Finding& finding) {
  return finding.what != Limit::kThrottled && finding.what != Limit::kBalanced;
}

std::string diagnosis_line(const Diagnosis& diagnosis) {
  if (!diagnosis.decided) return "no verdict: " + diagnosis.refusal;
  const diagnose::Finding& first = diagnosis.primary();
  std::string line(diagnose::name_of(first.what));
  if (has_numbers(first)) {
    line += cat(": ", percent_text(first.share), " of the step (", fixed(100 * diagnosis.share.low, 0), " to ",
                percent_text(diagnosis.share.high), "), ", bound_text(first.s_max));
    if (first.s_max > 0 && diagnosis.s_max.low > 0)
      line += cat(" (", significant(diagnosis.s_max.low, 3), " to ", significant(diagnosis.s_max.high, 3), ")");
  }
  line += ", confidence " + percent_text(diagnosis.confidence);
  if (has_numbers(first) && diagnosis.findings.size() > 1)
    line += cat(", margin ", fixed(100 * diagnosis.margin, 0), " points");
  return line;
}

std::string finding_line(const diagnose::Finding& finding) {
  std::string line(diagnose::name_of(finding.what));
  if (has_numbers(finding))
    line += cat(": ", percent_text(finding.share), " of the step (", milliseconds(finding.seconds), "), ",
                bound_text(finding.s_max));
  return finding.evidence.empty() ? line : line + "; " + finding.evidence;
}

std::vector<PipelineRow> pipeline_rows(const Diagnosis& diagnosis) {
  const diagnose::StageModel& model = diagnosis.model;
  const std::vector<std::string_view> binding = binding_stages(diagnosis);
  std::vector<PipelineRow> rows;
  double begin_s = 0;
  for (size_t chain = 0; chain < model.chains().size(); ++chain) {
    PipelineRow row;
    double known_s = 0;
    bool trains = false;
    for (diagnose::Part part : model.chains()[chain]) {
      const double seconds = model.parts()[static_cast<size_t>(part)];
      trains = trains || part == diagnose::Part::kCompute;
      known_s += seconds;
      if (seconds > 0) row.stages.push_back({std::string(hasten::name_of(part)), seconds});
    }
    // Without the clocks of its threads the model holds the loader's whole time in one part.
    if (!trains && !diagnosis.times.drained && row.stages.size() == 1) row.stages[0].name = "loader";
    row.seconds = model.chain_s(chain);
    if (row.seconds - known_s > 1e-3 * row.seconds) row.stages.push_back({"contention", row.seconds - known_s});
    for (Stage& stage : row.stages)
      stage.binds = std::find(binding.begin(), binding.end(), stage.name) != binding.end();
    row.begin_s = model.serial() ? begin_s : 0;
    begin_s += row.seconds;
    row.longest = !model.serial() && model.chains().size() > 1 && chain == model.longest_chain() && row.seconds > 0;
    rows.push_back(std::move(row));
  }
  return rows;
}

double pipeline_scale_s(const Diagnosis& diagnosis) {
  double scale = diagnosis.model.full_s();
  for (const PipelineRow& row : pipeline_rows(diagnosis)) scale = std::max(scale, row.begin_s + row.seconds);
  return scale;
}

std::vector<std::string> pipeline_notes(const Diagnosis& diagnosis) {
  const diagnose::StageModel& model = diagnosis.model;
  std::vector<std::string> notes;
  if (model.serial()) notes.push_back("The chains take turns: a step is as long as all of them together.");
  else if (model.chains().size() > 1)
    notes.push_back("The chains run beside each other: a step is as long as the longest of them.");
  const std::string says = cat("it says ", milliseconds(model.predict()), ", off by ", percent_text(model.error()));
  if (model.explains()) notes.push_back(cat("The stage model explains the run: ", says, "."));
  else
    notes.push_back(
        cat("The stage model does not explain this run: ", says, ". Gains are only bounded, by what was measured."));
  return notes;
}

std::string step_line(const Examination& found) {
  const double full_s = found.diagnosis.model.full_s();
  const diagnose::Facts& facts = found.measurements.facts;
  return cat("a step of ", facts.subject, " on ", facts.device.empty() ? "an unnamed device" : facts.device, " takes ",
             milliseconds(full_s), ": ", si(static_cast<double>(facts.batch) / full_s), " samples/s in batches of ",
             facts.batch);
}

std::vector<std::string> sensitivity_lines(const Diagnosis& diagnosis) {
  std::vector<std::string> lines;
  for (const diagnose::Sensitivity& one : diagnosis.sensitivities)
    lines.push_back(cat(one.part, " ", fixed(one.value, 2), " (", fixed(one.interval.low, 2), " to ",
                        fixed(one.interval.high, 2), ")"));
  return lines;
}

Table experiments_table(const Examination& found) {
  Table table{{"", "change", "ms a step", "of R0", "±"}, {}, 2};
  const diagnose::Times& times = found.diagnosis.times;
  for (size_t i = 0; i < diagnose::kExperiments; ++i) {
    const auto experiment = static_cast<Experiment>(i);
    if (!times.has(experiment)) continue;
    const diagnose::ExperimentInfo& what = diagnose::info(experiment);
    // A tolerance is twice the half width, and never under the least one.
    const double half = 0.5 * found.diagnosis.tolerances[i];
    const bool least = found.diagnosis.tolerances[i] <= diagnose::kLeastTolerance;
    table.rows.push_back({std::string(what.id), std::string(what.change), significant(1e3 * times.get(experiment), 4),
                          fixed(times.get(experiment) / times.get(Experiment::kFull), 3),
                          (least ? "<" : "") + percent_text(half, 1)});
  }
  return table;
}

std::vector<std::string> left_out_lines(const diagnose::Measurements& measurements) {
  std::vector<diagnose::NoHelp> list;
  for (const auto& [experiment, why] : measurements.left_out)
    list.push_back({std::string(diagnose::info(experiment).id), why});
  return grouped_lines(list);
}

std::vector<std::string> grouped_lines(const std::vector<diagnose::NoHelp>& list) {
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;  // why, in the order of the first of each
  for (const diagnose::NoHelp& one : list) {
    auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& known) { return known.first == one.why; });
    if (group == groups.end()) group = groups.insert(groups.end(), {one.why, {}});
    group->second.push_back(one.name);
  }
  std::vector<std::string> lines;
  for (const auto& [why, names] : groups) lines.push_back(join(names, ", ") + ": " + why);
  return lines;
}

namespace {

std::string roofline_cell(const std::optional<diagnose::RooflinePoint>& point) {
  if (!point || point->seconds <= 0) return "unavailable";
  std::string text =
      point->bytes > 0 ? cat(significant(point->intensity(), 3), " FLOP a byte at most") : "bytes unknown";
  if (point->ridge() > 0) text += cat(", ridge at ", significant(point->ridge(), 3));
  if (point->peak_flops_per_s > 0)
    text +=
        cat("; ", percent_text(point->reached()), " of the measured peak of ", si(point->peak_flops_per_s), "FLOP/s");
  if (point->peak_bytes_per_s > 0 && point->bytes > 0)
    text += cat("; at least ", percent_text(point->bytes / point->seconds / point->peak_bytes_per_s), " of that of ",
                si(point->peak_bytes_per_s), "B/s");
  return text;
}

std::string memory_cell(const diagnose::MemoryHeadroom& memory) {
  if (memory.used_bytes <= 0) return "unavailable";
  std::string text = si(memory.used_bytes) + "B used";
  if (memory.total_bytes > 0)
    text += cat(" of ", si(memory.total_bytes), "B (", percent_text(memory.used_bytes / memory.total_bytes), ")");
  if (!memory.of.empty()) text += ", " + memory.of;
  return memory.batch.empty() ? text : text + "; a batch of " + memory.batch;
}

std::string energy_cell(const Examination& found) {
  if (found.energy.empty())
    return "unavailable" + (found.energy_unavailable.empty() ? "" : ": " + found.energy_unavailable);
  double all = 0;
  for (const diagnose::PartEnergy& one : found.energy) all += one.joules;
  std::vector<std::string> parts;
  for (const diagnose::PartEnergy& one : found.energy)
    parts.push_back(cat(one.part, " ", significant(one.joules, 3), " J",
                        all > 0 ? cat(" (", percent_text(one.joules / all), ")") : ""));
  // A sum of some counters only is not the step's energy, so it says which.
  return cat(significant(all, 3), " J a step: ", join(parts, ", "),
             found.energy_source.empty() ? "" : "; by " + found.energy_source,
             found.energy_unavailable.empty() ? "" : "; missing: " + found.energy_unavailable);
}

std::string clock_cell(const diagnose::Measurements& measurements) {
  const diagnose::Conditions& conditions = measurements.conditions;
  const double nominal = measurements.facts.nominal_mhz;
  std::string text = "unknown";
  if (conditions.clock_mhz > 0)
    text = cat(fixed(conditions.clock_mhz, 0), " MHz on average, ", fixed(conditions.least_clock_mhz, 0), " at least");
  text += conditions.clock_mhz > 0 && nominal > 0 ? cat(", nominal ", fixed(nominal, 0))
                                                  : "; whether that is below its nominal rate was not checked";
  return conditions.governor.empty() ? text : text + "; governor " + conditions.governor;
}

std::string resident_cell(const diagnose::Conditions& conditions) {
  if (!conditions.resident_at_begin || !conditions.resident_at_end) return "no files are read";
  return cat(percent_text(*conditions.resident_at_begin), " of the data's files at the beginning, ",
             percent_text(*conditions.resident_at_end), " at the end");
}

}  // namespace

Table conditions_table(const Examination& found) {
  const diagnose::Measurements& made = found.measurements;
  const diagnose::Facts& facts = made.facts;
  const diagnose::Conditions& conditions = made.conditions;
  const auto share = [](const std::optional<double>& value) {
    return value ? percent_text(*value, 1) + " of the time" : "unknown";
  };
  const auto counted = [](int64_t count, const char* one, const char* many) {
    return cat(count, " ", count == 1 ? one : many);
  };
  const int64_t shared = conditions.counted_cores > 0 ? conditions.counted_cores : facts.cores;
  const std::string others = conditions.others_cores
                                 ? cat(fixed(*conditions.others_cores, 2), " processors of ", shared, " (",
                                       percent_text(conditions.others_share(facts.cores)), ")")
                                 : "unknown";
  const std::string quota = conditions.quota_cores > 0
                                ? cat("a quota of ", significant(conditions.quota_cores, 3), " processors")
                                : std::string("no quota");
  const std::string nodes = conditions.numa_nodes > 0 ? counted(conditions.numa_nodes, "memory node", "memory nodes")
                                                      : std::string("memory nodes unknown");
  return {{},
          {{"roofline", roofline_cell(found.roofline)},
           {"memory", memory_cell(found.memory)},
           {"energy", energy_cell(found)},
           {"others' load", cat(others, ", load average ", fixed(conditions.load_average, 2))},
           {"throttled", share(conditions.throttled_share)},
           {"memory stalls", share(conditions.memory_stall_share)},
           {"clock", clock_cell(made)},
           {"container", cat(quota, ", ", nodes)},
           {"page cache", resident_cell(conditions)},
           {"timing", cat(counted(static_cast<int64_t>(made.rounds.size()), "round", "rounds"), ", windows of ",
                          duration_text(made.window_s), ", ", duration_text(conditions.seconds), " in all",
                          made.interrupted ? ", interrupted" : "")},
           {"run", cat("batches of ", facts.batch, ", ", counted(facts.workers, "loader thread", "loader threads"),
                       ", ", counted(facts.training_threads, "training thread", "training threads"), ", ",
                       counted(facts.processes, "process", "processes"), " on ",
                       counted(facts.cores, "processor", "processors"))}},
          2};
}

std::string gain_text(const diagnose::Remedy& remedy) {
  constexpr double kTellsNothing = 10;  // a bound that far away
  if (!remedy.predicted || (remedy.bound_only && remedy.most > kTellsNothing)) return "not predicted";
  std::string text = remedy.bound_only ? "at most " + times_text(remedy.most) : "predicted " + times_text(remedy.gain);
  // More samples a step can be worth more than its parts are: then there is nothing to say of the bound.
  if (!remedy.bound_only && remedy.most < kTellsNothing && times_text(remedy.most) != times_text(remedy.gain) &&
      remedy.most > remedy.gain)
    text += ", at most " + times_text(remedy.most);
  if (remedy.next != Limit::kOther) text += cat("; then ", diagnose::name_of(remedy.next));
  return text;
}

std::vector<std::string> flags_of(const diagnose::Candidate& candidate) {
  std::vector<std::string> flags;
  const auto add = [&](const char* flag, const std::vector<std::string>& values) {
    for (const std::string& value : values) flags.push_back(cat(flag, " ", shell_word(value)));
  };
  add("--with", candidate.with);
  add("--without", candidate.without);
  add("--set", candidate.set);
  if (candidate.threads > 0) flags.push_back(cat("--threads ", candidate.threads));
  return flags;
}

Table realised_table(const Examination& found) {
  Table table{{"tried", "predicted", "realised", "interval", "realised / predicted"}, {}, 1};
  for (const diagnose::Realised& one : found.realised) {
    if (!one.failed.empty()) continue;
    const diagnose::Remedy& remedy = one.remedy;
    table.rows.push_back(
        {one_line(remedy.candidate.name),
         remedy.predicted ? (remedy.bound_only ? "<= " + times_text(remedy.most) : times_text(remedy.gain)) : "-",
         times_text(one.gain), cat(significant(one.interval.low, 3), " to ", significant(one.interval.high, 3)),
         remedy.predicted && !remedy.bound_only ? fixed(one.ratio(), 2) : "-"});
  }
  return table;
}

}  // namespace hasten::report
