// MosaicML Streaming's MDS, version 2: index.json names shards; a shard is the number of its samples, where each begins,
// a copy of its description, and the records. Shards that lie packed with zstd or gzip are read as they are.
#include <algorithm>
#include <optional>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/loader/formats/byte_order.h"
#include "hasten/loader/formats/format.h"
#include "hasten/loader/formats/input.h"
#include "hasten/loader/formats/mds_columns.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLargestMdsIndex = uint64_t{256} << 20;

class MdsIndex : public SampleIndex {
 public:
  MdsIndex(MdsColumns columns) : columns_(std::move(columns)) {}

  // `offsets` has one more than there are samples: where the last one ends.
  void add(SampleFile file, const std::vector<uint32_t>& offsets) {
    files_.push_back(std::move(file));
    first_of_.push_back(static_cast<int64_t>(records_.size()));
    for (size_t i = 0; i + 1 < offsets.size(); ++i) records_.push_back({offsets[i], offsets[i + 1] - offsets[i]});
  }

  const std::string& format() const override {
    static const std::string name = "mds";
    return name;
  }
  int64_t size() const override { return static_cast<int64_t>(records_.size()); }
  SampleEntry entry(int64_t sample) const override {
    const Record& record = records_.at(static_cast<size_t>(sample));
    SampleEntry entry;
    entry.file =
        static_cast<uint32_t>(std::upper_bound(first_of_.begin(), first_of_.end(), sample) - first_of_.begin() - 1);
    entry.offset = record.offset;
    entry.bytes = record.bytes;
    entry.codec = columns_.codec();
    return entry;
  }
  const std::vector<SampleFile>& files() const override { return files_; }
  SamplePayload payload(int64_t, const SampleEntry& entry, std::span<const uint8_t> record) const override {
    return columns_.payload(record, files_.at(entry.file).path.string(), entry.offset);
  }

 private:
  struct Record {
    uint32_t offset, bytes;
  };
  MdsColumns columns_;
  std::vector<SampleFile> files_;
  std::vector<int64_t> first_of_;
  std::vector<Record> records_;
};

class MdsReader {
 public:
  explicit MdsReader(const fs::path& folder) : folder_(folder), index_path_(folder / "index.json") {}

  std::unique_ptr<SampleIndex> read() {
    const std::vector<uint8_t> text = read_content(index_path_, kLargestMdsIndex);
    const Json index = parse_json({reinterpret_cast<const char*>(text.data()), text.size()}, index_path_);
    if (!index.is_object() || !index.contains("shards") || !index["shards"].is_array() || index["shards"].empty())
      fail("expected an object with a list of shards");
    if (!index.contains("version") || index["version"] != 2)
      fail(cat("expected version 2 of the format, got ", index.contains("version") ? index["version"].dump() : "none"));
    std::unique_ptr<MdsIndex> samples;
    std::optional<MdsColumns> columns;
    for (const Json& shard : index["shards"]) {
      if (!shard.is_object() || shard.value("format", Json()) != "mds")
        fail("expected shards of format mds", "JSON, CSV and XML shards of Streaming are not read: write it as MDS");
      MdsColumns here(shard, index_path_.string());
      if (!columns) samples = std::make_unique<MdsIndex>(columns.emplace(here));
      else if (!(here == *columns)) fail("expected the same columns in all shards");
      read_shard(shard, *samples);
    }
    return samples;
  }

 private:
  [[noreturn]] void fail(const std::string& message, const std::string& hint = "") const {
    throw DataError(index_path_.string(), "", message, hint);
  }
  struct File {
    fs::path path;
    uint64_t bytes = 0;
  };
  // A file that the description names; it may lie in a folder below, but not elsewhere.
  std::optional<File> file_of(const Json& shard, const char* key) const {
    const auto found = shard.find(key);
    if (found == shard.end() || found->is_null()) return {};
    const Json name = found->is_object() ? found->value("basename", Json()) : Json();
    const Json bytes = found->is_object() ? found->value("bytes", Json()) : Json();
    if (!name.is_string() || !bytes.is_number_unsigned()) fail(cat("expected basename and bytes in ", key));
    const fs::path path = name.get<std::string>();
    if (path.empty() || path.is_absolute() || name.get<std::string>().find('\0') != std::string::npos ||
        std::find(path.begin(), path.end(), "..") != path.end())
      fail(cat("expected shards in this folder, got \"", path.string(), "\" in ", key));
    return File{folder_ / path, bytes.get<uint64_t>()};
  }

