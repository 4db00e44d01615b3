// Columns of a MosaicML Streaming data set: which of them holds the sample, which the label, and how a record is read.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hasten/base/json_fwd.h"
#include "hasten/loader/sample_index.h"

namespace hasten {

class MdsColumns {
 public:
  // From the description of a shard. Throws DataError (about `path`) when no column can be a sample: images, text or
  // tokens. Columns that are pickled are never read; one that would be needed is refused.
  MdsColumns(const Json& shard, const std::string& path);

  // What an entry says before its record is read.
  Codec codec() const { return codec_; }
  // Takes a record apart. Throws DataError with the byte of the file, of which the record begins at `offset`.
  SamplePayload payload(std::span<const uint8_t> record, const std::string& path, uint64_t offset) const;
  bool operator==(const MdsColumns&) const = default;

 private:
  struct Column {
    std::string name, encoding;
    uint32_t bytes = 0;  // 0: another in each record
    bool operator==(const Column&) const = default;
  };
  enum class Kind : uint8_t { kImage, kPil, kArray, kText };

  std::span<const uint8_t> column_of(std::span<const uint8_t> record, size_t column, const std::string& path,
                                     uint64_t offset) const;
  int64_t label_of(std::span<const uint8_t> bytes, const std::string& path, uint64_t offset) const;
  void choose(const std::string& path);
  bool choose_sample();

  std::vector<Column> columns_;
  size_t variable_ = 0;            // how many columns have their size in the record
  size_t sample_ = 0;
  std::optional<size_t> label_;
  Kind kind_ = Kind::kImage;
  Codec codec_ = Codec::kJpeg;
};

}  // namespace hasten
