// In-order delivery when one sample of a hundred takes fifty times as long: the time of an epoch against the ideal, which
// is the sum of all work shared by the workers. Threads sleep, so that cores do not matter.
//   slow_samples_bench [ROUNDS]
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "hasten/base/clock.h"
#include "hasten/loader/loader.h"
#include "hasten/loader/test_samples.h"

int main(int argc, char** argv) {
  using namespace hasten;
  using namespace std::chrono;
  constexpr int64_t kSamples = 20000, kBatch = 64, kUsualNs = 400'000, kSlowNs = 50 * kUsualNs;
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  auto samples = std::make_shared<test::FileSamples>(kSamples, false);
  std::printf("%lld samples, one in a hundred 50 times slower\n", static_cast<long long>(kSamples));
  for (const int workers : {2, 8}) {
    std::vector<double> ratios;
    for (int round = 0; round < rounds; ++round) {
      std::atomic<int64_t> slept{0};
      auto work = std::make_shared<test::ShowingWork>();
      work->before = [&](const SampleKey& key) {
        const int64_t start = now_ns();
        std::this_thread::sleep_for(nanoseconds(key.sample % 100 == 37 ? kSlowNs : kUsualNs));
        slept += now_ns() - start;  // what the system made of it
      };
      LoaderOptions options;
      options.workers = workers;
      options.batch = kBatch;
      options.memory_bytes = 2000 * work->slot_bytes();
      Loader loader(samples, work, options, static_cast<uint64_t>(round));
      loader.append({0, kSamples, [](int64_t i) { return i * 7919 % kSamples; }});
      const int64_t start = now_ns();
      for (int64_t taken = 0; taken < kSamples;) {
        Lease lease = loader.take(std::min(kBatch, kSamples - taken));
        taken += static_cast<int64_t>(lease.samples().size());
      }
      ratios.push_back(static_cast<double>(now_ns() - start) / (static_cast<double>(slept.load()) / workers));
    }
    std::sort(ratios.begin(), ratios.end());
    std::printf("%d workers: %.3f of the ideal time (%.3f to %.3f)\n", workers, ratios[ratios.size() / 2],
                ratios.front(), ratios.back());
  }
  return 0;
}
