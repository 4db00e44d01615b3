// The bytes of records: descriptors and mappings that are kept, files that are unpacked once.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hasten/loader/sample_index.h"

namespace hasten {

enum class ReadMode {
  kAuto,  // by what of the files is in memory already
  kMap,   // memory-mapped: for files that are in memory
  kRead,  // pread on kept descriptors
  kRing,  // io_uring with registered buffers: many reads in flight, for files on a disk
};
std::string_view name_of(ReadMode mode);

struct Record {
  std::span<const uint8_t> bytes;
  std::shared_ptr<const void> keep;  // what must live as long as `bytes`, if it is not the caller's buffer
};

class FileStore {
 public:
  // `unpacked_bytes`: how much of packed files is kept unpacked at most; one file at least. The index must outlive
  // the store. Throws DataError for a file that cannot be opened, when it is first needed.
  FileStore(const SampleIndex& index, ReadMode mode, uint64_t unpacked_bytes);
  ~FileStore();

  ReadMode mode() const { return mode_; }               // never kAuto
  const std::string& reason() const { return reason_; }  // why, in words, with what was measured
  // From several threads at once. Reads into `buffer` or points into a mapping. Throws DataError (file, byte).
  Record read(const SampleEntry& entry, std::vector<uint8_t>& buffer);
  // The descriptor, kept open while someone holds it.
  std::shared_ptr<const int> descriptor(uint32_t file);
  bool packed(uint32_t file) const;

 private:
  struct File;
  Record read_packed(File& file, const SampleEntry& entry);
  const uint8_t* mapping(File& file, uint32_t number);
  const SampleIndex& index_;
  ReadMode mode_;
  std::string reason_;
  struct Limits;
  std::unique_ptr<Limits> limits_;
  std::vector<std::unique_ptr<File>> files_;
};

// The share of the files' pages that is in memory, measured on some of them; 0..1. Packed files count as read.
double resident_share(const std::vector<SampleFile>& files);
// The same of the records of the first `samples`, all of them. What is unpacked counts as there.
double resident_share(const SampleIndex& index, int64_t samples);
// Asks the kernel to drop the files' pages from memory, for measurements of cold reads.
void drop_from_memory(const std::vector<SampleFile>& files);

}  // namespace hasten
