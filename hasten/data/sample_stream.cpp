// Images that a loader reads, decodes and augments ahead of training.
#include "hasten/data/sample_stream.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/base/hash.h"
#include "hasten/base/rng.h"

namespace hasten {
namespace {

constexpr int64_t kByteCount = 256;
constexpr int64_t kStatisticsSamples = 10000;
constexpr size_t kStatisticsBatch = 256;

// Some samples of another index, numbered anew.
class IndexSubset final : public SampleIndex {
 public:
  IndexSubset(std::shared_ptr<const SampleIndex> whole, std::vector<int64_t> ids)
      : whole_(std::move(whole)), ids_(std::move(ids)) {}
  const std::string& format() const override { return whole_->format(); }
  int64_t size() const override { return static_cast<int64_t>(ids_.size()); }
  SampleEntry entry(int64_t sample) const override { return whole_->entry(id(sample)); }
  const std::vector<SampleFile>& files() const override { return whole_->files(); }
  std::vector<std::string> classes() const override { return whole_->classes(); }
  SamplePayload payload(int64_t sample, const SampleEntry& entry, std::span<const uint8_t> record) const override {
    return whole_->payload(id(sample), entry, record);
  }
  std::string describe(int64_t sample) const override { return whole_->describe(id(sample)); }

 private:
  int64_t id(int64_t sample) const { return ids_.at(static_cast<size_t>(sample)); }
  std::shared_ptr<const SampleIndex> whole_;
  std::vector<int64_t> ids_;
};

// Packed bytes [pixels, channels] to floats of the same layout.
void normalise(const uint8_t* in, float* out, int64_t channels, int64_t pixels, const float* table) {
  for (int64_t pixel = 0; pixel < pixels; ++pixel) {
    for (int64_t channel = 0; channel < channels; ++channel) *out++ = table[channel * 256 + *in++];
  }
}

bool consecutive(const std::vector<int64_t>& ids) {
  for (size_t i = 1; i < ids.size(); ++i) {
    if (ids[i] != ids[i - 1] + 1) return false;
  }
  return !ids.empty();
}

}  // namespace

SampleStream::SampleStream(Source source) : source_(std::move(source)) {
  const int64_t values = source_.shape[0] * source_.shape[1] * source_.shape[2];
  HASTEN_CHECK(source_.training->slot_bytes() == static_cast<size_t>(values) &&
                   source_.plain->slot_bytes() == static_cast<size_t>(values),
               "work that makes images of the stream's shape");
}

SampleStream::~SampleStream() = default;

uint64_t SampleStream::content_hash() const {
  uint64_t hash = hash64(source_.index->format());
  for (const SampleFile& file : source_.index->files()) hash = mix(hash, file.bytes);
  for (int64_t i = 0; i < size(); ++i) {
    const SampleEntry entry = source_.index->entry(i);
    hash = mix(mix(hash, entry.offset + entry.bytes * 31), static_cast<uint64_t>(entry.label) + entry.hash.value_or(0));
  }
  return hash;
}

Batch SampleStream::take(Loader& loader, int64_t count, const ByteTable& table) const {
  const auto [channels, height, width] = source_.shape;
  const int64_t pixels = height * width, values = channels * pixels;
  Lease lease = loader.take(count);
  Batch batch;
  std::vector<const uint8_t*> images;
  for (const Lease::Run& run : lease.runs()) {
    for (int64_t i = 0; i < run.count; ++i) images.push_back(run.bytes + i * values);
  }
  size_t kept = 0;
  std::vector<int64_t> labels;
  for (size_t i = 0; i < images.size(); ++i) {
    const LoadedSample& sample = lease.samples()[i];
    if (sample.left_out) continue;
    batch.ids.push_back(sample.id);
    labels.push_back(sample.label);
    images[kept++] = images[i];
  }
  images.resize(kept);
  const auto size = static_cast<int64_t>(kept);
  batch.labels = at::empty({size}, at::kLong);
  std::copy(labels.begin(), labels.end(), batch.labels.mutable_data_ptr<int64_t>());
  batch.inputs = at::empty({size, channels, height, width},
                           at::TensorOptions(at::kFloat).memory_format(at::MemoryFormat::ChannelsLast));
  float* out = batch.inputs.mutable_data_ptr<float>();
  at::parallel_for(0, size, images_per_thread(values), [&, channels = channels](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      normalise(images[static_cast<size_t>(i)], out + i * values, channels, pixels, table.data());
  });
  return batch;
}

Batch SampleStream::plain(const std::vector<int64_t>& ids, const ByteTable& table) {
  const auto count = static_cast<int64_t>(ids.size());
  HASTEN_CHECK(std::all_of(ids.begin(), ids.end(), [&](int64_t id) { return id >= 0 && id < size(); }),
               "a sample id outside of the data");
  if (plain_ == nullptr || count > source_.options.batch) {
    source_.options.batch = std::max(source_.options.batch, count);
    plain_ = std::make_unique<Loader>(source_.index, source_.plain, source_.options, 0);
    guessed_ = guessed_end_ = 0;
  }
  const bool row = consecutive(ids);
  if (row && guessed_end_ - guessed_ >= count && ids.front() == guessed_) {
    guessed_ += count;
  } else {
    plain_->skip(guessed_end_ - guessed_);
    plain_->append({0, count, [ids](int64_t i) { return ids[static_cast<size_t>(i)]; }});
    guessed_ = guessed_end_ = row ? ids.back() + 1 : 0;
  }
  // An evaluation goes through all samples in turn: those of the next batch are decoded while this one is used.
  const int64_t next = row ? std::min(count, size() - guessed_end_) : 0;
  if (guessed_end_ - guessed_ < count && next > 0) {
    plain_->append({0, next, [first = guessed_end_](int64_t i) { return first + i; }});
    guessed_end_ += next;
  }
  return take(*plain_, count, table);
}

void SampleStream::append(Ahead ahead) {
  training_->append({static_cast<uint64_t>(ahead.epoch), ahead.count, ahead.sample});
  ahead_.push_back(std::move(ahead));
}

// Nothing that was read ahead is of use: a new loader costs less than to wait for all that the old one was asked for.
void SampleStream::restart(const std::vector<int64_t>& ids, int64_t epoch, uint64_t seed) {
  source_.options.batch = std::max(source_.options.batch, static_cast<int64_t>(ids.size()));
  ahead_.clear();
  training_ = std::make_unique<Loader>(source_.index, source_.training, source_.options, seed);
  append({epoch, static_cast<int64_t>(ids.size()), 0, [ids](int64_t i) { return ids[static_cast<size_t>(i)]; }, false});
}

bool SampleStream::next_are(const std::vector<int64_t>& ids, int64_t epoch) const {
  if (ahead_.empty()) return false;
  const Ahead& front = ahead_.front();
  if (front.epoch != epoch || front.count - front.taken < static_cast<int64_t>(ids.size())) return false;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (front.sample(front.taken + static_cast<int64_t>(i)) != ids[i]) return false;
  }
  return true;
}

