// The loader: the same samples whatever the workers, modes and interruptions; what happens to bad samples; its accounts.
#include "hasten/loader/loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <map>
#include <set>

#include "hasten/loader/order.h"
#include "hasten/loader/test_samples.h"

namespace hasten {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using test::FileSamples;
using test::ShowingWork;

constexpr uint64_t kSeed = 42;

OrderSegment shuffled(int64_t size, uint64_t epoch, int64_t begin = 0) {
  std::shared_ptr<EpochPermutation> order = full_shuffle(size, kSeed, epoch);
  return {epoch, size - begin, [order, begin](int64_t i) { return order->sample(begin + i); }};
}

// Everything that a consumer sees of so many samples, in one number.
uint64_t hash_of(Loader& loader, int64_t count, int64_t batch, uint64_t hash = 0) {
  while (count > 0) {
    Lease lease = loader.take(std::min(batch, count));
    for (const LoadedSample& sample : lease.samples()) {
      hash = mix(hash, static_cast<uint64_t>(sample.id));
      hash = mix(hash, static_cast<uint64_t>(sample.label) + 16 * sample.epoch);
    }
    for (const Lease::Run& run : lease.runs())
      hash = hash64({reinterpret_cast<const char*>(run.bytes), static_cast<size_t>(run.count) * loader.slot_bytes()},
                    hash);
    count -= static_cast<int64_t>(lease.samples().size());
  }
  return hash;
}

LoaderOptions options_of(int workers, ReadMode read, int64_t batch = 32) {
  LoaderOptions options;
  options.workers = workers;
  options.read = read;
  options.batch = batch;
  return options;
}

class LoaderModesTest : public testing::TestWithParam<std::tuple<int, ReadMode>> {};

TEST_P(LoaderModesTest, TwoEpochsAreTheSameForAnyWorkersAndReads) {
  static const auto samples = std::make_shared<FileSamples>(1000);
  static const uint64_t expected = [] {
    Loader loader(samples, std::make_shared<ShowingWork>(), options_of(1, ReadMode::kRead), kSeed);
    loader.append(shuffled(1000, 0));
    loader.append(shuffled(1000, 1));
    return hash_of(loader, 2000, 32);
  }();
  const auto [workers, read] = GetParam();
  Loader loader(samples, std::make_shared<ShowingWork>(), options_of(workers, read), kSeed);
  loader.append(shuffled(1000, 0));
  loader.append(shuffled(1000, 1));
  EXPECT_EQ(hash_of(loader, 2000, 32), expected);
}

INSTANTIATE_TEST_SUITE_P(Workers, LoaderModesTest,
                         testing::Combine(testing::Values(1, 2, 8),
                                          testing::Values(ReadMode::kMap, ReadMode::kRead, ReadMode::kRing)));

TEST(Loader, GoesOnAnywhere) {
  auto samples = std::make_shared<FileSamples>(500);
  auto work = std::make_shared<ShowingWork>();
  std::vector<uint64_t> batches;
  {
    Loader loader(samples, work, options_of(2, ReadMode::kMap), kSeed);
    loader.append(shuffled(500, 3));
    for (int i = 0; i < 15; ++i) batches.push_back(hash_of(loader, 32, 32));
  }
  for (int64_t done : {1, 7, 14}) {
    Loader loader(samples, work, options_of(8, ReadMode::kRead), kSeed);
    loader.append(shuffled(500, 3, done * 32));
    EXPECT_EQ(hash_of(loader, 32, 32), batches[static_cast<size_t>(done)]) << done;
  }
}

// Of ranks that each load their share, the union is what one process loads.
TEST(Loader, RanksTogetherSeeWhatOneSees) {
  auto samples = std::make_shared<FileSamples>(480);
  const std::shared_ptr<EpochPermutation> order = full_shuffle(480, kSeed, 0);
  auto seen_by = [&](int64_t world) {
    std::vector<std::pair<int64_t, uint64_t>> seen;  // sample and what was made of it
    for (int64_t rank = 0; rank < world; ++rank) {
      const BatchShare share{48, world, rank};
      const int64_t own = 48 / world;
      Loader loader(samples, std::make_shared<ShowingWork>(), options_of(3, ReadMode::kMap, own), kSeed);
      loader.append({0, 480 / world, [=](int64_t i) { return order->sample(share.position(i / own, i % own)); }});
      for (int batch = 0; batch < 10; ++batch) {
        Lease lease = loader.take(own);
        const auto* slots = reinterpret_cast<const ShowingWork::Slot*>(lease.runs()[0].bytes);
        ASSERT_TRUE(lease.runs().size() == 1);
        for (int64_t i = 0; i < own; ++i) seen.emplace_back(lease.samples()[static_cast<size_t>(i)].id, slots[i].draw);
      }
    }
    std::sort(seen.begin(), seen.end());
    for (size_t i = 0; i < seen.size(); ++i) ASSERT_EQ(seen[i].first, static_cast<int64_t>(i));
    static std::map<int64_t, std::vector<std::pair<int64_t, uint64_t>>> all;
    all[world] = seen;
    EXPECT_EQ(all[world], all[1]) << world;
  };
  for (int64_t world : {1, 2, 4}) seen_by(world);
}

TEST(Loader, DamageIsFoundAndNamedInItsTurn) {
  auto samples = std::make_shared<FileSamples>(100);
  samples->damage(50);
  Loader loader(samples, std::make_shared<ShowingWork>(), options_of(4, ReadMode::kRead, 10), kSeed);
  loader.append({0, 100, [](int64_t i) { return i; }});
  for (int i = 0; i < 5; ++i) loader.take(10).release();
  try {
    loader.take(10);
    FAIL() << "the damage went unseen";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("sample 50"));
    EXPECT_THAT(error.what(), testing::HasSubstr("hasten_loader_"));
    EXPECT_THAT(error.what(), testing::HasSubstr("checksum"));
  }
}

