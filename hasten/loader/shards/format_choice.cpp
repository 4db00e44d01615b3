// Raw or encoded, by measurement.
#include "hasten/loader/shards/format_choice.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "hasten/base/clock.h"
#include "hasten/base/error.h"
#include "hasten/base/machine.h"
#include "hasten/base/text.h"
#include "hasten/loader/shards/pixels.h"
#include "hasten/loader/shards/set_files.h"
#include "hasten/loader/shards/source_reader.h"

namespace hasten::shards {
namespace {

constexpr int64_t kProbes = 64, kProbeNs = 1'000'000'000, kDecodeNs = 200'000'000;
constexpr size_t kBlock = size_t{1} << 20, kCopyBlocks = 64, kFileBlocks = 32;

std::string bytes_text(double bytes) { return si(bytes) + "B"; }

// Best of three: 64 MiB between two buffers that no cache holds.
double copy_rate() {
  const size_t bytes = kBlock * kCopyBlocks;
  std::vector<uint8_t> from(bytes, 1), to(bytes, 2);
  double best = 0;
  for (int i = 0; i < 3; ++i) {
    const int64_t start = now_ns();
    std::memcpy(to.data(), from.data(), bytes);
    best = std::max(best, static_cast<double>(bytes) / seconds(std::max<int64_t>(now_ns() - start, 1)));
    from[static_cast<size_t>(i)] = to[bytes - 1];
  }
  return best;
}

// The file has no name while it is there, so a kill leaves nothing.
class NamelessFile {
 public:
  explicit NamelessFile(const std::filesystem::path& folder) {
    std::string name = (folder / "probe.partial.XXXXXX").string();
    descriptor_ = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor_ < 0 && (descriptor_ = ::mkostemp(name.data(), O_CLOEXEC)) >= 0) ::unlink(name.c_str());
    if (descriptor_ < 0) fail_system(folder, "cannot write", errno);
  }
  ~NamelessFile() { ::close(descriptor_); }
  NamelessFile(const NamelessFile&) = delete;
  NamelessFile& operator=(const NamelessFile&) = delete;
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_ = -1;
};

// 0 where the disk has no room for the probe.
double read_rate(const std::filesystem::path& folder) {
  const NamelessFile file(folder);
  std::vector<uint8_t> block(kBlock);
  for (size_t i = 0; i < block.size(); ++i) block[i] = static_cast<uint8_t>(i * 2654435761u >> 13);
  for (size_t i = 0; i < kFileBlocks; ++i) {
    if (::write(file.descriptor(), block.data(), block.size()) != static_cast<ssize_t>(block.size())) return 0;
  }
  if (::fsync(file.descriptor()) != 0) return 0;
  ::posix_fadvise(file.descriptor(), 0, 0, POSIX_FADV_DONTNEED);
  const int64_t start = now_ns();
  size_t done = 0;
  while (done < kFileBlocks) {
    if (::pread(file.descriptor(), block.data(), block.size(), static_cast<off_t>(done * kBlock)) <= 0) return 0;
    ++done;
    if (now_ns() - start > kProbeNs) break;
  }
  return static_cast<double>(done * kBlock) / seconds(std::max<int64_t>(now_ns() - start, 1));
}

// What shards would hold of the samples that were looked at.
struct Probe {
  std::vector<PackedSample> encoded;
  double raw_bytes = 0, encoded_bytes = 0;
};

void probe_sample(const SamplePayload& payload, const TranscodeOptions& options, Probe& probe) {
  if (!is_encoded(payload.codec) && !(is_image(payload.codec) && options.quality != 0)) return;
  TranscodeOptions encoded = options, raw = options;
  encoded.format = PackFormat::kJpeg;
  raw.format = PackFormat::kRaw;
  PackedSample packed = transcode(payload, encoded);
  probe.raw_bytes += static_cast<double>(transcode(payload, raw).bytes.size());
  probe.encoded_bytes += static_cast<double>(packed.bytes.size());
  packed.own.assign(packed.bytes.begin(), packed.bytes.end());
  packed.bytes = packed.own;
  probe.encoded.push_back(std::move(packed));
}

// Samples a second that one thread decodes: the best of several rounds, because the first ones warm up.
double decode_rate(const Probe& probe) {
  double best = 0;
  const int64_t start = now_ns();
  for (int round = 0; round < 3 || (round < 1000 && now_ns() - start < kDecodeNs); ++round) {
    const int64_t round_start = now_ns();
    for (const PackedSample& packed : probe.encoded) {
      const IndexEntry& entry = packed.entry;
      decode_pixels(
          {packed.bytes, static_cast<Codec>(entry.codec), entry.width, entry.height, entry.channels, entry.label});
    }
    const double took = seconds(std::max<int64_t>(now_ns() - round_start, 1));
    best = std::max(best, static_cast<double>(probe.encoded.size()) / took);
    if (now_ns() - start > kProbeNs) break;
  }
  return best;
}

}  // namespace

