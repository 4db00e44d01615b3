// hasten diagnose --trace: where the time of a profiled run went, and what holds it back.
#include <iostream>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/cli/command.h"
#include "hasten/diagnose/trace_verdict.h"
#include "hasten/methods/catalogue.h"
#include "hasten/report/trace_json.h"
#include "hasten/report/trace_page.h"
#include "hasten/report/trace_text.h"
#include "hasten/trace/overlay.h"
#include "hasten/trace/rank_pairs.h"

namespace hasten::cli {
namespace {

struct DiagnoseOptions {
  std::vector<std::string> traces, compare;
  std::string semantics = "exact", pattern, annotation, overlay, csv, html, memory_timeline;
  std::vector<std::string> data_events;
  int64_t instance = 0, kernel_delay_ns = 30'000;
  int rank = -1, threads = 0, step_a = -1, step_b = -1;
  size_t top = 15;
  double gate = 0;
  bool last_step = false, drop_unlinked = false, accept_torn = false, all_rows = false, whole_path = false;
};

trace::AnalysisOptions analysis_options(const DiagnoseOptions& options) {
  trace::AnalysisOptions analysis;
  analysis.view = {trace::parse_semantics(options.semantics), options.last_step, options.drop_unlinked};
  analysis.read.accept_torn = options.accept_torn;
  analysis.consecutive_ns = options.kernel_delay_ns;
  analysis.pattern = options.pattern;
  analysis.threads = options.threads;
  bool hta = analysis.view.semantics == trace::Semantics::kHta;
  bool path = !options.annotation.empty() || options.whole_path;
  if (path && !hta)
    throw ConfigError("--annotation", "--semantics hta (the exact path covers the whole window)",
                      "--semantics " + options.semantics);
  if (path) analysis.hta_path = trace::PathOptions{options.annotation, options.instance, options.data_events, true};
  return analysis;
}

std::vector<std::filesystem::path> paths_of(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

// Methods that say they relieve what the verdict names, in the catalogue's order.
std::vector<std::string> relieving(const diagnose::TraceVerdict& verdict) {
  std::vector<std::string> names;
  Catalogue catalogue(method_specs());
  for (const MethodSpec& spec : catalogue.all()) {
    for (Bottleneck bottleneck : verdict.bottlenecks) {
      if (std::find(spec.relieves.begin(), spec.relieves.end(), bottleneck) == spec.relieves.end()) continue;
      names.push_back(spec.name);
      break;
    }
  }
  return names;
}

void keep_rank(trace::Analysis& analysis, int rank) {
  auto found =
      std::find_if(analysis.ranks.begin(), analysis.ranks.end(), [&](const auto& r) { return r.rank == rank; });
  if (found == analysis.ranks.end())
    throw ConfigError("--rank", "a rank that is among the traces", std::to_string(rank));
  trace::RankAnalysis kept = std::move(*found);
  analysis.ranks.clear();
  if (kept.partition) analysis.overall = *kept.partition;
  analysis.ranks.push_back(std::move(kept));
}

void write_overlay_of(const trace::Analysis& analysis, const std::string& file) {
  if (analysis.ranks.size() != 1)
    throw ConfigError("--overlay", "one rank (--rank N)", std::to_string(analysis.ranks.size()) + " ranks");
  const trace::RankAnalysis& rank = analysis.ranks[0];
  if (analysis.options.view.semantics != trace::Semantics::kExact)
    throw ConfigError("--overlay", "--semantics exact", "other semantics");
  trace::write_overlay(rank.view, *rank.path, *rank.partition, rank.queues, file);
}

void diagnose_traces(const DiagnoseOptions& options, Context& context) {
  trace::Analysis analysis =
      trace::analyze_traces(trace::find_traces(paths_of(options.traces)), analysis_options(options));
  if (options.rank >= 0) keep_rank(analysis, options.rank);
  diagnose::TraceVerdict verdict;
  if (analysis.options.view.semantics != trace::Semantics::kHta) {
    diagnose::VerdictOptions verdict_options;
    if (analysis.options.view.semantics == trace::Semantics::kTraceLens)
      verdict_options.shortest_ns *= 1000;  // its ticks
    verdict = diagnose::judge(analysis.overall, verdict_options);
  }
  std::vector<std::string> methods = relieving(verdict);
  if (!options.csv.empty()) report::write_trace_csv(analysis, options.csv);
  if (!options.overlay.empty()) write_overlay_of(analysis, options.overlay);
  if (!options.html.empty()) {
    report::TracePageOptions page;
    page.title = analysis.ranks.size() == 1 ? analysis.ranks[0].trace->path.filename().string()
                                            : cat(analysis.ranks.size(), " ranks");
    page.command = "hasten diagnose --trace " + join(options.traces, " ") + " --semantics " + options.semantics;
    write_file_atomic(options.html, report::trace_page(analysis, verdict, methods, page));
  }
  if (context.json) {
    Json json = report::trace_json(analysis, verdict, options.all_rows ? 0 : options.top);
    json["verdict"]["methods"] = methods;
    return print_json(json);
  }
  std::cout << report::trace_text(analysis, verdict, methods, options.all_rows ? SIZE_MAX : options.top);
}

void compare_two(const DiagnoseOptions& options, Context& context) {
  trace::AnalysisOptions analysis = analysis_options(options);
  trace::RunOptions run{.read = analysis.read, .view = analysis.view, .threads = options.threads};
  run.steps.most = options.top;
  if (options.rank >= 0) run.rank = options.rank;
  if (options.step_a >= 0) run.compare.step_a = options.step_a;
  if (options.step_b >= 0) run.compare.step_b = options.step_b;
  auto files = [&](size_t side) { return trace::find_traces({options.compare[side]}, "--compare"); };
  trace::RunComparison runs = trace::compare_runs(files(0), files(1), run);
  if (context.json) {
    print_json(report::compare_json(runs));
  } else {
    std::cout << report::compare_text(runs, options.all_rows ? SIZE_MAX : options.top);
  }
  if (options.gate <= 0) return;
  if (runs.steps.empty() || !runs.steps[0].resolved()) {
    throw ConfigError("--gate", "at least 3 complete profiler steps on both sides, in every rank", "fewer",
                      "profile more steps, or drop --gate");
  }
  const trace::StepRatio& step = runs.steps[0];
  bool slower = step.low > options.gate;
  std::cerr << (slower ? "gate: B is slower than allowed (" : "gate: passed (") << fixed(step.ratio, 3)
            << "x, interval " << fixed(step.low, 3) << " to " << fixed(step.high, 3) << ", allowed "
            << fixed(options.gate, 3) << "x)\n";
  if (slower) context.exit_code = kStrictFailure;
}

void show_memory_timeline(const DiagnoseOptions& options, Context& context) {
  trace::MemoryTimeline timeline = trace::read_memory_timeline(options.memory_timeline);
  const auto& names = trace::memory_category_names();
  if (context.json) {
    Json json = {{"categories", names}, {"times", timeline.times}, {"sizes", timeline.sizes}};
    return print_json(json);
  }
  double peak = 0;
  size_t at = 0;
  for (size_t i = 0; i < timeline.sizes.size(); ++i) {
    double sum = 0;
    for (double size : timeline.sizes[i]) sum += size;
    if (sum > peak) {
      peak = sum;
      at = i;
    }
  }
  std::cout << timeline.times.size() << " points; most memory at once: " << si(peak) << "B\n";
  for (size_t c = 0; c < names.size() && !timeline.sizes.empty(); ++c)
    std::cout << "  " << names[c] << ": " << si(timeline.sizes[at][c]) << "B\n";
}

}  // namespace

void add_diagnose(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("diagnose", "where the time of a profiled run went, and what holds it back");
  auto options = std::make_shared<DiagnoseOptions>();
  auto* traces = command->add_option("--trace", options->traces,
                                     "Kineto traces (.json, .json.gz), one a rank, or folders of them");
  auto* compare =
      command->add_option("--compare", options->compare, "two traces or folders of ranks, A before and B after")
          ->expected(2)
          ->excludes(traces);
  auto* memory =
      command->add_option("--memory-timeline", options->memory_timeline, "a raw timeline of export_memory_timeline")
          ->excludes(traces)
          ->excludes(compare);
  command->add_option("--semantics", options->semantics,
                      "exact (nanoseconds), hta or tracelens (their rules, to compare)");
  command->add_flag("--include-last-step", options->last_step, "also the profiler's last step, which it cuts off");
  command->add_flag("--drop-unlinked", options->drop_unlinked,
                    "leave out device work that no operator launched, as TraceLens does");
  command->add_flag("--accept-torn", options->accept_torn, "read the complete events of a torn file");
  command->add_option("--rank", options->rank, "only this rank");
  command->add_option("--top", options->top, "rows of each table")->check(CLI::PositiveNumber);
  command->add_flag("--all", options->all_rows, "all rows of each table");
  command->add_option("--kernel-delay-ns", options->kernel_delay_ns,
                      "a shorter gap between queued kernels is the device's own");
  command->add_option("--pattern", options->pattern, "count kernel sequences under operators whose name contains this");
  command->add_option("--annotation", options->annotation,
                      "critical path inside an event whose name contains this (--semantics hta)");
  command->add_option("--instance", options->instance, "which of these events, from 0")->check(CLI::NonNegativeNumber);
  command->add_flag("--whole-path", options->whole_path, "critical path of the whole trace (--semantics hta)");
  command->add_option("--data-event", options->data_events,
                      "names of host work that loads data, for the critical path");
  command->add_option("--step-a", options->step_a, "with --compare: only this profiler step of the first");
  command->add_option("--step-b", options->step_b, "with --compare: only this profiler step of the second");
  command
      ->add_option("--gate", options->gate, "with --compare: exit 4 if B's steps surely take more than this times A's")
      ->needs(compare);
  command->add_option("--csv", options->csv, "write tables into this folder");
  command->add_option("--overlay", options->overlay, "write the trace with what was found drawn into it, for Perfetto");
  command->add_option("--html", options->html, "write a page with a timeline");
  command->add_option("--threads", options->threads, "files read at once; 0: as many as cores")
      ->check(CLI::NonNegativeNumber);
  add_json_flag(*command, context);
  command->callback([options, &context, traces, compare, memory] {
    if (*memory) return show_memory_timeline(*options, context);
    if (*compare) return compare_two(*options, context);
    if (!*traces) throw ConfigError("diagnose", "--trace, --compare or --memory-timeline", "none of them");
    diagnose_traces(*options, context);
  });
}

}  // namespace hasten::cli
