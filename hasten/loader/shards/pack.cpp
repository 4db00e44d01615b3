// Any set of samples into shards: what is there already, and then block by block in the order of the source.
#include "hasten/loader/shards/pack.h"

#include <algorithm>
#include <memory>

#include "hasten/base/error.h"
#include "hasten/base/hash.h"
#include "hasten/base/text.h"
#include "hasten/base/version.h"
#include "hasten/loader/shards/ordered_work.h"
#include "hasten/loader/shards/pack_folder.h"
#include "hasten/loader/shards/pixels.h"
#include "hasten/loader/shards/set_files.h"
#include "hasten/loader/shards/shard_index.h"
#include "hasten/loader/shards/shard_writer.h"
#include "hasten/loader/shards/source_names.h"
#include "hasten/loader/shards/source_reader.h"

namespace hasten::shards {
namespace {

constexpr uint64_t kBlockBytes = uint64_t{1} << 20;
constexpr int64_t kBlockSamples = 256;
constexpr size_t kNamedSkips = 10;

struct Block {
  int64_t begin = 0, end = 0;
};

struct ReadySample {
  int64_t sample = 0;
  PackedSample packed;
  RecordBuffer buffer;  // holds packed.bytes where packed.own does not
  std::string name, damage;
};
using ReadyBlock = std::vector<ReadySample>;

void check_options(const SampleIndex& source, const PackOptions& options) {
  if (source.size() == 0) throw ConfigError("source", "at least one sample", "none");
  if (options.quality < 0 || options.quality > 100)
    throw ConfigError("--quality", "1 to 100", std::to_string(options.quality));
  if (options.quality != 0 && options.format == PackFormat::kRaw)
    throw ConfigError("--quality", "--format jpeg or auto", "raw", "pixels have no quality setting");
  if (!options.names && source.format() == "text")
    throw ConfigError("--no-names", "images", "text", "the names of its files say which part a text belongs to");
  if (options.shard_bytes < kPageBytes * 4 || options.shard_bytes > uint64_t{1} << 50)
    throw ConfigError("--shard-size", "16 KiB to 1 PiB", std::to_string(options.shard_bytes));
}

// What makes the bytes of a pack what they are, but for the contents of the samples. Where the source lies is no part.
uint64_t pack_identity(const SampleIndex& source, const SourceNames& names, const PackOptions& options,
                       PackFormat format) {
  const std::string head = cat(kVersion, " ", source.format(), " ", source.size(), " ", name_of(format), " ",
                               format == PackFormat::kRaw ? 0 : options.quality, " ", options.resize, " ",
                               options.shard_bytes, " ", options.names, " ", join(source.classes(), "\n"));
  uint64_t identity = hash64(head);
  for (int64_t i = 0; i < source.size(); ++i) {
    const SampleEntry entry = source.entry(i);
    const uint64_t words[] = {entry.offset, entry.bytes, static_cast<uint64_t>(entry.label), entry.hash.value_or(0)};
    identity = hash64({reinterpret_cast<const char*>(words), sizeof words}, identity);
    if (options.names) identity = hash64(names(i), identity);
  }
  return identity;
}

std::string note_text(const SampleIndex& source, const PackOptions& options, PackFormat format) {
  std::string note = cat("packed by hasten ", version_text(), " from ", source.format());
  if (!is_image(source.entry(0).codec)) return note;
  note += cat(" as ", name_of(format));
  if (options.resize != 0) note += cat(", shorter side at most ", options.resize);
  if (options.quality != 0 && format == PackFormat::kJpeg) note += cat(", encoded again at quality ", options.quality);
  return note;
}

// Hands out blocks of about a megabyte, so that tiny samples share a task and large ones do not fill the memory.
class Blocks {
 public:
  Blocks(const SampleIndex& source, int64_t begin) : source_(source), at_(begin) {}
  std::optional<Block> next() {
    if (at_ == source_.size()) return std::nullopt;
    Block block{at_, at_};
    uint64_t bytes = 0;
    while (block.end < source_.size() && block.end - block.begin < kBlockSamples && bytes < kBlockBytes) {
      bytes += source_.entry(block.end++).bytes;
    }
    at_ = block.end;
    return block;
  }

 private:
  const SampleIndex& source_;
  int64_t at_;
};

ReadySample prepare(const SampleIndex& source, const SourceNames& names, SourceReader& reader, int64_t sample,
                    const TranscodeOptions& transcoding, const PackOptions& options) {
  ReadySample ready;
  ready.sample = sample;
  std::string file;
  try {
    const SampleEntry entry = source.entry(sample);
    file = source.files().at(entry.file).path.string();
    const SamplePayload payload = source.payload(sample, entry, reader.read(entry, ready.buffer));
    ready.packed = transcode(payload, transcoding);
    ready.packed.entry.source = static_cast<uint64_t>(sample);
    if (options.names) ready.name = names(sample);
  } catch (const DataError& error) {
    // Errors of codecs know neither file nor sample; their text starts with the ": " behind an empty place.
    const DataError named = error.path().empty()
                                ? DataError(file, source.describe(sample), std::string(error.what()).substr(2),
                                            "--skip-damaged leaves such samples out")
                                : error;
    if (!options.skip_damaged) throw named;
    ready.damage = named.what();
  }
  return ready;
}

// Cuts the stream of samples into shards. Where a cut falls depends on the samples only.
class ShardSequence {
 public:
  ShardSequence(const PackFolder& folder, const PackStart& start, const PackOptions& options, std::string note,
                std::vector<std::string> classes, PackResult& result)
      : folder_(folder),
        options_(options),
        note_(std::move(note)),
        classes_(std::move(classes)),
        result_(result),
        number_(start.shard),
        place_{start.identity, start.sample, start.sample, start.total} {}

