// hasten diagnose: what holds a run back, by experiments, by its own accounting, or by a trace of it.
#include <algorithm>
#include <functional>
#include <iostream>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/cli/diagnose_recipe.h"
#include "hasten/cli/method_verdicts.h"
#include "hasten/diagnose/run_account.h"
#include "hasten/diagnose/trace_verdict.h"
#include "hasten/evaluate/record_io.h"
#include "hasten/methods/catalogue.h"
#include "hasten/report/diagnosis_report.h"
#include "hasten/report/run_account.h"
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
  std::string side = "both";
  size_t top = 0;  // 0: not asked for
  double gate = 0;
  bool explain = false, last_step = false, drop_unlinked = false, accept_torn = false, all_rows = false,
       whole_path = false, no_zero_launch_edges = false;

  // Rows of each table. A terminal has little room; JSON has everything unless less is asked for.
  size_t rows(bool json) const {
    if (all_rows || (json && top == 0)) return SIZE_MAX;
    return top == 0 ? 15 : top;
  }
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
  if (!path && !options.data_events.empty())
    throw ConfigError("--data-event", "--annotation or --whole-path beside it", "neither");
  if (!path && options.no_zero_launch_edges)
    throw ConfigError("--no-zero-launch-edges", "--annotation or --whole-path beside it", "neither");
  if (path)
    analysis.hta_path =
        trace::PathOptions{options.annotation, options.instance, options.data_events, !options.no_zero_launch_edges};
  return analysis;
}

std::vector<std::filesystem::path> paths_of(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

// Methods that say they relieve what the verdict names: those first that were measured to help, without those that were only
// measured to hurt.
std::vector<std::string> relieving(const diagnose::TraceVerdict& verdict) {
  const std::vector<evaluate::VerdictFile> measured = load_verdicts({});
  std::vector<std::string> helping, others;
  Catalogue catalogue(method_specs());
  for (const MethodSpec& spec : catalogue.all()) {
    const bool relieves = std::any_of(verdict.bottlenecks.begin(), verdict.bottlenecks.end(), [&](Bottleneck one) {
      return std::find(spec.relieves.begin(), spec.relieves.end(), one) != spec.relieves.end();
    });
    if (!relieves) continue;
    const std::vector<std::string> words = words_of(spec, measured);
    if (std::find(words.begin(), words.end(), "helps") != words.end()) helping.push_back(spec.name);
    else if (std::any_of(words.begin(), words.end(), [](const std::string& word) { return word != "hurts"; }))
      others.push_back(spec.name);
  }
  helping.insert(helping.end(), others.begin(), others.end());
  return helping;
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
  trace::write_overlay(rank.view, *rank.path, *rank.partition, file);
}

void diagnose_traces(const DiagnoseOptions& options, Context& context) {
  trace::Analysis analysis =
      trace::analyze_traces(trace::find_traces(paths_of(options.traces)), analysis_options(options));
  if (options.rank >= 0) keep_rank(analysis, options.rank);
  diagnose::TraceVerdict verdict;
  if (analysis.options.view.semantics != trace::Semantics::kHta) {
    diagnose::VerdictOptions verdict_options;
    if (analysis.options.view.semantics == trace::Semantics::kTraceLens) verdict_options.ns_per_tick = 1e-3;
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
    Json json = report::trace_json(analysis, verdict, options.rows(true));
    json["verdict"]["methods"] = methods;
    return print_json(json);
  }
  std::cout << report::trace_text(analysis, verdict, methods, options.rows(false));
}

void compare_two(const DiagnoseOptions& options, Context& context) {
  trace::AnalysisOptions analysis = analysis_options(options);
  trace::RunOptions run{.read = analysis.read, .view = analysis.view, .threads = options.threads};
  run.steps.most = options.rows(context.json);
  run.compare.side = trace::parse_side(options.side);
  if (options.rank >= 0) run.rank = options.rank;
  if (options.step_a >= 0) run.compare.step_a = options.step_a;
  if (options.step_b >= 0) run.compare.step_b = options.step_b;
  auto files = [&](size_t side) { return trace::find_traces({options.compare[side]}, "--compare"); };
  trace::RunComparison runs = trace::compare_runs(files(0), files(1), run);
  if (context.json) {
    print_json(report::compare_json(runs, options.rows(true)));
  } else {
    std::cout << report::compare_text(runs, options.rows(false));
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

void show_explanation(Context& context) {
  if (context.json) print_json(report::diagnosis_explanation_json());
  else std::cout << report::diagnosis_explanation();
}

void account_for(const std::string& directory, Context& context) {
  const evaluate::Run run = evaluate::read_run(directory);
  const diagnose::RunAccount account = diagnose::account(run);
  if (context.json) print_json(report::run_account_json(account));
  else std::cout << report::run_account_text(account, run.record);
}

// Options that were typed, and that nothing would look at. A default may be meant for the other uses of the command.
void refuse_others(const CLI::App& command, const Context& context, const char* beside,
                   const std::function<bool(const CLI::Option&)>& applies) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->count() > 0 && !context.by_default.contains(option->get_name()) && !applies(*option))
      throw ConfigError(option->get_name(), "something that it applies to", beside);
  }
}

