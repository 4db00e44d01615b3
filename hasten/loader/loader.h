// Samples in a given order, decoded ahead by threads into memory that batches are made of.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hasten/loader/file_store.h"
#include "hasten/loader/sample_work.h"

namespace hasten {

// What to do with a sample that cannot be read or decoded.
enum class CorruptPolicy {
  kStop,        // DataError when its turn comes
  kSkip,        // its place stays empty: the batch has one sample less
  kSubstitute,  // the next sample of the data set that is whole takes its place
};
std::string_view name_of(CorruptPolicy policy);

// What a diagnosis turns off or slows down to see what it costs.
struct LoaderSwitches {
  bool resident = false;       // what is in the slots is delivered over and over, nothing is read
  bool decode = true;          // false: records are read and touched, slots stay as they are
  int64_t cached_subset = 0;   // only so many different samples, so that they stay in memory; 0: all
  std::optional<Stage> delayed;
  int64_t delay_ns = 0;        // added to each sample in that stage: asleep in kRead, busy in others
  int64_t ahead_times = 1;     // so many times the usual number of slots
};

struct SlotMemory {
  std::shared_ptr<uint8_t> bytes;  // aligned to 64
};

struct LoaderOptions {
  int workers = 0;                           // 0: as many as this process has cores
  uint64_t memory_bytes = uint64_t{256} << 20;  // of slots and read buffers together
  int64_t batch = 1;                         // what is taken at once at most, and what runs are aligned to
  ReadMode read = ReadMode::kAuto;
  unsigned reads_in_flight = 64;             // of kRing
  uint64_t unpacked_bytes = uint64_t{1} << 30;  // of packed files
  CorruptPolicy corrupt = CorruptPolicy::kStop;
  bool verify = true;                        // hashes, where the format has them
  int64_t hedge_after_ns = 0;  // when a read that is waited for is tried a second time; 0: by what reads
      // usually take, -1: never
  LoaderSwitches switches;
  std::function<SlotMemory(size_t)> allocate;  // of slots; empty: aligned memory (a GPU wants it pinned)
};

// What follows in the order. `sample` is called from several threads at once.
struct OrderSegment {
  uint64_t epoch = 0;
  int64_t count = 0;
  std::function<int64_t(int64_t position)> sample;
};

struct LoadedSample {
  int64_t id = 0;  // after substitution
  int64_t label = -1;
  uint64_t epoch = 0;
  bool left_out = false;  // corrupt and skipped: its bytes mean nothing
};

// Samples whose bytes stand in the loader's slots for as long as this lives.
class Lease {
 public:
  struct Run {
    const uint8_t* bytes;  // count x slot_bytes
    int64_t count;
  };
  Lease() = default;
  Lease(Lease&& other) noexcept { *this = std::move(other); }
  Lease& operator=(Lease&& other) noexcept;
  ~Lease() { release(); }
  void release();
  // One, or two where the ring of slots ends in between.
  const std::vector<Run>& runs() const& { return runs_; }
  const std::vector<LoadedSample>& samples() const& { return samples_; }
  const std::vector<Run>& runs() const&& = delete;  // they live no longer than the lease
  const std::vector<LoadedSample>& samples() const&& = delete;

 private:
  friend class Loader;
  std::vector<Run> runs_;
  std::vector<LoadedSample> samples_;
  std::function<void()> release_;
};

struct LoaderReport {
  struct Thread {
    std::string name;  // "worker 0", "reader", "hedge"
    StageClock clock;
  };
  std::vector<Thread> threads;
  ReadMode read = ReadMode::kAuto;
  std::string read_reason;
  int64_t delivered = 0, skipped = 0, substituted = 0, hedged = 0, hedges_won = 0;
  int64_t consumer_wait_ns = 0;  // what take() waited
  int64_t slots = 0;
  uint64_t memory_bytes = 0;  // of slots and read buffers
  std::vector<std::string> corrupt;  // the first ones, in words
  int64_t ns(Stage stage) const;
  uint64_t bytes(Stage stage) const;
};

// Tasks are samples; finished ones wait in a ring of slots for their turn, so the order delivered is the order given,
// whatever the number of workers. take() and append() are for one thread, report() for any.
class Loader {
 public:
  // Throws ConfigError if memory_bytes holds less than a batch.
  Loader(std::shared_ptr<const SampleIndex> index, std::shared_ptr<const SampleWork> work, LoaderOptions options,
         uint64_t seed);
  ~Loader();  // stops the threads; no file, no shared memory and no lock is left, whatever way the process ends
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  // Samples that come after all that were appended before.
  void append(OrderSegment segment);
  int64_t ahead() const;  // appended and not yet taken
  // The next `count` samples, at most options.batch. Waits. Throws the DataError of a corrupt sample in its turn.
  Lease take(int64_t count);
  // Passes over samples, decoded or not.
  void skip(int64_t count);
  // Whether the next `count` samples are finished, so that take() would not wait.
  bool ready(int64_t count) const;
  // While paused, no sample is begun; those that are under way come to their end.
  void pause(bool paused);
  size_t slot_bytes() const;
  int64_t slots() const;
  LoaderReport report() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hasten
