// hasten runs: what is in a folder of runs, one run in detail, two side by side, what a run says while it goes on.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <thread>

#include "hasten/base/directory_lock.h"
#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/cli/command.h"
#include "hasten/evaluate/record_io.h"
#include "hasten/report/table.h"
#include "hasten/report/wording.h"
#include "hasten/spec/plan.h"

namespace hasten::cli {
namespace {

namespace fs = std::filesystem;
using evaluate::EventRecord;
using evaluate::Run;

constexpr auto kTailPause = std::chrono::milliseconds(300);

struct RunsFlags {
  std::vector<std::string> paths{"runs"};
  std::string run, status, recipe;
  bool yes = false, follow = false;
  int lines = 10;
};

// The last value of the run's metric.
std::optional<double> last_quality(const Run& run) {
  for (auto event = run.events.rbegin(); event != run.events.rend(); ++event) {
    for (const evaluate::MetricValue& metric : event->metrics) {
      if (metric.name == run.record.metric.name && metric.split == run.record.metric.split) return metric.value;
    }
  }
  return std::nullopt;
}

std::string recipe_name(const Run& run) {
  const Json recipe = evaluate::recipe(run.record);
  return recipe.is_object() ? recipe.value("name", run.record.group) : run.record.group;
}

// Where somebody works: the run's own directory, or one above it, of a search whose finished runs it still reads.
std::optional<fs::path> busy_place(const fs::path& run) {
  for (fs::path place = fs::absolute(run).lexically_normal(); place.has_relative_path(); place = place.parent_path()) {
    if (DirectoryLock::held(place)) return place;
  }
  return std::nullopt;
}

// Records of killed runs say "running".
std::string status_text(const Run& run) {
  const bool running = run.record.status == evaluate::Status::kRunning;
  return running && !busy_place(run.path) ? "killed" : std::string(evaluate::name(run.record.status));
}

std::string or_dash(const std::optional<double>& value, std::string (*text)(double)) {
  return value ? text(*value) : "-";
}

std::string four_digits(double value) { return fixed(value, 4); }
std::string short_number(double value) { return si(value); }
std::string count(double value) { return fixed(value, 0); }

std::vector<Run> read_all(const RunsFlags& flags) {
  std::vector<Run> runs;
  for (const fs::path& path : evaluate::find_runs(flags.paths)) {
    Run run = evaluate::read_run(path);
    if (!flags.status.empty() && status_text(run) != flags.status) continue;
    if (!flags.recipe.empty() && !glob_match(flags.recipe, recipe_name(run))) continue;
    runs.push_back(std::move(run));
  }
  return runs;
}

Json summary(const Run& run) {
  Json json = {{"path", run.path},
               {"recipe", recipe_name(run)},
               {"group", run.record.group},
               {"status", status_text(run)},
               {"metric", report::metric_name(run.record.metric)},
               {"started_at", run.record.started_at}};
  json["seed"] = run.record.seed ? Json(*run.record.seed) : Json();
  const std::optional<double> quality = last_quality(run);
  json["quality"] = quality ? Json(*quality) : Json();
  auto put = [&](const char* key, const std::optional<double>& value) { json[key] = value ? Json(*value) : Json(); };
  put("train_s", run.record.executed.train_s);
  put("total_s", run.record.executed.total_s);
  put("samples", run.record.executed.samples);
  put("flops", run.record.executed.flops);
  return json;
}

void list_runs(const RunsFlags& flags, Context& context) {
  std::vector<Run> runs = read_all(flags);
  std::stable_sort(runs.begin(), runs.end(),
                   [](const Run& a, const Run& b) { return a.record.started_at < b.record.started_at; });
  if (context.json) {
    Json list = Json::array();
    for (const Run& run : runs) list.push_back(summary(run));
    return print_json(list);
  }
  report::Table table{
      {"run", "recipe", "status", "metric", "seed", "quality", "train", "samples", "FLOPs", "started"}, {}, 4};
  for (const Run& run : runs) {
    const evaluate::Totals& totals = run.record.executed;
    table.rows.push_back({run.path, recipe_name(run), status_text(run), report::metric_name(run.record.metric),
                          run.record.seed ? std::to_string(*run.record.seed) : "-",
                          or_dash(last_quality(run), four_digits), or_dash(totals.train_s, duration_text),
                          or_dash(totals.samples, short_number), or_dash(totals.flops, short_number),
                          run.record.started_at.substr(0, 16)});
  }
  std::cout << report::terminal_table(table) << runs.size() << (runs.size() == 1 ? " run\n" : " runs\n");
}

fs::path one_run_folder(const std::string& path) {
  const std::vector<fs::path> found = evaluate::find_runs({path});
  if (found.size() != 1) {
    throw ConfigError("runs", "one run", cat(found.size(), " runs in ", path),
                      "name one of them: " + found.front().string());
  }
  return found.front();
}

Run one_run(const std::string& path) { return evaluate::read_run(one_run_folder(path)); }

// What the threads that made samples spent their time on, and what was wrong with samples.
std::string loader_text(const evaluate::LoaderUse& loader) {
  double all = 0;
  for (const evaluate::LoaderStage& stage : loader.stages) all += stage.seconds;
  std::vector<std::string> shares;
  for (const evaluate::LoaderStage& stage : loader.stages) {
    if (stage.seconds <= 0) continue;
    const double percent = 100 * stage.seconds / all;
    shares.push_back(cat(stage.name, " ", percent < 0.5 ? "<1" : fixed(percent, 0), "%"));
  }
  std::string text = cat("loader: ", or_dash(loader.threads, count), " threads, read by ", loader.read, "; ",
                         join(shares, ", "), "; training waited ", or_dash(loader.wait_s, duration_text), "\n");
  if (loader.skipped.value_or(0) + loader.substituted.value_or(0) > 0) {
    text += cat("samples left out: ", or_dash(loader.skipped, count),
                ", replaced: ", or_dash(loader.substituted, count), "\n");
    for (const std::string& sample : loader.corrupt) text += "  " + sample + "\n";
  }
  return text;
}

void show_run(const RunsFlags& flags, Context& context) {
  const Run run = one_run(flags.run);
  if (context.json) {
    Json json = summary(run);
    json["record"] = evaluate::to_json(run.record);
    return print_json(json);
  }
  const evaluate::RunRecord& record = run.record;
  std::cout << run.path << ": " << recipe_name(run) << ", " << status_text(run)
            << (record.status_detail.empty() ? "" : " (" + record.status_detail + ")") << "\n"
            << "started " << record.started_at << (record.finished_at.empty() ? "" : ", ended " + record.finished_at)
            << "; seed " << (record.seed ? std::to_string(*record.seed) : "unknown") << "; planned "
            << (record.planned.text.empty() ? "unknown" : record.planned.text) << "\n"
            << "methods: " << (record.methods.empty() ? "none" : join(record.methods, ", ")) << "\n"
            << "on " << record.hardware.cpu
            << (record.hardware.accelerator.empty() ? "" : ", " + record.hardware.accelerator) << "; "
            << record.software.framework << " " << record.software.version << ", commit "
            << record.software.commit.substr(0, 12) << "\n";
  for (const evaluate::AuxiliaryCost& cost : record.auxiliary)
    std::cout << "before it: " << cost.kind << " " << cost.name << ", " << or_dash(cost.seconds, duration_text) << "\n";
  if (record.loader) std::cout << loader_text(*record.loader);
  std::cout << "\n";
  report::Table table{{"step", "epoch", "train", "samples", "metric", "value"}, {}, 0};
  for (const EventRecord& event : run.events) {
    for (const evaluate::MetricValue& metric : event.metrics) {
      if (metric.split == "train") continue;
      const std::string weights = metric.weights == "raw" ? "" : " (" + metric.weights + ")";
      table.rows.push_back({event.step ? std::to_string(*event.step) : "-", event.epoch ? fixed(*event.epoch, 2) : "-",
                            or_dash(event.t_train, duration_text), or_dash(event.samples, short_number),
                            metric.split + "/" + metric.name + weights, four_digits(metric.value)});
    }
  }
  std::cout << report::terminal_table(table);
}

void compare_runs(const RunsFlags& flags, Context& context) {
  if (flags.paths.size() != 2) {
    throw ConfigError("runs compare", "two runs", cat(flags.paths.size(), flags.paths.size() == 1 ? " path" : " paths"),
                      "groups of runs with several seeds: hasten compare RUNS...");
  }
  const Run a = one_run(flags.paths[0]), b = one_run(flags.paths[1]);
  const std::vector<std::string> lines = json_difference(evaluate::recipe(a.record), evaluate::recipe(b.record));
  if (context.json) return print_json({{"runs", {summary(a), summary(b)}}, {"recipe", lines}});
  std::cout << (lines.empty() ? "the recipes are equal\n" : "recipe, from the first to the second:\n");
  for (const std::string& line : lines) std::cout << "  " << line << "\n";
  std::cout << "\n";
  report::Table table{{"", a.path, b.path, "ratio"}, {}, 1};
  auto row = [&](const char* what, const std::optional<double>& x, const std::optional<double>& y,
                 std::string (*text)(double)) {
    table.rows.push_back({what, or_dash(x, text), or_dash(y, text), x && y && *y != 0 ? fixed(*x / *y, 3) : "-"});
  };
  row(report::metric_name(a.record.metric).c_str(), last_quality(a), last_quality(b), four_digits);
  const evaluate::Totals &of_a = a.record.executed, &of_b = b.record.executed;
  row("train", of_a.train_s, of_b.train_s, duration_text);
  row("total", of_a.total_s, of_b.total_s, duration_text);
  row("samples", of_a.samples, of_b.samples, short_number);
  row("FLOPs", of_a.flops, of_b.flops, short_number);
  row("joules", of_a.joules, of_b.joules, short_number);
  std::cout << report::terminal_table(table)
            << "One run a side shows no speedup: hasten compare takes several seeds and gives intervals.\n";
}

// The directory goes with the last file in it; what hasten did not write stays, and is named.
std::vector<std::string> remove_run_files(const fs::path& run) {
  std::vector<std::string> others;
  std::vector<fs::path> own;
  for (const fs::directory_entry& entry : fs::directory_iterator(run)) {
    if (evaluate::is_run_file(entry.path())) own.push_back(entry.path());
    else others.push_back(entry.path().filename().string());
  }
  for (const fs::path& path : own) fs::remove_all(path);
  if (others.empty()) fs::remove(run);
  return others;
}

// Only what carries a run.json is a run, and only a run is removed; none of them while one is at work.
void remove_runs(const RunsFlags& flags, Context&) {
  const std::vector<Run> runs = read_all(flags);
  for (const Run& run : runs) {
    const std::optional<fs::path> place = busy_place(run.path);
    if (!place) continue;
    throw ConfigError("runs rm", "runs that nobody works on",
                      run.path + ", while a process works in " + place->string(),
                      "stop it first, or leave it out with --status");
  }
  for (const Run& run : runs) {
    if (!flags.yes) {
      std::cout << "would remove " << run.path << "\n";
      continue;
    }
    const std::vector<std::string> others = remove_run_files(run.path);
    std::cout << "removed " << run.path << (others.empty() ? "" : ", but not what no run wrote: " + join(others, ", "))
              << "\n";
  }
  if (!flags.yes) std::cout << runs.size() << (runs.size() == 1 ? " run" : " runs") << "; --yes removes\n";
}

std::string event_text(const EventRecord& event) {
  std::string text = event.step ? cat("step ", *event.step) : "";
  if (event.t_train) text += "  " + duration_text(*event.t_train);
  if (!event.kind.empty()) text += "  " + event.kind + (event.note.empty() ? "" : ": " + event.note);
  for (const evaluate::MetricValue& metric : event.metrics)
    text += cat("  ", metric.split, "/", metric.name, " ", significant(metric.value, 4));
  return text;
}

// Whole lines of a file behind those that were `seen`, which they join. A run that was resumed has cut its log: there
// the lines behind what both have are new.
std::vector<std::string> new_lines(const fs::path& path, std::vector<std::string>& seen) {
  std::ifstream file(path, std::ios::binary);
  std::vector<std::string> lines;
  size_t same = 0;
  for (std::string line; std::getline(file, line);) {
    if (file.eof()) break;  // its end is not written yet
    if (lines.empty() && same < seen.size() && line == seen[same]) ++same;
    else lines.push_back(line);
  }
  seen.resize(same);
  seen.insert(seen.end(), lines.begin(), lines.end());
  return lines;
}

void tail_run(const RunsFlags& flags, Context& context) {
  const fs::path folder = one_run_folder(flags.run), events = folder / "events.jsonl";
  evaluate::EventParser parser;
  auto print = [&](const std::string& line) {
    if (context.json) std::cout << line << std::endl;
    else std::cout << event_text(parser.parse(line, events)) << std::endl;
  };
  std::vector<std::string> seen;
  const std::vector<std::string> lines = new_lines(events, seen);
  const size_t first = lines.size() - std::min(lines.size(), static_cast<size_t>(flags.lines));
  for (size_t i = first; i < lines.size(); ++i) print(lines[i]);
  auto status = [&] { return evaluate::record_from_json(read_json(folder / "run.json"), folder / "run.json").status; };
  while (flags.follow) {
    // Asked before the last look, so that what a run says at its end is seen.
    const bool running = status() == evaluate::Status::kRunning;
    for (const std::string& line : new_lines(events, seen)) print(line);
    if (!running) break;
    std::this_thread::sleep_for(kTailPause);
  }
}

std::vector<std::string> status_words() {
  std::vector<std::string> words{"killed"};
  for (auto status = evaluate::Status::kUnknown; status <= evaluate::Status::kMissing;
       status = static_cast<evaluate::Status>(static_cast<int>(status) + 1))
    words.emplace_back(evaluate::name(status));
  return words;
}

}  // namespace

void add_runs(CLI::App& app, Context& context) {
  CLI::App* runs = app.add_subcommand("runs", "what is in a folder of runs");
  runs->require_subcommand(1);
  auto flags = std::make_shared<RunsFlags>();
  auto choose = [flags](CLI::App& command) {
    command.add_option("--status", flags->status, "only those of this status")->check(CLI::IsMember(status_words()));
    command.add_option("--recipe", flags->recipe, "only those whose recipe's name matches, as in 'fashion-*'");
  };
  CLI::App* list = runs->add_subcommand("list", "one line a run, by date");
  list->add_option("paths", flags->paths, "runs, or folders of runs (default: runs)");
  choose(*list);
  add_json_flag(*list, context);
  list->callback([flags, &context] { list_runs(*flags, context); });
  CLI::App* show = runs->add_subcommand("show", "one run: where from, what it cost, every evaluation");
  show->add_option("run", flags->run, "run directory")->required();
  add_json_flag(*show, context);
  show->callback([flags, &context] { show_run(*flags, context); });
  CLI::App* compare = runs->add_subcommand("compare", "two runs: what differs in their recipes and results");
  compare->add_option("paths", flags->paths, "two run directories")->required();
  add_json_flag(*compare, context);
  compare->callback([flags, &context] { compare_runs(*flags, context); });
  CLI::App* remove = runs->add_subcommand("rm", "remove runs; shows which without --yes");
  remove->add_option("paths", flags->paths, "runs, or folders of runs")->required();
  choose(*remove);
  remove->add_flag("--yes", flags->yes, "do remove");
  remove->callback([flags, &context] { remove_runs(*flags, context); });
  CLI::App* tail = runs->add_subcommand("tail", "the last events of a run");
  tail->add_option("run", flags->run, "run directory")->required();
  tail->add_option("-n,--lines", flags->lines, "how many")->check(non_negative())->capture_default_str();
  tail->add_flag("-f,--follow", flags->follow, "go on until the run ends");
  add_json_flag(*tail, context);
  tail->callback([flags, &context] { tail_run(*flags, context); });
}

}  // namespace hasten::cli
