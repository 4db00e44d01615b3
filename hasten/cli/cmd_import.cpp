// hasten import: logs of other programs into run directories.
#include <iostream>
#include <memory>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/cli/command.h"
#include "hasten/evaluate/importers/importers.h"
#include "hasten/evaluate/importers/mapping.h"

namespace hasten::cli {
namespace {

struct ImportFlags {
  std::vector<std::string> what;  // [FORMAT] PATH
  std::string out;
  evaluate::ImportOptions options;
};

void run_import(const ImportFlags& flags, Context& context) {
  if (flags.what.empty() || flags.what.size() > 2) {
    throw ConfigError("import", "[FORMAT] PATH", cat(flags.what.size(), " words"), "hasten import logs/ --out runs");
  }
  const std::string& path = flags.what.back();
  const evaluate::Importer& importer =
      flags.what.size() == 2 ? evaluate::find_importer(flags.what.front()) : evaluate::detect_importer(path);
  if (!std::filesystem::exists(path))
    throw ConfigError("path", "a file or folder of logs", path + ", which is not there");
  if (!flags.options.mapping.empty())
    evaluate::read_mapping(flags.options.mapping);  // refuse a wrong one before writing
  evaluate::DirectorySink sink(flags.out);
  importer.read({path}, flags.options, sink);
  if (sink.finished() == 0) {
    throw DataError(path, "", cat("holds no run, read as ", importer.name),
                    "it may be empty, or its rows are not those that the mapping asks for");
  }
  if (context.json) {
    print_json({{"format", importer.name}, {"runs", sink.finished()}, {"out", flags.out}});
  } else {
    std::cout << importer.name << ": " << sink.finished() << (sink.finished() == 1 ? " run" : " runs") << " in "
              << flags.out << "\n";
  }
}

}  // namespace

void add_import(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("import", "logs of other programs into runs");
  std::string formats = "Formats (found by themselves when left out):\n";
  for (const auto& importer : evaluate::all_importers())
    formats += cat("  ", importer.name, std::string(14 - importer.name.size(), ' '), importer.summary, "\n");
  command->footer(formats +
                  "Examples:\n  hasten import logs/ --out runs\n  hasten import csv metrics.csv --mapping lightning "
                  "--metric validation/acc --out runs");
  auto flags = std::make_shared<ImportFlags>();
  command->add_option("what", flags->what, "[FORMAT] PATH")->required();
  command->add_option("--out", flags->out, "folder for the runs; must be new or empty")->required();
  command->add_option("--mapping", flags->options.mapping,
                      "of csv and jsonl: wandb, mlflow, lightning, or a TOML file");
  command->add_option("--group", flags->options.group, "group of all runs");
  command->add_option("--workload", flags->options.workload, "workload of all runs");
  command->add_option("--metric", flags->options.metric, "the metric that counts, such as validation/acc");
  command->add_option("--target", flags->options.target, "its target");
  add_json_flag(*command, context);
  command->callback([flags, &context] { run_import(*flags, context); });
}

}  // namespace hasten::cli
