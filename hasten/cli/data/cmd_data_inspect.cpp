// hasten data inspect and stats: what a data set is, and what is in it.
#include <algorithm>
#include <iostream>
#include <memory>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/cli/data/data_command.h"
#include "hasten/cli/data/progress_line.h"
#include "hasten/cli/interrupt.h"
#include "hasten/loader/formats/open.h"
#include "hasten/loader/shards/set_notes.h"
#include "hasten/loader/shards/set_summary.h"
#include "hasten/report/table.h"

namespace hasten::cli {
namespace {

namespace fs = std::filesystem;
using shards::IndexSummary;

constexpr size_t kShownClasses = 20;

struct InspectFlags {
  std::string path;
  int64_t samples = 3;
};

Json spread_json(const shards::Spread& spread) {
  if (spread.count == 0) return nullptr;
  return {{"least", spread.least}, {"mean", spread.mean()}, {"most", spread.most}};
}

std::string spread_text(const shards::Spread& spread) {
  if (spread.least == spread.most) return std::to_string(spread.least);
  return cat(spread.least, " to ", spread.most, ", mean ", significant(spread.mean(), 4));
}

std::string codecs_text(const std::map<Codec, int64_t>& codecs) {
  std::vector<std::string> parts;
  for (const auto& [codec, count] : codecs)
    parts.push_back(codecs.size() == 1 ? std::string(name_of(codec)) : cat(count, " ", name_of(codec)));
  return join(parts, ", ");
}

Json codecs_json(const std::map<Codec, int64_t>& codecs) {
  Json json = Json::object();
  for (const auto& [codec, count] : codecs) json[std::string(name_of(codec))] = count;
  return json;
}

Json sample_json(const SampleIndex& index, int64_t sample) {
  const SampleEntry entry = index.entry(sample);
  return {{"sample", sample},
          {"name", index.describe(sample)},
          {"codec", name_of(entry.codec)},
          {"bytes", entry.bytes},
          {"width", entry.width},
          {"height", entry.height},
          {"channels", entry.channels},
          {"label", entry.label}};
}

Json inspect_json(const std::string& part, const SampleIndex& index, const IndexSummary& summary,
                  const shards::SetNotes& notes, int64_t shown) {
  Json samples = Json::array();
  for (int64_t i = 0; i < std::min(shown, index.size()); ++i) samples.push_back(sample_json(index, i));
  return {{"part", part},
          {"format", index.format()},
          {"samples", index.size()},
          {"files", index.files().size()},
          {"counted_samples", summary.counted},
          {"codecs", codecs_json(summary.codecs)},
          {"sample_bytes", spread_json(summary.bytes)},
          {"width", spread_json(summary.width)},
          {"height", spread_json(summary.height)},
          {"classes", index.classes()},
          {"packs", notes.packs},
          {"notes", notes.notes},
          {"first_samples", samples}};
}

std::string shape_text(const SampleEntry& entry) {
  return entry.width == 0 ? "" : cat(entry.width, " x ", entry.height, " x ", int{entry.channels});
}

std::string classes_text(const std::vector<std::string>& classes) {
  std::vector<std::string> shown(
      classes.begin(), classes.begin() + static_cast<std::ptrdiff_t>(std::min(classes.size(), kShownClasses)));
  std::string text = cat(classes.size(), ": ", join(shown, ", "));
  return classes.size() > kShownClasses ? text + ", ..." : text;
}

void print_inspect(const fs::path& path, const std::string& part, const SampleIndex& index, const IndexSummary& summary,
                   const shards::SetNotes& notes, int64_t shown) {
  uint64_t bytes = 0;
  for (const SampleFile& file : index.files()) bytes += file.bytes;
  std::cout << path.string() << (part.empty() ? "" : ", part ") << part << ": " << index.format() << "\n"
            << "  samples   " << index.size() << "\n"
            << "  files     " << index.files().size() << ", " << byte_text(bytes) << "\n";
  if (summary.counted < summary.samples)
    std::cout << "  counted   " << summary.counted << " samples from all over the set:\n";
  if (summary.counted > 0)
    std::cout << "  codec     " << codecs_text(summary.codecs) << "\n  bytes     " << spread_text(summary.bytes)
              << " a sample\n";
  if (summary.width.count > 0)
    std::cout << "  width     " << spread_text(summary.width) << "\n  height    " << spread_text(summary.height)
              << "\n";
  if (!index.classes().empty()) std::cout << "  classes   " << classes_text(index.classes()) << "\n";
  for (const std::string& pack : notes.packs) std::cout << "  pack      " << pack << "\n";
  for (const std::string& note : notes.notes) std::cout << "  note      " << note << "\n";
  report::Table table{{"sample", "codec", "bytes", "shape", "label"}, {}, 2};
  for (int64_t i = 0; i < std::min(shown, index.size()); ++i) {
    const SampleEntry entry = index.entry(i);
    table.rows.push_back({index.describe(i), std::string(name_of(entry.codec)), std::to_string(entry.bytes),
                          shape_text(entry), std::to_string(entry.label)});
  }
  if (!table.rows.empty()) std::cout << report::terminal_table(table, "  ");
}

void run_inspect(const InspectFlags& flags, Context& context) {
  Json list = Json::array();
  for (const std::string& part : parts_of(flags.path)) {
    const auto index = open_samples(flags.path, part);
    const IndexSummary summary = shards::summarize_index(*index);
    shards::SetNotes notes;
    if (index->format() == "shards") {
      const fs::path shard = index->files().front().path;
      notes = shards::set_notes(fs::is_directory(flags.path) ? shard.parent_path() : shard);
    }
    if (context.json) list.push_back(inspect_json(part, *index, summary, notes, flags.samples));
    else print_inspect(flags.path, part, *index, summary, notes, flags.samples);
  }
  if (context.json) print_json(list);
}

struct StatsFlags {
  std::string path;
  shards::ContentOptions options;
};

std::string class_name(const std::vector<std::string>& classes, int64_t label) {
  if (label < 0) return "without a label";
  return static_cast<size_t>(label) < classes.size() ? classes[static_cast<size_t>(label)] : std::to_string(label);
}

// Labels may stand in the records, where the index does not see them.
const std::map<int64_t, int64_t>& labels_of(const IndexSummary& summary, const shards::ContentSummary& content) {
  const bool in_index = summary.labels.size() > 1 || !summary.labels.contains(-1);
  return in_index ? summary.labels : content.labels;
}

Json stats_json(const std::string& part, const SampleIndex& index, const IndexSummary& summary,
                const shards::ContentSummary& content) {
  Json balance = Json::array(), channels = Json::array();
  const std::vector<std::string> classes = index.classes();
  for (const auto& [label, count] : labels_of(summary, content))
    balance.push_back({{"label", label}, {"name", class_name(classes, label)}, {"samples", count}});
  for (const auto& [count, sums] : content.channels) {
    Json mean = Json::array(), deviation = Json::array();
    for (size_t c = 0; c < static_cast<size_t>(count); ++c) {
      mean.push_back(sums.mean(c));
      deviation.push_back(sums.deviation(c));
    }
    channels.push_back({{"channels", count}, {"images", sums.images}, {"mean", mean}, {"deviation", deviation}});
  }
  return {{"part", part},
          {"format", index.format()},
          {"samples", index.size()},
          {"codecs", codecs_json(summary.codecs)},
          {"sample_bytes", spread_json(summary.bytes)},
          {"classes", balance},
          {"read_samples", content.samples},
          {"damaged", content.damaged},
          {"first_damage", content.first_damage},
          {"width", spread_json(content.width)},
          {"height", spread_json(content.height)},
          {"pixels", channels},
          {"interrupted", content.interrupted}};
}

void print_balance(const std::map<int64_t, int64_t>& labels, const std::vector<std::string>& classes) {
  int64_t total = 0, least = std::numeric_limits<int64_t>::max(), most = 0;
  for (const auto& [label, count] : labels) {
    total += count;
    least = std::min(least, count);
    most = std::max(most, count);
  }
  if (labels.size() > 1)
    std::cout << "  classes   " << labels.size() << ", " << (least == most ? "" : cat(least, " to ")) << most
              << " samples each\n";
  if (labels.size() > 2 * kShownClasses) return;  // --json has them
  report::Table table{{"class", "samples", "share"}, {}, 1};
  for (const auto& [label, count] : labels)
    table.rows.push_back({class_name(classes, label), std::to_string(count),
                          fixed(100.0 * static_cast<double>(count) / static_cast<double>(total), 1) + "%"});
  std::cout << report::terminal_table(table, "  ");
}

void print_stats(const fs::path& path, const std::string& part, const SampleIndex& index, const IndexSummary& summary,
                 const shards::ContentSummary& content) {
  std::cout << path.string() << (part.empty() ? "" : ", part ") << part << ": "
            << count_text(static_cast<uint64_t>(index.size()), "sample", "samples") << ", "
            << codecs_text(summary.codecs) << "\n"
            << "  bytes     " << spread_text(summary.bytes) << " a sample\n";
  if (content.width.count > 0)
    std::cout << "  width     " << spread_text(content.width) << "\n  height    " << spread_text(content.height)
              << "\n";
  for (const auto& [count, sums] : content.channels) {
    std::vector<std::string> mean, deviation;
    for (size_t c = 0; c < static_cast<size_t>(count); ++c) {
      mean.push_back(fixed(sums.mean(c), 4));
      deviation.push_back(fixed(sums.deviation(c), 4));
    }
    std::cout << "  pixels    " << count_text(static_cast<uint64_t>(sums.images), "image", "images") << " of "
              << count_text(static_cast<uint64_t>(count), "channel", "channels") << ": mean " << join(mean, ", ")
              << "; deviation " << join(deviation, ", ") << "\n";
  }
  std::cout << "  read      " << count_text(static_cast<uint64_t>(content.samples), "sample", "samples")
            << (content.samples < index.size() ? " from all over the set" : "") << "\n";
  if (content.damaged > 0)
    std::cout << "  damaged   " << content.damaged << "; the first: " << content.first_damage << "\n";
  print_balance(labels_of(summary, content), index.classes());
}

void run_stats(const StatsFlags& flags, Context& context) {
  Json list = Json::array();
  for (const std::string& part : parts_of(flags.path)) {
    const auto index = open_samples(flags.path, part);
    const IndexSummary summary = shards::summarize_index(*index);
    shards::ContentOptions options = flags.options;
    options.stop = catch_interrupts();
    shards::ContentSummary content;
    {
      ProgressLine line(cat("reading", part.empty() ? "" : " ", part));
      options.progress = [&line](int64_t done, int64_t of) {
        line.show(static_cast<double>(done) / static_cast<double>(of), cat(done, " of ", of, " samples"));
      };
      content = shards::summarize_content(*index, options);
    }
    if (content.damaged > 0) context.exit_code = kBadData;
    if (context.json) list.push_back(stats_json(part, *index, summary, content));
    else print_stats(flags.path, part, *index, summary, content);
    if (content.interrupted) {
      std::cerr << "interrupted: numbers are of the " << content.samples << " samples before that\n";
      context.exit_code = kInterruptedBySignal;
      break;
    }
  }
  if (context.json) print_json(list);
}

}  // namespace

void add_data_inspect(CLI::App& data, Context& context) {
  CLI::App* command =
      data.add_subcommand("inspect", "what a data set is: format, counts, sizes, classes, first samples");
  auto flags = std::make_shared<InspectFlags>();
  command->add_option("path", flags->path, "file or folder with samples")->required();
  command->add_option("--samples", flags->samples, "how many samples to list")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  add_json_flag(*command, context);
  command->callback([flags, &context] { run_inspect(*flags, context); });
}

void add_data_stats(CLI::App& data, Context& context) {
  CLI::App* command = data.add_subcommand("stats", "class balance, sizes, mean and deviation of channels");
  command->footer(
      "Mean and deviation are of pixel values divided by 255, over all pixels: what [data] normalises with.");
  auto flags = std::make_shared<StatsFlags>();
  command->add_option("path", flags->path, "file or folder with samples")->required();
  command->add_option("--samples", flags->options.samples, "how many samples to read, from all over the set; 0: all")
      ->check(non_negative())
      ->capture_default_str();
  command->add_option("--threads", flags->options.threads, "threads (default: all cores)")->check(CLI::Range(1, 1024));
  add_json_flag(*command, context);
  command->callback([flags, &context] { run_stats(*flags, context); });
}

}  // namespace hasten::cli
