// TensorBoard's event files: framed records with checksums, and the few protobuf fields that scalars need.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace hasten::evaluate {

// Records of a file in constant memory. A record that is cut off at the end is the end (the writer still runs); one with a
// wrong checksum is a DataError with its offset.
class TfRecordReader {
 public:
  explicit TfRecordReader(const std::filesystem::path& path);
  ~TfRecordReader();
  TfRecordReader(const TfRecordReader&) = delete;
  TfRecordReader& operator=(const TfRecordReader&) = delete;

  bool next(std::string_view& record);  // lives until the next call
  bool truncated() const { return truncated_; }

 private:
  bool need(size_t bytes);

  std::string path_, buffer_;
  int descriptor_ = -1;
  size_t begin_ = 0, size_ = 0;
  uint64_t offset_ = 0;
  bool truncated_ = false;
};

struct Scalar {
  std::string_view tag;  // lives in the record
  double value = 0;
  bool is_float = false;  // written with 24 bits: 0.765 became 0.76499998...
};

struct ScalarEvent {
  double wall_time = 0;
  int64_t step = 0;
  std::vector<Scalar> scalars;
  bool holds_other = false;  // images, histograms and such
};

// False when the bytes are no Event message. `event` is filled anew.
bool parse_event(std::string_view record, ScalarEvent& event);

uint32_t crc32c(std::string_view bytes);
uint32_t crc32c_by_table(std::string_view bytes);  // the same on processors without an instruction for it
uint32_t masked_crc32c(std::string_view bytes);

}  // namespace hasten::evaluate