TEST(Loader, CorruptSamplesAreSkippedOrSubstituted) {
  for (ReadMode read : {ReadMode::kMap, ReadMode::kRing}) {
    auto samples = std::make_shared<FileSamples>(100);
    samples->damage(20);
    samples->damage(21);
    LoaderOptions options = options_of(3, read, 10);
    options.corrupt = CorruptPolicy::kSkip;
    Loader skipping(samples, std::make_shared<ShowingWork>(), options, kSeed);
    skipping.append({0, 100, [](int64_t i) { return i; }});
    skipping.take(10).release();
    skipping.take(10).release();
    Lease lease = skipping.take(10);
    for (size_t i = 0; i < 10; ++i) EXPECT_EQ(lease.samples()[i].left_out, i < 2) << i;
    EXPECT_EQ(skipping.report().skipped, 2);
    EXPECT_THAT(skipping.report().corrupt,
                testing::UnorderedElementsAre(testing::HasSubstr("sample 20"), testing::HasSubstr("sample 21")));

    options.corrupt = CorruptPolicy::kSubstitute;
    Loader substituting(samples, std::make_shared<ShowingWork>(), options, kSeed);
    substituting.append({0, 30, [](int64_t i) { return i; }});
    std::vector<int64_t> ids;
    for (int i = 0; i < 3; ++i) {
      Lease lease = substituting.take(10);
      for (const LoadedSample& sample : lease.samples()) ids.push_back(sample.id);
    }
    EXPECT_EQ(ids[20], 22);
    EXPECT_EQ(ids[21], 22);
    EXPECT_EQ(ids[22], 22);
    EXPECT_EQ(substituting.report().substituted, 2);
  }
}

TEST(Loader, NothingButCorruptSamplesEndsInAnError) {
  auto samples = std::make_shared<FileSamples>(3);
  for (int64_t i : {0, 1, 2}) samples->damage(i);
  LoaderOptions options = options_of(2, ReadMode::kRead, 1);
  options.corrupt = CorruptPolicy::kSubstitute;
  Loader loader(samples, std::make_shared<ShowingWork>(), options, kSeed);
  loader.append({0, 3, [](int64_t i) { return i; }});
  EXPECT_THROW(loader.take(1), DataError);
}

