// hasten data pack: samples of any format into shards.
#include <charconv>
#include <iostream>
#include <memory>

#include "hasten/base/clock.h"
#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/cli/data/data_command.h"
#include "hasten/cli/data/progress_line.h"
#include "hasten/cli/interrupt.h"
#include "hasten/loader/formats/open.h"
#include "hasten/loader/shards/pack.h"

namespace hasten::cli {
namespace {

namespace fs = std::filesystem;

struct PackFlags {
  std::string source, out, format = "auto", shard_size = "256MiB";
  shards::PackOptions options;
  bool no_names = false;
};

uint64_t parse_bytes(const std::string& text, const char* where) {
  struct Unit {
    const char* name;
    uint64_t bytes;
  };
  constexpr Unit kUnits[] = {{"", 1},           {"kB", 1000},      {"MB", 1000000},           {"GB", 1000000000},
                             {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", uint64_t{1} << 30}};
  uint64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  for (const Unit& unit : kUnits) {
    if (error == std::errc() && unit.name == std::string(stop, text.data() + text.size()) &&
        value < (uint64_t{1} << 51) / unit.bytes)
      return value * unit.bytes;
  }
  throw ConfigError(where, "a size such as 256MiB or 1GB", "'" + text + "'");
}

shards::PackOptions options_of(const PackFlags& flags) {
  shards::PackOptions options = flags.options;
  if (flags.format == "raw") options.format = shards::PackFormat::kRaw;
  if (flags.format == "jpeg") options.format = shards::PackFormat::kJpeg;
  options.names = !flags.no_names;
  options.shard_bytes = parse_bytes(flags.shard_size, "--shard-size");
  options.stop = catch_interrupts();
  return options;
}

Json choice_json(const shards::FormatChoice& choice) {
  const shards::FormatRates& rates = choice.rates;
  return {{"reason", choice.reason},
          {"measured_samples", rates.measured},
          {"raw_bytes_per_sample", rates.raw_bytes},
          {"encoded_bytes_per_sample", rates.encoded_bytes},
          {"decodes_per_s_and_thread", rates.decodes_per_s},
          {"copy_bytes_per_s", rates.copy_bytes_per_s},
          {"read_bytes_per_s", rates.read_bytes_per_s},
          {"free_memory_bytes", rates.free_memory},
          {"free_disk_bytes", rates.free_disk},
          {"threads", rates.threads},
          {"raw_resident", choice.raw_resident},
          {"encoded_resident", choice.encoded_resident},
          {"raw_samples_per_s", choice.raw_per_s},
          {"encoded_samples_per_s", choice.encoded_per_s}};
}

struct PackedPart {
  std::string part;
  fs::path folder;
  shards::PackResult result;
  int64_t ns = 0;
};

Json part_json(const PackedPart& packed) {
  const shards::PackResult& result = packed.result;
  Json json = {{"part", packed.part},
               {"folder", packed.folder.string()},
               {"format", result.images ? Json(shards::name_of(result.format)) : Json()},
               {"samples", result.samples},
               {"shards", result.shards},
               {"shards_found_finished", result.shards_before},
               {"bytes", result.bytes},
               {"skipped", result.skipped},
               {"skipped_samples", result.skipped_samples},
               {"interrupted", result.interrupted},
               {"seconds", seconds(packed.ns)}};
  if (result.choice) json["choice"] = choice_json(*result.choice);
  return json;
}

void print_part(const PackedPart& packed) {
  const shards::PackResult& result = packed.result;
  if (result.choice) std::cout << result.choice->reason << "\n";
  std::cout << packed.folder.string() << ": " << count_text(static_cast<uint64_t>(result.samples), "sample", "samples")
            << " in " << count_text(result.shards, "shard", "shards") << " of " << byte_text(result.bytes);
  if (result.images) std::cout << " as " << shards::name_of(result.format);
  if (result.interrupted) std::cout << ", interrupted";
  else if (result.shards_before == result.shards) std::cout << ", all there already";
  else std::cout << ", " << duration_text(seconds(packed.ns));
  if (result.shards_before > 0 && result.shards_before < result.shards)
    std::cout << " (" << result.shards_before << " of them were there already)";
  std::cout << "\n";
  if (result.skipped > 0) std::cout << "  left out as damaged: " << result.skipped << "\n";
  for (const std::string& sample : result.skipped_samples) std::cout << "    " << sample << "\n";
}

void run_pack(const PackFlags& flags, Context& context) {
  shards::PackOptions options = options_of(flags);
  Json list = Json::array();
  for (const std::string& part : parts_of(flags.source)) {
    const auto source = open_samples(flags.source, part);
    PackedPart packed{part, part.empty() ? fs::path(flags.out) : fs::path(flags.out) / part, {}, 0};
    const int64_t start = now_ns();
    {
      ProgressLine line(cat("packing", part.empty() ? "" : " ", part));
      shards::PackOptions of_part = options;
      of_part.progress = [&line](const shards::PackProgress& progress) {
        line.show(static_cast<double>(progress.sample) / static_cast<double>(progress.samples),
                  cat(progress.sample, " of ", progress.samples, " samples"));
      };
      packed.result = shards::pack(*source, packed.folder, of_part);
    }
    packed.ns = now_ns() - start;
    options.format = packed.result.format;  // measured once: all parts are of one format
    if (packed.result.format == shards::PackFormat::kRaw) options.quality = 0;
    if (context.json) list.push_back(part_json(packed));
    else print_part(packed);
    if (packed.result.interrupted) {
      std::cerr << "interrupted; the finished shards are kept, and the same command goes on after them\n";
      context.exit_code = kInterruptedBySignal;
      break;
    }
  }
  if (context.json) print_json(list);
}

}  // namespace

void add_data_pack(CLI::App& data, Context& context) {
  CLI::App* command = data.add_subcommand("pack", "samples of any format into shards with checksums");
  command->footer(
      "A pack that was stopped goes on after its finished shards when the same command runs again.\n"
      "Examples:\n  hasten data pack photos/ --out packed\n  hasten data pack photos/ --out packed --format jpeg "
      "--resize 256 --quality 90\n  hasten data pack more/ --out packed --append");
  auto flags = std::make_shared<PackFlags>();
  command->add_option("source", flags->source, "file or folder with samples; each part (train, test) becomes a folder")
      ->required();
  command->add_option("--out", flags->out, "folder for the shards")->required();
  command
      ->add_option(
          "--format", flags->format,
          "raw: images as pixels; jpeg: images encoded, as they are where they are; auto: what this machine reads "
          "faster, by measurement")
      ->check(CLI::IsMember({"raw", "jpeg", "auto"}))
      ->capture_default_str();
  command->add_option("--quality", flags->options.quality, "encode images (again) as JPEG of this quality, 1 to 100")
      ->check(CLI::Range(1, 100));
  command->add_option("--resize", flags->options.resize, "make images smaller, to this many pixels on the shorter side")
      ->check(CLI::Range(1, 65500));
  command->add_option("--shard-size", flags->shard_size, "most bytes of a shard, such as 64MiB")->capture_default_str();
  command
      ->add_option("--threads", flags->options.threads,
                   "threads; the shards do not depend on them (default: all cores)")
      ->check(CLI::Range(1, 1024));
  command->add_flag("--append", flags->options.append, "add the samples to a set that is there");
  command->add_flag("--skip-damaged", flags->options.skip_damaged, "leave damaged samples out, with a count");
  command->add_flag("--no-names", flags->no_names, "do not keep the names of the samples");
  add_json_flag(*command, context);
  command->callback([flags, &context] { run_pack(*flags, context); });
}

}  // namespace hasten::cli
