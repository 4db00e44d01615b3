// hasten export: weights, plan or predictions of a trained run, for other programs.
#include <algorithm>
#include <array>
#include <iostream>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/cli/torch/recipe_options.h"
#include "hasten/cli/torch/threads.h"
#include "hasten/methods/catalogue.h"
#include "hasten/train/export_run.h"

namespace hasten::cli {
namespace {

struct ExportFlags {
  std::string run, format = "safetensors", weights, out;
  int threads = 0;
};

struct Format {
  const char *name, *file, *what;
};
constexpr std::array<Format, 4> kFormats{{{"safetensors", "weights.safetensors", "parameters and buffers"},
                                          {"plan", "plan.json", "blocks, layers and tensors of the model"},
                                          {"predictions", "predictions.npy", "logits of the evaluated split"},
                                          {"torchscript", "trained.pt", "the module with these weights"}}};

// Records name provided weights by their method.
std::vector<std::string> kinds_of_weights() {
  std::vector<std::string> kinds{"raw"};
  for (const MethodSpec& spec : method_specs()) {
    const auto provides = [](const Use& use) { return use.site == Site(Seam::kWeightProvider); };
    if (std::any_of(spec.uses.begin(), spec.uses.end(), provides)) kinds.push_back(spec.name);
  }
  return kinds;
}

const Format& find_format(const std::string& name) {
  std::vector<std::string> names;
  for (const Format& format : kFormats) {
    if (format.name == name) return format;
    names.emplace_back(format.name);
  }
  throw ConfigError("--format", ordinal_list(names, "or"), "'" + name + "'", suggest(name, names));
}

void export_run(const ExportFlags& flags, Context& context) {
  set_threads(flags.threads);
  const Format& format = find_format(flags.format);
  const std::filesystem::path directory(flags.run);
  const std::filesystem::path out = flags.out.empty() ? directory / format.file : std::filesystem::path(flags.out);
  if (!flags.out.empty()) require_place(out, "--out");
  TrainedRun run(directory, registry(), "run", TrainedRun::Ended::kNotRequired, {flags.weights, "--weights"});
  for (const std::string& text : run.skipped()) std::cerr << "warning: " << text << "\n";
  const bool predicts = std::string_view(format.name) == "predictions";
  std::optional<Splits> splits;
  if (predicts || run.needs_data()) splits.emplace(load_splits(run.recipe()));
  State& state = splits ? run.state(splits->train) : run.state();
  std::string bytes;
  if (predicts) bytes = export_predictions(run, state, splits->get(run.plan().run.metric.split));
  else if (flags.format == "plan") bytes = export_plan(run, state).dump(1) + "\n";
  else if (flags.format == "torchscript") bytes = export_module(run, state, "--format");
  else bytes = export_weights(run, state);
  write_file_atomic(out, bytes);
  if (context.json) {
    print_json({{"file", out.string()},
                {"format", format.name},
                {"step", run.checkpoint().step},
                {"weights", run.weights()},
                {"bytes", bytes.size()}});
  } else {
    std::cout << out.string() << ": " << format.what << ", "
              << (flags.format == "plan" ? "" : run.weights() + " weights of ") << "step " << run.checkpoint().step
              << ", " << si(static_cast<double>(bytes.size())) << "B\n";
  }
}

}  // namespace

void add_export(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("export", "weights, plan or predictions of a run, for other programs");
  auto flags = std::make_shared<ExportFlags>();
  command->add_option("run", flags->run, "run directory")->required();
  command
      ->add_option("--format", flags->format,
                   "safetensors (default), plan (JSON to build the model from), predictions (.npy of logits) or "
                   "torchscript (of a run of that family)")
      ->type_name("TEXT:{safetensors,plan,predictions,torchscript}");
  command
      ->add_option("--weights", flags->weights,
                   "raw, or those of a method that the run trained with (default: what it was evaluated with)")
      ->type_name("TEXT:{" + join(kinds_of_weights(), ",") + "}");
  command->add_option("--out", flags->out, "file to write (default: in the run directory)");
  command->add_option("--threads", flags->threads, "threads of the kernels (default: OMP_NUM_THREADS, or all cores)")
      ->check(non_negative());
  add_json_flag(*command, context);
  command->footer(
      "The newest checkpoint is taken; docs/weights.md says what the files hold and how PyTorch reads them.\n"
      "examples:\n"
      "  hasten export runs/a\n"
      "  hasten export runs/a --format plan --out plan.json\n"
      "  hasten export runs/a --weights raw --format predictions --out logits.npy");
  command->callback([flags, &context] { export_run(*flags, context); });
}

}  // namespace hasten::cli