  void read_shard(const Json& shard, MdsIndex& index) const {
    const std::optional<File> raw = file_of(shard, "raw_data"), zip = file_of(shard, "zip_data");
    if (!raw || raw->bytes > UINT32_MAX) fail("expected raw_data with at most 4 GiB in each shard");
    const Json samples = shard.value("samples", Json());
    if (!samples.is_number_unsigned() || samples.get<uint64_t>() > raw->bytes / 4)
      fail("expected the number of samples of each shard");
    std::error_code error;
    const bool packed = !fs::is_regular_file(raw->path, error) && zip.has_value();
    const fs::path path = packed ? zip->path : raw->path;
    InputStream stream(path);
    if (packed && stream.packing() == Packing::kNone)
      throw DataError(path.string(), "",
                      cat("expected a shard packed with zstd or gzip, got ", shard.value("compression", Json()).dump()),
                      "unpack the shards, or write them again with compression zstd");
    if (stream.file_bytes() != (packed ? zip->bytes : raw->bytes))
      throw DataError(
          path.string(), "",
          cat("expected ", packed ? zip->bytes : raw->bytes, " bytes as index.json says, got ", stream.file_bytes()),
          "the shard is cut off or belongs to another data set: get it again from its source");
    const std::vector<uint32_t> offsets = read_offsets(stream, samples.get<uint64_t>(), raw->bytes);
    index.add(packed ? packed_sample_file(path, raw->bytes) : plain_sample_file(path, raw->bytes), offsets);
  }

  static std::vector<uint32_t> read_offsets(InputStream& stream, uint64_t samples, uint64_t bytes) {
    std::vector<uint8_t> head(4);
    stream.read_exactly(head, "the number of samples");
    if (le32(head.data()) != samples)
      stream.fail(0, cat("expected ", samples, " samples as index.json says, got ", le32(head.data())));
    head.resize(4 * (samples + 1));  // the file is at least as long: index.json's size was compared with its own
    stream.read_exactly(head, "the places of the samples");
    std::vector<uint32_t> offsets(samples + 1);
    const uint64_t first = 4 + head.size();
    for (size_t i = 0; i < offsets.size(); ++i) {
      offsets[i] = le32(&head[4 * i]);
      const uint64_t least = i == 0 ? first : offsets[i - 1];
      if (offsets[i] < least || offsets[i] > bytes)
        stream.fail(4 + 4 * i, cat("expected the place of a sample in ", least, "..", bytes, ", got ", offsets[i]));
    }
    if (offsets.back() != bytes)
      stream.fail(4 * (samples + 1), cat("expected the last sample to end at byte ", bytes, ", got ", offsets.back()));
    return offsets;
  }

  fs::path folder_, index_path_;
};

bool is_mds(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path / "index.json", error)) return false;
  try {  // others call a file so, too
    InputFile file(path / "index.json");
    std::vector<uint8_t> start(std::min<uint64_t>(file.size(), 1 << 16));
    file.read(0, std::span(start));
    const std::string_view text(reinterpret_cast<const char*>(start.data()), start.size());
    return text.find("\"shards\"") != std::string_view::npos;
  } catch (const DataError&) {
    return false;
  }
}

std::unique_ptr<SampleIndex> open_mds(const fs::path& path, const std::string& part) {
  FoundParts().resolve(part, path.string());
  return MdsReader(path).read();
}

}  // namespace

SampleFormat mds_format() {
  return {"mds", "MosaicML Streaming's MDS (index.json and shards, plain, .zstd or .gz) of images, text or tokens",
          is_mds, no_parts, open_mds};
}

}  // namespace hasten
