// The bytes of records.
#include "hasten/loader/file_store.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <deque>
#include <mutex>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/ring_reader.h"

namespace hasten {
namespace {

constexpr uint64_t kPage = 4096;
constexpr size_t kMostMappings = 4096;  // a process may have 65,530
constexpr double kResidentEnough = 0.9;

[[noreturn]] void fail_system(const std::string& path, const std::string& what) {
  throw DataError(path, "file", what + ": " + std::strerror(errno));
}

std::shared_ptr<const int> open_kept(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail_system(path, "cannot be opened");
  return {new int(descriptor), [](const int* kept) {
            ::close(*kept);
            delete kept;
          }};
}

// Training, evaluation and the experiments of a diagnosis have stores of their own in one process.
constexpr size_t kStores = 16;

// A share of what the process may open, after asking for all that it may have.
size_t descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 256;
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  return std::max<size_t>(16, std::min<size_t>(limit.rlim_cur, 1 << 20) / kStores);
}

uint64_t packed_or_mapped(const std::vector<SampleFile>& files) {
  uint64_t bytes = 0;
  for (const SampleFile& file : files) bytes += file.bytes;
  return bytes;
}

}  // namespace

std::string_view name_of(ReadMode mode) {
  constexpr std::array<std::string_view, 4> kNames{"auto", "map", "read", "ring"};
  return kNames.at(static_cast<size_t>(mode));
}

// One file of the index, as far as it is open.
struct FileStore::File {
  const SampleFile* source = nullptr;
  std::mutex mutex;
  std::shared_ptr<const int> descriptor;
  std::atomic<const uint8_t*> mapped{nullptr};
  uint64_t mapped_bytes = 0;
  UnpackedBytes unpacked;
  ~File() {
    if (const uint8_t* begin = mapped.load(); begin != nullptr) munmap(const_cast<uint8_t*>(begin), mapped_bytes);
  }
};

// What may stay open or unpacked; oldest first.
struct FileStore::Limits {
  std::mutex mutex;
  size_t descriptors = 0;
  uint64_t unpacked_most = 0, unpacked = 0;
  std::deque<uint32_t> open_files;
  std::deque<File*> unpacked_files;
};

FileStore::FileStore(const SampleIndex& index, ReadMode mode, uint64_t unpacked_bytes)
    : index_(index), mode_(mode), limits_(std::make_unique<Limits>()) {
  limits_->descriptors = descriptor_limit();
  limits_->unpacked_most = unpacked_bytes;
  for (const SampleFile& file : index.files()) {
    files_.push_back(std::make_unique<File>());
    files_.back()->source = &file;
  }
  const bool all_packed = std::all_of(index.files().begin(), index.files().end(),
                                      [](const SampleFile& file) { return static_cast<bool>(file.unpack); });
  std::string no_ring;
  const bool ring = RingReader::available(no_ring);
  const bool many = files_.size() > kMostMappings;
  if (mode == ReadMode::kRing && !ring)
    throw ConfigError("loader.read", "a system with io_uring for 'ring'", no_ring, "loader.read = \"read\"");
  if (mode == ReadMode::kMap && many) {
    throw ConfigError("loader.read", cat("at most ", kMostMappings, " files for 'map'"), std::to_string(files_.size()),
                      "loader.read = \"read\"");
  }
  if (mode != ReadMode::kAuto) {
    reason_ = "as asked for";
    return;
  }
  const double resident = all_packed ? 1.0 : resident_share(index.files());
  const std::string measured =
      cat(static_cast<int>(resident * 100 + 0.5), "% of ", packed_or_mapped(index.files()), " bytes are in memory");
  if (all_packed) {
    mode_ = ReadMode::kMap;
    reason_ = "the files are packed and are unpacked in memory";
  } else if (many) {
    mode_ = ReadMode::kRead;
    reason_ = measured + cat("; ", files_.size(), " files are too many to map");
  } else if (resident >= kResidentEnough) {
    mode_ = ReadMode::kMap;
    reason_ = measured;
  } else {
    mode_ = ring ? ReadMode::kRing : ReadMode::kRead;
    reason_ = measured + (ring ? "" : "; no io_uring: " + no_ring);
  }
}