TEST(Loader, AFileThatWasCutOrIsGoneIsNamed) {
  for (ReadMode read : {ReadMode::kMap, ReadMode::kRead, ReadMode::kRing}) {
    auto samples = std::make_shared<FileSamples>(100);
    std::filesystem::resize_file(samples->files()[0].path, 50);
    Loader loader(samples, std::make_shared<ShowingWork>(), options_of(2, read, 10), kSeed);
    loader.append({0, 100, [](int64_t i) { return 99 - i; }});
    EXPECT_THROW(loader.take(10), DataError) << name_of(read);
    auto gone = std::make_shared<FileSamples>(100);
    std::filesystem::remove(gone->files()[0].path);
    Loader without(gone, std::make_shared<ShowingWork>(), options_of(2, read, 10), kSeed);
    without.append({0, 100, [](int64_t i) { return i; }});
    EXPECT_THROW(without.take(10), DataError) << name_of(read);
  }
}

// Stages sum to the lifetime of each thread to the nanosecond, and bytes to what was read.
TEST(Loader, AccountsAddUp) {
  for (ReadMode read : {ReadMode::kMap, ReadMode::kRing}) {
    auto samples = std::make_shared<FileSamples>(300);
    auto work = std::make_shared<ShowingWork>();
    LoaderOptions options = options_of(2, read);
    options.hedge_after_ns = int64_t{3600} * 1'000'000'000;  // a machine that stalls makes no read twice
    Loader loader(samples, work, options, kSeed);
    loader.append(shuffled(300, 0));
    for (int i = 0; i < 9; ++i) loader.take(32).release();
    std::this_thread::sleep_for(milliseconds(120));  // all threads have come to rest and said what they did
    const LoaderReport report = loader.report();
    for (const LoaderReport::Thread& thread : report.threads) {
      int64_t sum = 0;
      for (size_t stage = 0; stage < kStages; ++stage) sum += thread.clock.ticks(static_cast<Stage>(stage));
      EXPECT_EQ(sum, thread.clock.lifetime_ticks()) << thread.name;
    }
    EXPECT_EQ(report.bytes(Stage::kRead), samples->files()[0].bytes);
    EXPECT_EQ(report.bytes(Stage::kDecode), 300 * sizeof(ShowingWork::Slot));
    EXPECT_EQ(report.delivered, 288);
    EXPECT_GT(report.ns(Stage::kAugment), 0);
  }
}

TEST(Loader, MemoryIsBoundedAndSaysSo) {
  auto samples = std::make_shared<FileSamples>(5000);
  std::atomic<int64_t> begun{0};
  auto work = std::make_shared<ShowingWork>();
  work->before = [&](const SampleKey&) { ++begun; };
  LoaderOptions options = options_of(4, ReadMode::kMap, 8);
  options.memory_bytes = 40 * sizeof(ShowingWork::Slot);
  Loader loader(samples, work, options, kSeed);
  loader.append(shuffled(5000, 0));
  loader.take(8).release();
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_LE(begun, 48);  // the ring of 40 and what was taken
  EXPECT_EQ(loader.report().slots, 40);
  options.memory_bytes = 7 * sizeof(ShowingWork::Slot);
  EXPECT_THROW(Loader(samples, work, options, kSeed), ConfigError);
}

TEST(Loader, SkippedSamplesAreNotDelivered) {
  auto samples = std::make_shared<FileSamples>(100);
  Loader loader(samples, std::make_shared<ShowingWork>(), options_of(3, ReadMode::kMap, 10), kSeed);
  loader.append({0, 95, [](int64_t i) { return i; }});
  loader.append({1, 95, [](int64_t i) { return i; }});
  for (int i = 0; i < 9; ++i) loader.take(10).release();
  loader.skip(5);
  Lease lease = loader.take(10);
  EXPECT_EQ(lease.samples()[0].id, 0);
  EXPECT_EQ(lease.samples()[0].epoch, 1U);
}

