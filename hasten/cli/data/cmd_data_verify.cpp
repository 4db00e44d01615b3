// hasten data verify and repair: every byte of packed sets checked, and damaged shards written again.
#include <algorithm>
#include <iostream>
#include <memory>

#include "hasten/base/clock.h"
#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/cli/data/data_command.h"
#include "hasten/cli/data/progress_line.h"
#include "hasten/cli/interrupt.h"
#include "hasten/loader/shards/repair.h"
#include "hasten/loader/shards/set_files.h"
#include "hasten/loader/shards/shard_index.h"

namespace hasten::cli {
namespace {

namespace fs = std::filesystem;

struct VerifyFlags {
  std::string path;
  int threads = 0;
};

constexpr size_t kShownLines = 20;

// The shard or the folder itself, or the folders of parts in it.
std::vector<fs::path> sets_at(const std::string& path) {
  if (!fs::exists(path)) throw ConfigError("path", "a shard, or a folder with shards", path + ", which is not there");
  if (!fs::is_directory(path)) return {path};
  auto has_shards = [](const fs::path& folder) {
    const shards::FolderFiles files = shards::files_in(folder);
    return !files.shards.empty() || !files.partials.empty();
  };
  if (has_shards(path)) return {path};
  std::vector<fs::path> sets;
  for (const auto& entry : fs::directory_iterator(path)) {
    if (entry.is_directory() && has_shards(entry.path())) sets.push_back(entry.path());
  }
  std::sort(sets.begin(), sets.end());
  if (sets.empty()) throw DataError(path, "", "there are no shards in it", "hasten data pack makes them");
  return sets;
}

Json damage_json(const shards::Damage& damage) {
  Json json = {{"shard", damage.shard.string()}, {"part", shards::name_of(damage.place)}};
  if (damage.sample >= 0) json["sample"] = damage.sample;
  if (!damage.name.empty()) json["name"] = damage.name;
  if (damage.place != shards::Place::kSet) json["byte"] = damage.byte;
  json["message"] = damage.message;
  return json;
}

void print_some(const std::vector<std::string>& lines, const std::string& indent) {
  for (size_t i = 0; i < std::min(lines.size(), kShownLines); ++i) std::cout << indent << lines[i] << "\n";
  if (lines.size() > kShownLines)
    std::cout << indent << "and " << lines.size() - kShownLines << " more (--json lists all)\n";
}

std::vector<std::string> texts_of(const std::vector<shards::Damage>& damages) {
  std::vector<std::string> texts;
  for (const shards::Damage& damage : damages) texts.push_back(shards::text_of(damage));
  return texts;
}

template <class Act>
auto with_progress(const VerifyFlags& flags, const fs::path& set, const Act& act) {
  ProgressLine line(set.string());
  shards::VerifyOptions options;
  options.threads = flags.threads;
  options.stop = catch_interrupts();
  options.progress = [&line](uint64_t done, uint64_t of) {
    line.show(of == 0 ? 1 : static_cast<double>(done) / static_cast<double>(of),
              cat(byte_text(done), " of ", byte_text(of)));
  };
  return act(set, options);
}

void run_verify(const VerifyFlags& flags, Context& context) {
  Json list = Json::array();
  for (const fs::path& set : sets_at(flags.path)) {
    const int64_t start = now_ns();
    const shards::VerifyResult result = with_progress(flags, set, shards::verify_shards);
    const double took = seconds(now_ns() - start);
    if (!result.damages.empty()) context.exit_code = kBadData;
    if (context.json) {
      Json damages = Json::array();
      for (const shards::Damage& damage : result.damages) damages.push_back(damage_json(damage));
      list.push_back({{"path", set.string()},
                      {"shards", result.shards},
                      {"samples", result.samples},
                      {"bytes", result.bytes},
                      {"damages", damages},
                      {"notes", result.notes},
                      {"interrupted", result.interrupted},
                      {"seconds", took}});
    } else {
      std::cout << set.string() << ": " << count_text(result.shards, "shard", "shards") << ", "
                << count_text(result.samples, "sample", "samples") << ", " << byte_text(result.bytes) << ": "
                << (result.damages.empty() ? "every byte is good"
                                           : count_text(result.damages.size(), "damage", "damages"))
                << (result.interrupted ? " so far" : cat(", ", duration_text(took))) << "\n";
      print_some(texts_of(result.damages), "  ");
      for (const std::string& note : result.notes) std::cout << "  note: " << note << "\n";
    }
    if (result.interrupted) {
      context.exit_code = kInterruptedBySignal;
      break;
    }
  }
  if (context.json) print_json(list);
  else if (context.exit_code == kBadData)
    std::cerr << "hint: hasten data repair " << flags.path << " writes damaged shards again, without what is lost\n";
}

Json repaired_json(const shards::RepairedShard& repaired) {
  Json damages = Json::array();
  for (const shards::Damage& damage : repaired.damages) damages.push_back(damage_json(damage));
  return {{"shard", repaired.shard.string()},
          {"damaged_kept_as", repaired.kept_as.string()},
          {"samples", repaired.samples},
          {"damages", damages},
          {"lost", repaired.lost}};
}

void print_repair(const fs::path& set, const shards::RepairResult& result) {
  std::cout << set.string() << ": " << count_text(result.shards, "shard", "shards") << " checked, "
            << result.repaired.size() << " repaired\n";
  for (const shards::RepairedShard& repaired : result.repaired) {
    std::cout << "  " << repaired.shard.filename().string() << ": written again with "
              << count_text(repaired.samples, "sample", "samples") << ", the damaged one is "
              << repaired.kept_as.filename().string() << "\n";
    print_some(texts_of(repaired.damages), "    was: ");
    print_some(repaired.lost, "    lost: ");
    if (repaired.lost.empty()) std::cout << "    nothing was lost\n";
  }
  for (const shards::Damage& damage : result.beyond_repair)
    std::cout << "  beyond repair: " << shards::text_of(damage) << "\n";
}

void run_repair(const VerifyFlags& flags, Context& context) {
  Json list = Json::array();
  for (const fs::path& set : sets_at(flags.path)) {
    const shards::RepairResult result = with_progress(flags, set, shards::repair_shards);
    if (!result.beyond_repair.empty()) context.exit_code = kBadData;
    for (const shards::RepairedShard& repaired : result.repaired)
      if (repaired.lost_samples) context.exit_code = kBadData;
    if (context.json) {
      Json repaired = Json::array(), beyond = Json::array();
      for (const shards::RepairedShard& shard : result.repaired) repaired.push_back(repaired_json(shard));
      for (const shards::Damage& damage : result.beyond_repair) beyond.push_back(damage_json(damage));
      list.push_back({{"path", set.string()},
                      {"shards", result.shards},
                      {"repaired", repaired},
                      {"beyond_repair", beyond},
                      {"interrupted", result.interrupted}});
    } else if (!result.interrupted) {
      print_repair(set, result);
    }
    if (result.interrupted) {
      std::cerr << "interrupted; nothing was changed in " << set.string() << "\n";
      context.exit_code = kInterruptedBySignal;
      break;
    }
  }
  if (context.json) print_json(list);
}

CLI::App* add_command(CLI::App& data, Context& context, const char* name, const char* what, const char* footer,
                      void (*run)(const VerifyFlags&, Context&)) {
  CLI::App* command = data.add_subcommand(name, what);
  command->footer(footer);
  auto flags = std::make_shared<VerifyFlags>();
  command->add_option("path", flags->path, "a shard, a folder of shards, or a folder with those of parts")->required();
  command->add_option("--threads", flags->threads, "threads (default: all cores)")->check(CLI::Range(1, 1024));
  add_json_flag(*command, context);
  command->callback([flags, &context, run] { run(*flags, context); });
  return command;
}

}  // namespace

void add_data_verify(CLI::App& data, Context& context) {
  add_command(data, context, "verify", "check every byte of packed shards",
              "Exit code 3 when anything is damaged; each damage is named by shard, sample and byte.", run_verify);
}

void add_data_repair(CLI::App& data, Context& context) {
  add_command(data, context, "repair", "mend damaged shards, keep what can be read of them",
              "A damaged shard is kept as NAME.damaged. Exit code 3 when samples were lost.", run_repair);
}

}  // namespace hasten::cli