// Makes the loader's next samples those of the batch, and has it read on behind them.
void SampleStream::follow(const std::vector<int64_t>& ids, const Sampler& sampler, uint64_t seed) {
  const int64_t epoch = sampler.epoch();
  // What an epoch leaves over at its end is passed by.
  while (!ahead_.empty() && ahead_.front().epoch != epoch) {
    training_->skip(ahead_.front().count - ahead_.front().taken);
    ahead_.erase(ahead_.begin());
  }
  if (training_ == nullptr || static_cast<int64_t>(ids.size()) > source_.options.batch || !next_are(ids, epoch))
    restart(ids, epoch, seed);
  Ahead& front = ahead_.front();
  if (!front.whole) {
    const Sampler::Upcoming rest = sampler.upcoming();
    training_->append({static_cast<uint64_t>(epoch), rest.count, rest.sample});
    front.sample = [first = front.sample, before = front.count, rest = rest.sample](int64_t i) {
      return i < before ? first(i) : rest(i - before);
    };
    front.count += rest.count;
    front.whole = true;
  }
  if (ahead_.size() > 1) return;
  if (const Sampler::Upcoming next = sampler.next_epoch(); next.count > 0)
    append({next.epoch, next.count, 0, next.sample, true});
}

Batch SampleStream::training(const std::vector<int64_t>& ids, const Sampler& sampler, uint64_t seed,
                             const ByteTable& table) {
  const auto count = static_cast<int64_t>(ids.size());
  follow(ids, sampler, seed);
  ahead_.front().taken += count;
  return take(*training_, count, table);
}

std::shared_ptr<SampleStream> SampleStream::changed(const std::function<void(LoaderOptions&)>& change,
                                                    bool augment) const {
  Source source = source_;
  change(source.options);
  if (!augment) source.training = source.plain;
  return std::make_shared<SampleStream>(std::move(source));
}

bool SampleStream::pass(const std::vector<int64_t>& ids, const Sampler& sampler, uint64_t seed, bool wait) {
  const auto count = static_cast<int64_t>(ids.size());
  follow(ids, sampler, seed);
  if (!wait && !training_->ready(count)) return false;
  ahead_.front().taken += count;
  training_->skip(count);
  return true;
}

void SampleStream::pause(bool paused) {
  if (training_ != nullptr) training_->pause(paused);
}

void SampleStream::close() {
  training_.reset();
  plain_.reset();
  ahead_.clear();
  guessed_ = guessed_end_ = 0;
}

std::vector<uint64_t> SampleStream::byte_counts() {
  std::vector<int64_t> ids = permutation(size(), 0, operation("data.statistics"), 0);
  ids.resize(static_cast<size_t>(std::min(size(), kStatisticsSamples)));
  ByteTable itself;
  for (int64_t channel = 0; channel < channels(); ++channel) {
    for (int64_t byte = 0; byte < kByteCount; ++byte) itself.push_back(static_cast<float>(byte));
  }
  std::vector<uint64_t> counts(itself.size());
  for (size_t begin = 0; begin < ids.size(); begin += kStatisticsBatch) {
    const auto first = ids.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto count = static_cast<std::ptrdiff_t>(std::min(ids.size() - begin, kStatisticsBatch));
    const Batch batch = plain({first, first + count}, itself);
    // Channels last, so they take turns.
    const float* value = batch.inputs.const_data_ptr<float>();
    const auto all = static_cast<size_t>(batch.inputs.numel()), turns = static_cast<size_t>(channels());
    for (size_t i = 0; i < all; ++i) ++counts[i % turns * kByteCount + static_cast<size_t>(value[i])];
  }
  return counts;
}

std::shared_ptr<SampleSource> SampleStream::subset(const std::vector<int64_t>& ids) const {
  Source source = source_;
  source.index = std::make_shared<IndexSubset>(source_.index, ids);
  return std::make_shared<SampleStream>(std::move(source));
}

SampleSource::Parts SampleStream::hold_out(int64_t count, uint64_t key) const {
  const Ids ids = random_ids(count, key);
  return {subset(ids.rest), subset(ids.held_out)};
}

std::optional<LoaderReport> SampleStream::report() const {
  return training_ == nullptr ? std::nullopt : std::optional(training_->report());
}

}  // namespace hasten
