// hasten score: scores of public benchmarks from their logs.
#include <cmath>
#include <iostream>
#include <map>
#include <memory>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/cli/command.h"
#include "hasten/evaluate/importers/importers.h"
#include "hasten/report/scores.h"

namespace hasten::cli {
namespace {

struct ScoreFlags {
  std::string path, config, rule = "index", baseline = "baseline";
  std::optional<double> threshold;
  std::vector<std::string> references;
  int64_t runs = 0, dropped = 1;
  double target = 3.28, alpha = 0.01;
  int64_t resamples = 500;
  double gamma = 1;
  std::vector<double> taus;
  bool exact = false;
};

void score_algoperf(const ScoreFlags& flags, Context& context) {
  evaluate::AlgoperfOverrides overrides;
  if (!flags.config.empty()) overrides = evaluate::read_algoperf_config(flags.config);
  Json json = Json::array();
  bool first = true;
  for (auto& board : evaluate::read_algoperf(flags.path, overrides)) {
    report::AlgoperfReport report{std::move(board), flags.baseline, flags.exact,
                                  flags.rule == "index" ? evaluate::TrialRule::kIndex : evaluate::TrialRule::kMinTime,
                                  flags.resamples};
    if (context.json) {
      json.push_back(report::algoperf_json(report));
    } else {
      std::cout << (first ? "" : "\n") << report::algoperf_text(report);
      first = false;
    }
  }
  if (context.json) print_json(json);
}

std::vector<evaluate::Run> read_all(const char* format, const std::string& path) {
  std::error_code code;
  if (!std::filesystem::exists(path, code))
    throw ConfigError("path", "a file or folder of logs", path + ", which is not there");
  evaluate::MemorySink sink;
  evaluate::find_importer(format).read({path}, {}, sink);
  return std::move(sink.runs);
}

void score_dawnbench(const ScoreFlags& flags, Context& context) {
  std::vector<evaluate::DawnbenchEntry> entries;
  for (const auto& run : read_all("dawnbench", flags.path))
    entries.push_back(evaluate::score_dawnbench(run, flags.threshold));
  evaluate::sort_entries(entries);
  if (context.json) print_json(report::dawnbench_json(entries));
  else std::cout << report::dawnbench_text(entries);
}

void score_nanogpt(const ScoreFlags& flags, Context& context) {
  // Logs in one folder are runs of one recipe.
  std::map<std::string, report::NanogptGroup> by_name;
  for (const auto& run : read_all("nanogpt", flags.path)) {
    report::NanogptGroup& group = by_name[run.record.group];
    group.name = run.record.group;
    group.logs.push_back(evaluate::read_nanogpt_log(run, flags.target));
  }
  std::vector<report::NanogptGroup> groups;
  for (auto& [name, group] : by_name) {
    group.finals = evaluate::final_losses(group.logs);
    group.track1 = evaluate::track1(group.finals.losses, flags.target, flags.alpha);
    group.track3 = evaluate::track3_accepts(group.finals.losses, flags.target);
    groups.push_back(std::move(group));
  }
  if (context.json) print_json(report::nanogpt_json(groups, flags.target, flags.alpha));
  else std::cout << report::nanogpt_text(groups, flags.target, flags.alpha);
}

void score_mlperf(const ScoreFlags& flags, Context& context) {
  evaluate::MlperfOptions options{flags.runs, flags.dropped, {}};
  for (const std::string& path : flags.references) {
    for (const auto& file : evaluate::files_below(path, [](const auto& one) { return one.extension() == ".json"; })) {
      for (auto& point : evaluate::read_references(file)) options.references.push_back(std::move(point));
    }
  }
  auto results = evaluate::score_mlperf(read_all("mllog", flags.path), options);
  if (context.json) print_json(report::mlperf_json(results));
  else std::cout << report::mlperf_text(results);
}

void score_profile(const ScoreFlags& flags, Context& context) {
  if (!std::isfinite(flags.gamma)) throw ConfigError("--gamma", "a finite number", number(flags.gamma));
  for (double tau : flags.taus) {
    if (!std::isfinite(tau)) throw ConfigError("--taus", "finite numbers", number(tau));
  }
  evaluate::ScoreTable table = evaluate::read_score_table(flags.path);
  report::ScoreTableOptions options{flags.resamples, flags.gamma, flags.taus};
  if (context.json) print_json(report::score_table_json(table, options));
  else std::cout << report::score_table_text(table, options);
}

CLI::App* add_one(CLI::App& score, const char* name, const char* what, const char* path,
                  std::shared_ptr<ScoreFlags> flags, Context& context, void (*run)(const ScoreFlags&, Context&)) {
  CLI::App* command = score.add_subcommand(name, what);
  command->add_option("path", flags->path, path)->required();
  add_json_flag(*command, context);
  command->callback([flags, &context, run] { run(*flags, context); });
  return command;
}

}  // namespace

void add_score(CLI::App& app, Context& context) {
  CLI::App* score = app.add_subcommand("score", "scores of public benchmarks from their logs");
  score->require_subcommand(1);
  score->footer(
      "Examples:\n  hasten score algoperf logs/ --exact\n  hasten score dawnbench CIFAR10/train\n  hasten score "
      "nanogpt records/ --target 3.28 --alpha 0.01\n  hasten score mlperf results/ --reference rcps_resnet.json\n"
      "  hasten score profile scores.csv");
  auto flags = std::make_shared<ScoreFlags>();
  CLI::App* algoperf =
      add_one(*score, "algoperf", "performance-profile scores of AlgoPerf boards",
              "folder with <submission>/study_<k>/<workload>/trial_<j>/", flags, context, score_algoperf);
  algoperf->add_flag("--exact", flags->exact,
                     "rank by the integral itself instead of the published 100-point trapezoid");
  algoperf
      ->add_option("--rule", flags->rule,
                   "which trial of a study counts: index (as published) or min-time (as documented)")
      ->capture_default_str()
      ->check(CLI::IsMember({"index", "min-time"}));
  algoperf->add_option("--config", flags->config, "JSON with workloads, held-outs, targets, r_max")
      ->check(CLI::ExistingFile);
  algoperf->add_option("--baseline", flags->baseline, "submission for the geometric means")->capture_default_str();
  algoperf->add_option("--resamples", flags->resamples, "of the bootstrap")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000000));
  CLI::App* dawnbench = add_one(*score, "dawnbench", "time and cost to the threshold",
                                "folder with <name>.json and <name>.tsv", flags, context, score_dawnbench);
  dawnbench->add_option("--threshold", flags->threshold, "instead of the benchmark's own");
  CLI::App* nanogpt = add_one(*score, "nanogpt", "mean loss at a planned length, with its p value",
                              "logs; those in one folder are runs of one recipe", flags, context, score_nanogpt);
  nanogpt->add_option("--target", flags->target, "loss to reach")->capture_default_str();
  nanogpt->add_option("--alpha", flags->alpha, "of the one-sided test")
      ->capture_default_str()
      ->check(CLI::Range(1e-9, 0.5));
  CLI::App* mlperf = add_one(*score, "mlperf", "mean without extremes, and the check of convergence",
                             "logs (:::MLLOG); those in one folder are one result", flags, context, score_mlperf);
  mlperf->add_option("--reference", flags->references, "reference convergence points: JSON files, or folders of them")
      ->check(CLI::ExistingPath);
  mlperf->add_option("--runs", flags->runs, "of a submission; of more logs the median window counts (else: all)")
      ->check(CLI::Range(3, 1000));
  mlperf->add_option("--drop", flags->dropped, "fastest and slowest runs that do not count")
      ->capture_default_str()
      ->check(CLI::Range(1, 100));
  CLI::App* profile = add_one(*score, "profile", "IQM, optimality gap, probability of improvement, profiles",
                              "CSV with the columns method, task, score", flags, context, score_profile);
  profile
      ->add_option("--taus", flags->taus,
                   "scores at which profiles are read (else 0.1 to 0.9 of scores in [0, 1], round numbers of others)")
      ->delimiter(',');
  profile->add_option("--gamma", flags->gamma, "score from which on the optimality gap sees no lack")
      ->capture_default_str();
  profile->add_option("--resamples", flags->resamples, "of the bootstrap")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000000));
}

}  // namespace hasten::cli