FileStore::~FileStore() = default;

bool FileStore::packed(uint32_t file) const { return static_cast<bool>(files_.at(file)->source->unpack); }

std::shared_ptr<const int> FileStore::descriptor(uint32_t number) {
  File& file = *files_.at(number);
  {
    std::lock_guard lock(file.mutex);
    if (file.descriptor != nullptr) return file.descriptor;
    file.descriptor = open_kept(file.source->path.string());
  }
  // Who still reads holds the descriptor itself, so dropping it here closes nothing in use.
  uint32_t oldest = number;
  {
    std::lock_guard lock(limits_->mutex);
    limits_->open_files.push_back(number);
    if (limits_->open_files.size() > limits_->descriptors) {
      oldest = limits_->open_files.front();
      limits_->open_files.pop_front();
    }
  }
  if (oldest != number) {
    std::lock_guard lock(files_[oldest]->mutex);
    files_[oldest]->descriptor.reset();
  }
  std::lock_guard lock(file.mutex);
  return file.descriptor != nullptr ? file.descriptor : open_kept(file.source->path.string());
}

const uint8_t* FileStore::mapping(File& file, uint32_t number) {
  if (const uint8_t* begin = file.mapped.load(std::memory_order_acquire); begin != nullptr) return begin;
  std::shared_ptr<const int> kept = descriptor(number);
  std::lock_guard lock(file.mutex);
  if (file.mapped.load() != nullptr) return file.mapped.load();
  struct stat info {};
  const std::string path = file.source->path.string();
  if (fstat(*kept, &info) != 0) fail_system(path, "cannot be looked at");
  if (static_cast<uint64_t>(info.st_size) < file.source->bytes) {
    throw DataError(path, cat("byte ", info.st_size),
                    cat("expected ", file.source->bytes, " bytes as when it was opened, got ", info.st_size),
                    "the file was changed during the run");
  }
  void* begin = mmap(nullptr, file.source->bytes, PROT_READ, MAP_SHARED, *kept, 0);
  if (begin == MAP_FAILED) fail_system(path, "cannot be mapped into memory");
  madvise(begin, file.source->bytes, MADV_RANDOM);  // samples come in any order: no reading around them
  file.mapped_bytes = file.source->bytes;
  file.mapped.store(static_cast<const uint8_t*>(begin), std::memory_order_release);
  return file.mapped.load();
}

// Unpacked once by whoever comes first; the others wait at the file.
Record FileStore::read_packed(File& file, const SampleEntry& entry) {
  UnpackedBytes bytes;
  bool fresh = false;
  {
    std::lock_guard lock(file.mutex);
    if (file.unpacked == nullptr) {
      file.unpacked = file.source->unpack();
      fresh = true;
    }
    bytes = file.unpacked;
  }
  if (fresh) {
    std::vector<File*> dropped;
    {
      std::lock_guard lock(limits_->mutex);
      limits_->unpacked_files.push_back(&file);
      limits_->unpacked += bytes->size();
      while (limits_->unpacked > limits_->unpacked_most && limits_->unpacked_files.size() > 1) {
        dropped.push_back(limits_->unpacked_files.front());
        limits_->unpacked_files.pop_front();
        limits_->unpacked -= dropped.back()->source->bytes;
      }
    }
    for (File* old : dropped) {
      std::lock_guard lock(old->mutex);
      old->unpacked.reset();
    }
  }
  if (entry.offset > bytes->size() || entry.bytes > bytes->size() - entry.offset) {
    throw DataError(file.source->path.string(), cat("byte ", entry.offset, " of the unpacked data"),
                    cat("expected ", entry.bytes, " bytes of a sample, got an end after ", bytes->size()));
  }
  return {{bytes->data() + entry.offset, entry.bytes}, bytes};
}

