// Streams of samples: the same batches whatever the workers, after a restart, for subsets; corrupt samples.
#include "hasten/data/sample_stream.h"

#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <set>
#include <string>

#include "hasten/data/dataset.h"
#include "hasten/loader/test_samples.h"

namespace hasten {
namespace {

using test::FileSamples;
using test::ShowingWork;

constexpr uint64_t kSeed = 3;

// Integers by name, as a checkpoint would keep them.
class Position final : public StateVisitor {
 public:
  bool loading() const override { return load; }
  bool load = false;
  std::map<std::string, int64_t> values;

 private:
  void on_integer(const std::string& name, int64_t& value) override {
    if (load) value = values.at(name);
    else values[name] = value;
  }
  void on_tensor(const std::string&, at::Tensor&) override { FAIL(); }
  void on_number(const std::string&, double&) override { FAIL(); }
  void on_text(const std::string&, std::string&) override { FAIL(); }
  void on_integers(const std::string&, std::vector<int64_t>&) override { FAIL(); }
};

std::shared_ptr<SampleStream> stream_of(std::shared_ptr<FileSamples> samples, int workers,
                                        CorruptPolicy corrupt = CorruptPolicy::kStop) {
  SampleStream::Source source;
  source.index = std::move(samples);
  source.shape = {1, 4, 4};  // what ShowingWork writes are 16 bytes
  source.training = source.plain = std::make_shared<ShowingWork>();
  source.options.workers = workers;
  source.options.corrupt = corrupt;
  return std::make_shared<SampleStream>(source);
}

Dataset data_of(std::shared_ptr<SampleStream> stream) { return {"streamed", Split::kTrain, std::move(stream), 10}; }

Batch next_batch(Sampler& sampler, const Dataset& data, int64_t size) {
  const std::vector<int64_t> ids = sampler.next(size).ids;
  return data.training_batch(ids, sampler, kSeed);
}

bool same(const Batch& a, const Batch& b) {
  return a.ids == b.ids && at::equal(a.inputs, b.inputs) && at::equal(a.labels, b.labels);
}

TEST(SampleStreamTest, WorkersAndRestartsDoNotMatter) {
  auto samples = std::make_shared<FileSamples>(110);
  std::vector<Batch> expected;
  {
    Sampler sampler(110, kSeed);
    const Dataset data = data_of(stream_of(samples, 1));
    for (int i = 0; i < 25; ++i) expected.push_back(next_batch(sampler, data, 20));  // five batches an epoch, ten over
  }
  for (int workers : {2, 8}) {
    Sampler sampler(110, kSeed);
    const Dataset data = data_of(stream_of(samples, workers));
    for (size_t i = 0; i < expected.size(); ++i) {
      const Batch batch = next_batch(sampler, data, 20);
      EXPECT_TRUE(same(batch, expected[i])) << workers << " workers, batch " << i;
      EXPECT_EQ(batch.labels[0].item<int64_t>(), batch.ids[0] % 10);
    }
  }
  for (size_t done : {1U, 4U, 5U, 13U}) {
    Sampler before(110, kSeed), sampler(110, kSeed);
    for (size_t i = 0; i < done; ++i) before.next(20);
    Position position;
    before.state(position);
    position.load = true;
    sampler.state(position);
    const Dataset data = data_of(stream_of(samples, 3));
    for (size_t i = done; i < done + 7; ++i) EXPECT_TRUE(same(next_batch(sampler, data, 20), expected[i])) << done;
  }
}

// Each epoch is asked for while the one before it is read: the loader is never started anew.
TEST(SampleStreamTest, ReadsAheadOverEpochs) {
  auto samples = std::make_shared<FileSamples>(100);
  auto stream = stream_of(samples, 2);
  const Dataset data = data_of(stream);
  Sampler sampler(100, kSeed);
  for (int i = 0; i < 30; ++i) next_batch(sampler, data, 20);
  EXPECT_EQ(stream->report()->delivered, 600);
}

TEST(SampleStreamTest, BatchSizesMayGrow) {
  auto samples = std::make_shared<FileSamples>(100);
  const Dataset data = data_of(stream_of(samples, 2));
  Sampler sampler(100, kSeed), order(100, kSeed);
  for (int64_t size : {5, 10, 30, 20}) EXPECT_EQ(next_batch(sampler, data, size).ids, order.next(size).ids);
}

TEST(SampleStreamTest, PlainSamplesAndHeldOutOnes) {
  auto samples = std::make_shared<FileSamples>(100);
  Dataset data = data_of(stream_of(samples, 2));
  const Batch batch = data.gather({5, 99, 5});
  EXPECT_EQ(batch.ids, (std::vector<int64_t>{5, 99, 5}));
  EXPECT_TRUE(at::equal(batch.inputs[0], batch.inputs[2]));
  std::vector<int64_t> all(100);
  std::iota(all.begin(), all.end(), 0);
  const auto records = [](const Batch& of) {
    // The first eight bytes of a slot are the hash of the record.
    std::multiset<std::string> hashes;
    for (int64_t i = 0; i < of.size(); ++i) {
      const at::Tensor bytes = of.inputs[i].flatten().narrow(0, 0, 8).contiguous();
      hashes.emplace(static_cast<const char*>(bytes.const_data_ptr()), bytes.nbytes());
    }
    return hashes;
  };
  const std::multiset<std::string> whole = records(data.gather(all));
  const std::string hash = data.content_hash();
  const Dataset part = data.hold_out(30, Split::kValidation);
  EXPECT_EQ(part.size(), 30);
  EXPECT_EQ(data.size(), 70);
  std::multiset<std::string> both = records(part.gather({all.begin(), all.begin() + 30}));
  both.merge(records(data.gather({all.begin(), all.begin() + 70})));
  EXPECT_EQ(both, whole) << "every sample is in one of them";
  EXPECT_NE(part.content_hash(), data.content_hash());
  EXPECT_NE(data.content_hash(), hash);
}

// Evaluations go through the samples in turn, which are read ahead; whatever is asked instead comes as well.
TEST(SampleStreamTest, PlainSamplesInTurnAndOutOfTurn) {
  auto samples = std::make_shared<FileSamples>(70);
  const Dataset data = data_of(stream_of(samples, 2));
  auto expect = [&](const std::vector<int64_t>& ids) {
    const Batch batch = data.gather(ids);
    EXPECT_EQ(batch.ids, ids);
    for (int64_t i = 0; i < batch.size(); ++i)
      EXPECT_EQ(batch.labels[i].item<int64_t>(), ids[static_cast<size_t>(i)] % 10);
  };
  auto range = [](int64_t begin, int64_t end) {
    std::vector<int64_t> ids;
    for (; begin < end; ++begin) ids.push_back(begin);
    return ids;
  };
  for (int round = 0; round < 2; ++round) {
    for (int64_t begin = 0; begin < 70; begin += 20) expect(range(begin, std::min<int64_t>(70, begin + 20)));
  }
  expect(range(0, 20));
  expect(range(20, 25));
  expect({3, 60});
  expect(range(25, 45));
  expect(range(0, 64));
  expect(range(64, 70));
}

TEST(SampleStreamTest, StatisticsAreThoseOfTheSamples) {
  auto samples = std::make_shared<FileSamples>(300);
  Dataset data = data_of(stream_of(samples, 2));
  std::vector<double> mean, deviation;
  data.channel_statistics(mean, deviation);
  std::vector<int64_t> all(300);
  std::iota(all.begin(), all.end(), 0);
  const at::Tensor values = data.gather(all).inputs.to(at::kDouble);
  EXPECT_NEAR(mean[0], values.mean().item<double>(), 1e-7);
  EXPECT_NEAR(deviation[0], values.std(false).item<double>(), 1e-6);
}

TEST(SampleStreamTest, CorruptSamplesAreLeftOutOfTheirBatch) {
  auto samples = std::make_shared<FileSamples>(40);
  samples->damage(7);
  const Dataset data = data_of(stream_of(samples, 2, CorruptPolicy::kSkip));
  Sampler sampler(40, kSeed);
  int64_t seen = 0;
  for (int i = 0; i < 4; ++i) {
    const Batch batch = next_batch(sampler, data, 10);
    EXPECT_EQ(batch.inputs.size(0), batch.size());
    EXPECT_EQ(std::count(batch.ids.begin(), batch.ids.end(), 7), 0);
    seen += batch.size();
  }
  EXPECT_EQ(seen, 39);
}

}  // namespace
}  // namespace hasten