bool is_one_of(const CLI::Option& option, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), option.get_name()) != names.end();
}

bool with_a_recipe(const CLI::Option& option) { return option.get_group() == kWithARecipe; }

// What every way to read a trace shares.
void add_reading(CLI::App& command, DiagnoseOptions& options) {
  const char* group = "What is read";
  command
      .add_option("--semantics", options.semantics,
                  "exact (integer nanoseconds), hta or tracelens (the rules of these tools, to compare with them)")
      ->capture_default_str()
      ->group(group);
  command.add_option("--rank", options.rank, "only this rank")->check(non_negative())->group(group);
  command.add_flag("--include-last-step", options.last_step, "also the last profiler step, which the profiler cut off")
      ->group(group);
  command
      .add_flag("--drop-unlinked", options.drop_unlinked,
                "leave out device work that no operator launched, as TraceLens does")
      ->group(group);
  command.add_flag("--accept-torn", options.accept_torn, "read the complete events of a torn file")->group(group);
  command
      .add_option("--threads", options.threads,
                  "files read at once; with a recipe: threads of the kernels; 0: all cores")
      ->capture_default_str()
      ->check(non_negative())
      ->group(group);
}

void add_output(CLI::App& command, DiagnoseOptions& options, CLI::Option* traces, Context& context) {
  const char* group = "What is shown";
  command.add_option("--top", options.top, "rows of each table; without it 15, and all with --json")
      ->check(positive())
      ->group(group);
  command.add_flag("--all", options.all_rows, "all rows of each table")->group(group);
  command
      .add_option("--html", options.html,
                  "write a page to this file: of a recipe's diagnosis, or of a trace with its timeline")
      ->group(group);
  command
      .add_option("--overlay", options.overlay,
                  "write the trace to this file (.json, .json.gz) with the critical path, idle time and queues drawn "
                  "in, for Perfetto")
      ->needs(traces)
      ->group(group);
  command.add_option("--csv", options.csv, "write the tables into this folder")->needs(traces)->group(group);
  add_json_flag(command, context);
  command.get_option("--json")->group(group);
}

void add_details(CLI::App& command, DiagnoseOptions& options, CLI::Option* traces) {
  const char* group = "Details of --trace";
  command
      .add_option("--kernel-delay-ns", options.kernel_delay_ns,
                  "a shorter gap between kernels that were launched in time is the device's own")
      ->capture_default_str()
      ->needs(traces)
      ->group(group);
  command.add_option("--pattern", options.pattern, "count kernel sequences under operators whose name contains this")
      ->needs(traces)
      ->group(group);
  auto* annotation = command
                         .add_option("--annotation", options.annotation,
                                     "with --semantics hta: critical path inside an event whose name contains this")
                         ->needs(traces)
                         ->group(group);
  command.add_option("--instance", options.instance, "which of these events, from 0")
      ->check(non_negative())
      ->needs(annotation)
      ->group(group);
  command.add_flag("--whole-path", options.whole_path, "with --semantics hta: critical path of the whole trace")
      ->needs(traces)
      ->excludes(annotation)
      ->group(group);
  command
      .add_flag(
          "--no-zero-launch-edges", options.no_zero_launch_edges,
          "for that path: no edge of weight 0 from a launch to work that waited in the queue. HTA's own default; ours "
          "is its CRITICAL_PATH_ADD_ZERO_WEIGHT_LAUNCH_EDGE=1")
      ->needs(traces)
      ->group(group);
  command.add_option("--data-event", options.data_events, "for that path: names of host work that loads data")
      ->needs(traces)
      ->group(group);
}