Record FileStore::read(const SampleEntry& entry, std::vector<uint8_t>& buffer) {
  File& file = *files_.at(entry.file);
  if (file.source->unpack) return read_packed(file, entry);
  if (mode_ == ReadMode::kMap) {
    if (entry.offset > file.source->bytes || entry.bytes > file.source->bytes - entry.offset) {
      throw DataError(file.source->path.string(), cat("byte ", entry.offset),
                      cat("expected ", entry.bytes, " bytes of a sample, got an end after ", file.source->bytes));
    }
    if (entry.bytes == 0) return {};
    return {{mapping(file, entry.file) + entry.offset, entry.bytes}, nullptr};
  }
  if (buffer.size() < entry.bytes) buffer.resize(entry.bytes);
  std::shared_ptr<const int> kept = descriptor(entry.file);
  for (uint64_t done = 0; done < entry.bytes;) {
    const ssize_t got = pread(*kept, buffer.data() + done, entry.bytes - done, static_cast<off_t>(entry.offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_system(file.source->path.string(), cat("cannot be read at byte ", entry.offset + done));
    if (got == 0) {
      throw DataError(file.source->path.string(), cat("byte ", entry.offset + done),
                      cat("expected ", entry.bytes, " bytes of a sample, got ", done),
                      "the file was cut short after it was opened");
    }
    done += static_cast<uint64_t>(got);
  }
  return {{buffer.data(), entry.bytes}, nullptr};
}

namespace {

// How many pages of files were looked at, and how many of them are in memory.
struct PageCount {
  uint64_t seen = 0, resident = 0;

  void look(int descriptor, uint64_t begin, uint64_t length) {  // `begin` at a page
    void* map = mmap(nullptr, length, PROT_READ, MAP_SHARED, descriptor, static_cast<off_t>(begin));
    if (map == MAP_FAILED) return;
    std::vector<unsigned char> pages((length + kPage - 1) / kPage);
    if (mincore(map, length, pages.data()) == 0) {
      seen += pages.size();
      for (unsigned char page : pages) resident += page & 1;
    }
    munmap(map, length);
  }
  double share(double of_none) const {
    return seen == 0 ? of_none : static_cast<double>(resident) / static_cast<double>(seen);
  }
};

}  // namespace

double resident_share(const std::vector<SampleFile>& files) {
  constexpr size_t kFiles = 64, kStretches = 16;
  constexpr uint64_t kStretch = 64 * kPage;
  PageCount pages;
  for (size_t i = 0; i < std::min(kFiles, files.size()); ++i) {
    const SampleFile& file = files[files.size() <= kFiles ? i : i * files.size() / kFiles];
    const int descriptor = ::open(file.path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) continue;
    struct stat info {};
    fstat(descriptor, &info);
    const auto bytes = static_cast<uint64_t>(info.st_size);
    const uint64_t stretches = std::min<uint64_t>(kStretches, (bytes + kStretch - 1) / kStretch);
    for (uint64_t s = 0; s < stretches; ++s) {
      const uint64_t begin = bytes / kPage * s / stretches * kPage;
      pages.look(descriptor, begin, std::min(kStretch, bytes - begin));
    }
    ::close(descriptor);
  }
  return pages.share(0);
}

double resident_share(const SampleIndex& index, int64_t samples) {
  PageCount pages;
  for (int64_t sample = 0; sample < samples; ++sample) {
    const SampleEntry entry = index.entry(sample);
    const SampleFile& file = index.files()[entry.file];
    if (file.unpack || entry.bytes == 0) continue;
    const int descriptor = ::open(file.path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) continue;
    pages.look(descriptor, entry.offset / kPage * kPage, entry.offset % kPage + entry.bytes);
    ::close(descriptor);
  }
  return pages.share(1);
}

void drop_from_memory(const std::vector<SampleFile>& files) {
  for (const SampleFile& file : files) {
    const int descriptor = ::open(file.path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) continue;
    fdatasync(descriptor);
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
    ::close(descriptor);
  }
}

}  // namespace hasten
