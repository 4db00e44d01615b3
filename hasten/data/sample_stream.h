// Images that a loader reads, decodes and augments ahead of training, for data sets that do not stay in memory or are
// augmented sample by sample.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hasten/data/sample_source.h"

namespace hasten {

class SampleStream final : public SampleSource {
 public:
  struct Source {
    std::shared_ptr<const SampleIndex> index;
    std::array<int64_t, 3> shape{};               // channels, height, width of what the works make
    std::shared_ptr<const SampleWork> training;   // with augmentation
    std::shared_ptr<const SampleWork> plain;      // without
    LoaderOptions options;
  };
  explicit SampleStream(Source source);
  ~SampleStream() override;

  int64_t size() const override { return source_.index->size(); }
  const std::array<int64_t, 3>& shape() const { return source_.shape; }
  const SampleIndex& index() const { return *source_.index; }
  // Of what the index knows of the samples: places, sizes, labels, hashes.
  uint64_t content_hash() const override;
  // Corrupt samples are left out where the policy is to skip them.
  Batch plain(const std::vector<int64_t>& ids, const ByteTable& table) override;
  // Augmented by draws that depend on (seed, epoch, sample). Reads on in the sampler's order while the batch is used.
  Batch training(const std::vector<int64_t>& ids, const Sampler& sampler, uint64_t seed,
                 const ByteTable& table) override;
  Parts hold_out(int64_t count, uint64_t key) const override;
  int64_t channels() const override { return source_.shape[0]; }
  // Of 10,000 samples that are drawn once and for all.
  std::vector<uint64_t> byte_counts() override;
  bool can_augment() const override { return true; }
  std::optional<LoaderReport> report() const override;
  SampleStream* stream() override { return this; }

  // For a diagnosis. The same samples by a loader of its own with changed options, with or without augmentation.
  std::shared_ptr<SampleStream> changed(const std::function<void(LoaderOptions&)>& change, bool augment = true) const;
  const LoaderOptions& options() const { return source_.options; }
  // Takes the samples that `sampler` drew last and drops them. With `wait` false only if they are finished; whether
  // it did.
  bool pass(const std::vector<int64_t>& ids, const Sampler& sampler, uint64_t seed, bool wait);
  // No sample of training is begun while paused.
  void pause(bool paused);
  // Ends the threads and closes the files; the next batch opens them again.
  void close();

 private:
  // What was asked of the training loader and not taken yet.
  struct Ahead {
    int64_t epoch = 0, count = 0, taken = 0;
    std::function<int64_t(int64_t)> sample;
    bool whole = false;  // to the end of the epoch
  };
  std::shared_ptr<SampleSource> subset(const std::vector<int64_t>& ids) const;
  void restart(const std::vector<int64_t>& ids, int64_t epoch, uint64_t seed);
  void follow(const std::vector<int64_t>& ids, const Sampler& sampler, uint64_t seed);
  bool next_are(const std::vector<int64_t>& ids, int64_t epoch) const;
  void append(Ahead ahead);
  Batch take(Loader& loader, int64_t count, const ByteTable& table) const;

  Source source_;
  std::unique_ptr<Loader> training_, plain_;
  std::vector<Ahead> ahead_;
  int64_t guessed_ = 0, guessed_end_ = 0;  // samples that plain_ reads because they may come next
};

}  // namespace hasten