FormatRates measure_rates(const SampleIndex& source, const std::filesystem::path& folder,
                          const TranscodeOptions& options, int threads) {
  FormatRates rates;
  rates.samples = source.size();
  rates.threads = threads;
  SourceReader reader(source);
  RecordBuffer buffer;
  Probe probe;
  const int64_t probes = std::min(kProbes, source.size()), start = now_ns();
  for (int64_t i = 0; i < probes && (i == 0 || now_ns() - start < kProbeNs); ++i) {
    // Every third one goes first, so that a short measurement too is from all over the set.
    const int64_t sample = (probes % 3 == 0 ? i : i * 3 % probes) * source.size() / probes;
    try {
      const SampleEntry entry = source.entry(sample);
      probe_sample(source.payload(sample, entry, reader.read(entry, buffer)), options, probe);
    } catch (const DataError&) {  // packing will come to it, and say so
    }
  }
  rates.measured = static_cast<int64_t>(probe.encoded.size());
  if (rates.measured == 0) return rates;
  const double n = static_cast<double>(rates.measured);
  rates.encoded_bytes = probe.encoded_bytes / n;
  rates.raw_bytes = probe.raw_bytes / n;
  rates.decodes_per_s = decode_rate(probe);
  rates.copy_bytes_per_s = copy_rate();
  rates.read_bytes_per_s = read_rate(folder);
  rates.free_memory = static_cast<uint64_t>(this_machine().available_bytes);
  struct statvfs disk {};
  if (::statvfs(folder.c_str(), &disk) == 0) rates.free_disk = uint64_t{disk.f_bavail} * disk.f_frsize;
  return rates;
}

FormatChoice choose_format(const FormatRates& rates) {
  FormatChoice choice;
  choice.rates = rates;
  if (rates.measured == 0) {
    choice.format = PackFormat::kRaw;
    choice.reason = "raw: the samples are not encoded, so they stay as they are (--quality makes JPEG of pixels)";
    return choice;
  }
  const double n = static_cast<double>(rates.samples), raw_total = n * rates.raw_bytes,
               encoded_total = n * rates.encoded_bytes;
  choice.raw_resident = raw_total < static_cast<double>(rates.free_memory);
  choice.encoded_resident = encoded_total < static_cast<double>(rates.free_memory);
  // The slowest stage sets the rate: bytes come in, and cores decode or copy.
  const double copies_per_s = rates.copy_bytes_per_s / rates.raw_bytes;
  const double raw_input = choice.raw_resident ? copies_per_s : rates.read_bytes_per_s / rates.raw_bytes;
  const double encoded_input =
      (choice.encoded_resident ? rates.copy_bytes_per_s : rates.read_bytes_per_s) / rates.encoded_bytes;
  choice.raw_per_s = std::min(raw_input, copies_per_s);
  choice.encoded_per_s = std::min(encoded_input, rates.decodes_per_s * rates.threads);
  auto place = [&](bool resident, double total) {
    return cat(bytes_text(total), resident ? " fit into " : " do not fit into ",
               bytes_text(static_cast<double>(rates.free_memory)), " of free memory");
  };
  const std::string raw =
      cat("pixels (", place(choice.raw_resident, raw_total), ") could be ",
          choice.raw_resident ? "copied" : cat("read at ", bytes_text(rates.read_bytes_per_s), "/s"), ": ",
          si(choice.raw_per_s), " samples/s");
  const std::string encoded =
      cat("encoded images (", bytes_text(encoded_total), ") could be read and decoded by ", rates.threads,
          rates.threads == 1 ? " thread: " : " threads: ", si(choice.encoded_per_s), " samples/s");
  if (raw_total > static_cast<double>(rates.free_disk)) {
    choice.reason = cat("jpeg: pixels would take ", bytes_text(raw_total), ", the disk has ",
                        bytes_text(static_cast<double>(rates.free_disk)), " free");
  } else if (choice.raw_per_s > 1.1 * choice.encoded_per_s) {
    choice.format = PackFormat::kRaw;
    choice.reason = cat("raw: ", raw, "; ", encoded);
  } else {
    choice.reason = cat("jpeg: ", encoded, "; ", raw);
  }
  return choice;
}

}  // namespace hasten::shards
