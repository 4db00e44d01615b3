// What commands of many runs have in common.
#include "hasten/cli/torch/study_options.h"

#include <iostream>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/cli/interrupt.h"
#include "hasten/cli/torch/recipe_options.h"
#include "hasten/evaluate/price.h"
#include "hasten/meter/device.h"

namespace hasten::cli {

void add_study_options(CLI::App& command, StudyFlags& flags) {
  command.add_option("--set", flags.set, "change a setting in every recipe: data.path=/data; repeatable")
      ->allow_extra_args(false);
  add_device_option(command, flags.device);
  command.add_option("--price", flags.price,
                     "recorded in every run: usd_per_hour=0.9,grams_co2_per_kwh=380,source=TEXT,date=2026-11-25");
}

RunLauncher child_runs(const StudyFlags& flags, std::vector<std::string> arguments) {
  find_device(flags.device, "--device");
  arguments.insert(arguments.end(), {"--device", flags.device});
  if (!flags.price.empty()) {
    evaluate::parse_price(flags.price, "--price");
    arguments.insert(arguments.end(), {"--price", flags.price});
  }
  return run_in_child(std::filesystem::read_symlink("/proc/self/exe"), std::move(arguments), catch_interrupts());
}

std::vector<uint64_t> read_seeds(const std::string& text) {
  std::vector<uint64_t> seeds;
  std::vector<std::string> parts = split(text, ',');
  for (const std::string& part : parts) {
    if (part.empty() || part.find_first_not_of("0123456789") != std::string::npos) {
      throw ConfigError("--seeds", "a count such as 3 or a list such as 4,7,9", "'" + text + "'");
    }
    seeds.push_back(std::stoull(part));
  }
  if (parts.size() > 1) return seeds;
  uint64_t count = seeds.front();
  seeds.clear();
  for (uint64_t seed = 0; seed < count; ++seed) seeds.push_back(seed);
  return seeds;
}

void say_how_to_go_on(const StudyFlags& flags, const std::filesystem::path& out, Context& context) {
  std::cerr << "interrupted; go on with: " << context.command_line << (flags.resume ? "" : " --resume")
            << (flags.out.empty() ? " --out " + out.string() : "") << "\n";
  context.exit_code = kInterruptedBySignal;
}

}  // namespace hasten::cli