  void add(ReadySample&& ready) {
    if (!ready.damage.empty()) {
      ++result_.skipped;
      if (result_.skipped_samples.size() < kNamedSkips) result_.skipped_samples.push_back(std::move(ready.damage));
      return;
    }
    const size_t bytes = ready.packed.bytes.size();
    if (writer_ && writer_->samples() > 0 && writer_->bytes_with(bytes) > options_.shard_bytes)
      finish_shard(static_cast<uint64_t>(ready.sample));
    if (!writer_) writer_ = std::make_unique<ShardWriter>(folder_.path() / shard_name(number_));
    writer_->add(ready.packed.entry, ready.packed.bytes, ready.name);
    ++result_.samples;
  }

  void finish() {
    if (place_.first == place_.total) return;
    // A shard without samples says that the rest of the source was skipped.
    if (!writer_) writer_ = std::make_unique<ShardWriter>(folder_.path() / shard_name(number_));
    finish_shard(place_.total);
  }

 private:
  void finish_shard(uint64_t next) {
    place_.next = next;
    result_.bytes += writer_->finish(place_, classes_, note_);
    writer_.reset();
    ++result_.shards;
    ++number_;
    place_.first = next;
  }

  const PackFolder& folder_;
  const PackOptions& options_;
  const std::string note_;
  const std::vector<std::string> classes_;
  PackResult& result_;
  uint64_t number_;
  PackPlace place_;
  std::unique_ptr<ShardWriter> writer_;
};

void pack_from(const SampleIndex& source, const SourceNames& names, const PackFolder& folder, const PackStart& start,
               const PackOptions& options, PackResult& result) {
  const TranscodeOptions transcoding{result.format, options.quality, options.resize};
  const int threads = threads_or_all(options.threads);
  SourceReader reader(source);
  Blocks blocks(source, static_cast<int64_t>(start.sample));
  ShardSequence shards(folder, start, options, note_text(source, options, result.format), source.classes(), result);
  auto stopped = [&] { return options.stop && options.stop->load(std::memory_order_relaxed); };
  in_order<Block, ReadyBlock>(
      threads, static_cast<size_t>(threads) * 2 + 2, [&] { return blocks.next(); },
      [&](const Block& block) {
        ReadyBlock ready;
        for (int64_t i = block.begin; i < block.end && !stopped(); ++i)
          ready.push_back(prepare(source, names, reader, i, transcoding, options));
        return ready;
      },
      [&](ReadyBlock&& ready) {
        if ((result.interrupted = stopped())) return false;
        const int64_t last = ready.back().sample;
        for (ReadySample& sample : ready) shards.add(std::move(sample));
        if (options.progress) options.progress({last + 1, source.size(), result.bytes});
        return true;
      });
  if (!result.interrupted) shards.finish();
}

}  // namespace

PackResult pack(const SampleIndex& source, const std::filesystem::path& path, const PackOptions& options) {
  check_options(source, options);
  PackResult result;
  PackFolder folder(path);
  const SourceNames names(source);
  std::vector<PackCandidate> candidates;
  result.images = is_image(source.entry(0).codec);
  for (PackFormat format : {PackFormat::kRaw, PackFormat::kJpeg}) {
    // Text and tokens stay what they are: one format stands for all.
    if (result.images ? options.format.value_or(format) == format : format == PackFormat::kRaw)
      candidates.push_back({format, pack_identity(source, names, options, format)});
  }
  PackStart start = folder.start(source, candidates, options.append);
  if (!start.format && candidates.size() > 1) {
    result.choice = choose_format(measure_rates(source, path, {PackFormat::kJpeg, options.quality, options.resize},
                                                threads_or_all(options.threads)));
    start.format = result.choice->format;
  }
  if (!start.format) start.format = candidates.front().format;
  result.format = *start.format;
  for (const PackCandidate& candidate : candidates) {
    if (candidate.format == result.format) start.identity = candidate.identity;
  }
  for (const ShardHeader& header : start.finished) {
    result.samples += static_cast<int64_t>(header.samples);
    result.skipped += static_cast<int64_t>(header.pack_next - header.pack_first - header.samples);
    result.bytes += header.file_bytes;
  }
  result.shards = result.shards_before = start.finished.size();
  pack_from(source, names, folder, start, options, result);
  return result;
}

}  // namespace hasten::shards