// One sample of a hundred is slow, one at a time: it is done when a quarter of the ring behind it is, those apart that its worker
// claimed with it. With workers that waited for it, it never would be.
TEST(Loader, ASlowSampleHoldsNobodyUp) {
  constexpr int64_t kSamples = 720, kSlow = 7, kClaimed = 32;
  auto samples = std::make_shared<FileSamples>(kSamples, false);
  auto work = std::make_shared<ShowingWork>();
  std::atomic<int64_t> others{0}, behind{0};
  std::atomic<bool> slow{false};
  std::atomic<int> given_up{0}, waited{0};
  work->before = [&](const SampleKey& key) {
    if (key.sample % 100 != 37 || slow.exchange(true)) {
      ++others;
      return;
    }
    const int64_t until = now_ns() + int64_t{20} * 1'000'000'000;
    const int64_t enough = std::min(key.sample + behind, kSamples) - kSlow - kClaimed;
    while (others < enough && now_ns() < until) std::this_thread::yield();
    if (others < enough) ++given_up;
    ++waited;
    slow = false;
  };
  LoaderOptions options = options_of(2, ReadMode::kMap, 16);
  options.memory_bytes = 256 * sizeof(ShowingWork::Slot);
  Loader loader(samples, work, options, kSeed);
  behind = loader.report().slots / 4;
  ASSERT_GT(behind, kClaimed + kSlow);
  loader.append({0, kSamples, [](int64_t i) { return i; }});
  int64_t next = 0;
  for (int64_t i = 0; i < kSamples / 16; ++i) {
    Lease lease = loader.take(16);
    for (const LoadedSample& sample : lease.samples()) EXPECT_EQ(sample.id, next++) << "in order all the same";
  }
  EXPECT_EQ(given_up, 0);
  EXPECT_GT(waited, 0);
}

// The first read of sample 5 hangs until the batch is there: a second read brought it.
TEST(Loader, AStragglingReadIsTriedAgain) {
  for (ReadMode read : {ReadMode::kMap, ReadMode::kRead}) {
    std::promise<void> delivered;
    std::shared_future<void> until = delivered.get_future().share();
    std::atomic<int> looks{0};
    auto samples = std::make_shared<FileSamples>(64, false);
    samples->before_entry = [&](int64_t sample) {
      if (sample == 5 && looks++ == 0) until.wait();
    };
    LoaderOptions options = options_of(2, read, 8);
    options.hedge_after_ns = 1'000'000;
    Loader loader(samples, std::make_shared<ShowingWork>(), options, kSeed);
    loader.append({0, 64, [](int64_t i) { return i; }});
    Lease lease = loader.take(8);
    EXPECT_EQ(lease.samples()[5].id, 5);
    EXPECT_GE(loader.report().hedges_won, 1) << name_of(read);  // and of what its worker had claimed with it
    delivered.set_value();
    lease.release();
    for (int i = 1; i < 8; ++i) loader.take(8).release();
    EXPECT_EQ(loader.report().delivered, 64);
  }
}

TEST(Loader, SwitchesTurnStagesOff) {
  auto samples = std::make_shared<FileSamples>(400);
  std::atomic<int64_t> worked{0};
  std::mutex mutex;
  std::set<int64_t> different;
  auto work = std::make_shared<ShowingWork>();
  work->before = [&](const SampleKey& key) {
    ++worked;
    std::lock_guard lock(mutex);
    different.insert(key.sample);
  };
  auto run = [&](LoaderSwitches switches) {
    worked = 0;
    different.clear();
    LoaderOptions options = options_of(2, ReadMode::kMap, 16);
    options.memory_bytes = 32 * sizeof(ShowingWork::Slot);
    options.switches = switches;
    Loader loader(samples, work, options, kSeed);
    loader.append(shuffled(400, 0));
    for (int i = 0; i < 25; ++i) loader.take(16).release();
    std::this_thread::sleep_for(milliseconds(20));
    return loader.report();
  };
  run({.resident = true});
  EXPECT_EQ(worked, 32);
  run({.decode = false});
  EXPECT_EQ(worked, 0);
  run({.cached_subset = 7});
  EXPECT_EQ(worked, 400);
  EXPECT_EQ(different.size(), 7U);
  LoaderReport slow = run({.delayed = Stage::kDelay, .delay_ns = 100'000});
  EXPECT_GE(slow.ns(Stage::kDelay), 400 * 100'000);
}

TEST(Loader, EndsInTheMiddleOfAnything) {
  auto samples = std::make_shared<FileSamples>(2000);
  for (ReadMode read : {ReadMode::kMap, ReadMode::kRead, ReadMode::kRing}) {
    for (int64_t taken : {0, 1, 3}) {
      Loader loader(samples, std::make_shared<ShowingWork>(), options_of(4, read), kSeed);
      loader.append(shuffled(2000, 0));
      for (int64_t i = 0; i < taken; ++i) loader.take(32).release();
    }
  }
}

}  // namespace
}  // namespace hasten
