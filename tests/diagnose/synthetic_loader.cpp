// Threads, queues and what they spend.
#include "tests/diagnose/synthetic_loader.h"

#include <algorithm>

#include "hasten/base/clock.h"
#include "hasten/base/rng.h"

namespace hasten::diagnose {

void BatchQueue::push(int64_t batch) {
  {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return batches_.size() < depth_ || !open_; });
    batches_.push_back(batch);
  }
  ready_.notify_one();
}

std::optional<int64_t> BatchQueue::pop() {
  int64_t batch = 0;
  {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return !batches_.empty() || !open_; });
    if (!open_) return std::nullopt;
    batch = batches_.front();
    batches_.pop_front();
  }
  room_.notify_one();
  return batch;
}

std::optional<int64_t> BatchQueue::try_pop() {
  int64_t batch = 0;
  {
    std::lock_guard lock(mutex_);
    if (batches_.empty()) return std::nullopt;
    batch = batches_.front();
    batches_.pop_front();
  }
  room_.notify_one();
  return batch;
}

void BatchQueue::open(bool open) {
  {
    std::lock_guard lock(mutex_);
    open_ = open;
  }
  room_.notify_all();
  ready_.notify_all();
}

size_t BatchQueue::size() {
  std::lock_guard lock(mutex_);
  return batches_.size();
}

SyntheticLoader::SyntheticLoader(const LoaderPlan& plan)
    : plan_(plan), read_(std::max<int64_t>(1, plan.depth)), prepared_(std::max<int64_t>(1, plan.depth)) {}

// Threads that do the same are never in step with each other in the middle of a run, so they do not begin so: each has
// got a different way with its first batch.
void SyntheticLoader::start(int64_t count, void (SyntheticLoader::*work)(double)) {
  for (int64_t i = 0; i < count; ++i)
    threads_.emplace_back(work, this, static_cast<double>(i + 1) / static_cast<double>(count));
}

void SyntheticLoader::resume() {
  running_ = true;
  read_.open(true);
  prepared_.open(true);
  if (plan_.pool) {
    start(plan_.prepare_threads, &SyntheticLoader::read_and_prepare);
  } else {
    start(plan_.fetch_threads, &SyntheticLoader::read);
    start(plan_.prepare_threads, &SyntheticLoader::prepare);
  }
}

void SyntheticLoader::pause() {
  {
    std::lock_guard lock(wish_mutex_);
    running_ = false;
  }
  wish_.notify_all();
  read_.open(false);
  prepared_.open(false);
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void SyntheticLoader::take() {
  if (plan_.depth == 0) {
    {
      std::lock_guard lock(wish_mutex_);
      ++wishes_;
    }
    wish_.notify_one();
  }
  prepared_.pop();
}

bool SyntheticLoader::try_take() {
  const bool taken = prepared_.try_pop().has_value();
  if (plan_.depth == 0) {
    // What training would have asked for by now.
    std::lock_guard lock(wish_mutex_);
    wishes_ = 1;
    wish_.notify_one();
  }
  return taken;
}

// Whether another batch is to be made.
bool SyntheticLoader::wanted() {
  if (plan_.depth > 0) return running_;
  std::unique_lock lock(wish_mutex_);
  wish_.wait(lock, [&] { return wishes_ > 0 || !running_; });
  if (!running_) return false;
  --wishes_;
  return true;
}

// What is in hand when all stop is dropped: a part of the next first batch stands for it.
void SyntheticLoader::read(double first) {
  for (double left = first; wanted(); left = 1) {
    const int64_t batch = next_++;
    fetch_one(batch, left);
    if (running_) read_.push(batch);
  }
}

void SyntheticLoader::prepare(double first) {
  double left = first;
  while (const std::optional<int64_t> batch = read_.pop()) {
    prepare_one(*batch, left);
    if (running_) prepared_.push(*batch);
    left = 1;
  }
}

void SyntheticLoader::read_and_prepare(double first) {
  for (double left = first; wanted(); left = 1) {
    const int64_t batch = next_++;
    fetch_one(batch, left);
    prepare_one(batch, left);
    if (running_) prepared_.push(batch);
  }
}

void SyntheticLoader::fetch_one(int64_t batch, double left) {
  double slow = left;
  if (plan_.slow_share > 0) {
    RandomStream random(plan_.seed, operation("synthetic.slow"), 0, static_cast<uint64_t>(batch));
    if (random.uniform() < plan_.slow_share) slow *= plan_.slow_factor;
  }
  spend_on(Part::kFetch, Work::kSleep, slow * plan_.fetch_s, batch, left * plan_.fetch_delay_s);
}

void SyntheticLoader::prepare_one(int64_t batch, double left) {
  spend_on(Part::kDecode, plan_.preparation, left * plan_.decode_s, batch, left * plan_.prepare_delay_s);
  spend_on(Part::kAugment, plan_.preparation, left * plan_.augment_s, batch, 0);
}

void SyntheticLoader::spend_on(Part part, Work work, double seconds_long, int64_t batch, double delay_s) {
  const auto number = static_cast<size_t>(part);
  const int64_t begin = now_ns();
  // What is long to decode is long to augment.
  const uint64_t varied = part == Part::kFetch ? 0 : 1;
  spend(work, seconds_long * variation(plan_.cv, plan_.seed, varied, batch) + delay_s);
  if (running_) spent_ns_[number] += now_ns() - begin;
}

PartSeconds SyntheticLoader::spent() const {
  PartSeconds out{};
  for (size_t part = 0; part < kParts; ++part) {
    out[part] = seconds(spent_ns_[part]) / static_cast<double>(plan_.threads_of(static_cast<Part>(part)));
  }
  return out;
}

}  // namespace hasten::diagnose