void add_comparing(CLI::App& command, DiagnoseOptions& options, CLI::Option* compare) {
  const char* group = "Details of --compare";
  command.add_option("--step-a", options.step_a, "names of only this profiler step of A")
      ->check(non_negative())
      ->needs(compare)
      ->group(group);
  command.add_option("--step-b", options.step_b, "names of only this profiler step of B")
      ->check(non_negative())
      ->needs(compare)
      ->group(group);
  command.add_option("--side", options.side, "names on the host, on the device, or both")
      ->capture_default_str()
      ->check(CLI::IsMember({"host", "device", "both"}))
      ->needs(compare)
      ->group(group);
  command
      .add_option("--gate", options.gate,
                  "exit with 4 if the interval says that B's steps take more than this times A's")
      ->check(positive())
      ->needs(compare)
      ->group(group);
}

}  // namespace

void add_diagnose(CLI::App& app, Context& context, const DiagnoseRecipe& diagnose_recipe) {
  CLI::App* command =
      app.add_subcommand("diagnose", "what holds a recipe, a run or a traced program back, and what helps");
  command->footer(
      "Examples:\n  hasten diagnose recipes/fashion-mnist/baseline.toml --time 60s --apply\n  hasten diagnose "
      "runs/mine\n  hasten diagnose --explain\n  hasten diagnose --trace trace.json.gz\n  hasten diagnose --trace "
      "ranks/ --html page.html\n  hasten "
      "diagnose --trace ranks/ --rank 0 --overlay overlay.json.gz\n  hasten diagnose --compare before/ after/ --gate "
      "1.05");
  auto options = std::make_shared<DiagnoseOptions>();
  auto recipe = std::make_shared<RecipeDiagnosis>();
  const char* group = "One of";
  auto* subject =
      command
          ->add_option("subject", recipe->recipe,
                       "a recipe, on which experiments are made, or the directory of a run, whose accounting is read")
          ->type_name("RECIPE|RUN")
          ->group(group);
  auto* explain = command->add_flag("--explain", options->explain, "the experiments and the rules of the verdict")
                      ->excludes(subject)
                      ->group(group);
  auto* traces = command
                     ->add_option("--trace", options->traces,
                                  "traces of torch.profiler (.json, .json.gz), one a rank, or folders of them")
                     ->type_name("PATH")
                     ->excludes(subject)
                     ->group(group);
  auto* compare = command
                      ->add_option("--compare", options->compare,
                                   "A and B, before and after: two traces, or two folders of ranks, which are paired "
                                   "by rank number")
                      ->type_name("PATH")
                      ->expected(2)
                      ->excludes(traces)
                      ->excludes(subject)
                      ->group(group);
  auto* memory =
      command->add_option("--memory-timeline", options->memory_timeline, "a raw timeline of export_memory_timeline")
          ->type_name("FILE")
          ->excludes(traces)
          ->excludes(compare)
          ->excludes(subject)
          ->group(group);
  add_recipe_diagnosis(*command, *recipe);
  add_reading(*command, *options);
  add_output(*command, *options, traces, context);
  command->get_option("--html")->excludes(compare)->excludes(memory);
  add_details(*command, *options, traces);
  add_comparing(*command, *options, compare);
  command->callback([options, recipe, diagnose_recipe, &context, command, subject, explain, traces, compare, memory] {
    if (*explain) return show_explanation(context);
    if (*subject) {
      if (std::filesystem::is_directory(recipe->recipe)) {
        refuse_others(*command, context, "the directory of a run",
                      [](const CLI::Option& option) { return is_one_of(option, {"subject", "--json"}); });
        return account_for(recipe->recipe, context);
      }
      refuse_others(*command, context, "a recipe", [](const CLI::Option& option) {
        return with_a_recipe(option) || is_one_of(option, {"subject", "--json", "--html", "--threads"});
      });
      recipe->html = options->html;
      recipe->threads = options->threads;
      return diagnose_recipe(*recipe, context);
    }
    if (*traces || *compare || *memory)
      refuse_others(*command, context, "traces", [](const CLI::Option& option) { return !with_a_recipe(option); });
    if (*memory) return show_memory_timeline(*options, context);
    if (*compare) return compare_two(*options, context);
    if (!*traces)
      throw ConfigError("diagnose", "a recipe, a run, --trace, --compare or --memory-timeline", "none of them");
    diagnose_traces(*options, context);
  });
}

}  // namespace hasten::cli
