// Steps of all kinds of devices.
#include "tests/diagnose/synthetic_step.h"

#include <semaphore.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <new>

#include "hasten/base/clock.h"
#include "hasten/base/error.h"

namespace hasten::diagnose {
namespace {

void wait_for(sem_t& semaphore) {
  while (sem_wait(&semaphore) != 0 && errno == EINTR) continue;
}

}  // namespace

Team::Team(int64_t threads) {
  for (int64_t i = 1; i < threads; ++i) helpers_.emplace_back(&Team::serve, this);
}

Team::~Team() {
  {
    std::lock_guard lock(mutex_);
    leaving_ = true;
  }
  begin_.notify_all();
  for (std::thread& helper : helpers_) helper.join();
}

void Team::serve() {
  int64_t seen = 0;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      begin_.wait(lock, [&] { return generation_ != seen || leaving_; });
      if (leaving_) return;
      seen = generation_;
    }
    (*work_)();
    std::lock_guard lock(mutex_);
    if (--busy_ == 0) end_.notify_one();
  }
}

void Team::run(const std::function<void()>& work) {
  if (helpers_.empty()) return work();
  {
    std::lock_guard lock(mutex_);
    work_ = &work;
    busy_ = static_cast<int64_t>(helpers_.size());
    ++generation_;
  }
  begin_.notify_all();
  work();
  std::unique_lock lock(mutex_);
  end_.wait(lock, [&] { return busy_ == 0; });
}

// Each post of `here` is one arrival of the child, each of `met` lets it go on.
struct Peer::Shared {
  sem_t here, met;
  std::atomic<int64_t> here_ns;  // when it came
};

void Peer::start(double step_s, double wire_s, double update_s) {
  void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  HASTEN_CHECK(memory != MAP_FAILED, "memory for two processes");
  shared_ = new (memory) Shared{};
  sem_init(&shared_->here, 1, 0);
  sem_init(&shared_->met, 1, 0);
  const pid_t parent = getpid();
  child_ = fork();
  HASTEN_CHECK(child_ >= 0, "a second process");
  if (child_ > 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  run(*shared_, step_s, wire_s, update_s);
}

void Peer::stop() {
  if (child_ == 0) return;
  kill(child_, SIGKILL);
  waitpid(child_, nullptr, 0);
  munmap(shared_, sizeof(Shared));
  child_ = 0;
}

void Peer::run(Shared& shared, double step_s, double wire_s, double update_s) {
  while (true) {
    spend(Work::kSleep, step_s);
    shared.here_ns = now_ns();
    sem_post(&shared.here);
    wait_for(shared.met);
    spend(Work::kSleep, wire_s + update_s);
  }
}

double Peer::meet(double wire_s) {
  const int64_t came_ns = now_ns();
  wait_for(shared_->here);
  const double skew_s = std::abs(seconds(shared_->here_ns - came_ns));
  sem_post(&shared_->met);
  spend(Work::kSleep, wire_s);
  return skew_s;
}

void SyntheticStep::begin(const StepPlan& plan) {
  skew_s_ = 0;
  free_ns_ = last_end_ns_ = end_before_ns_ = 0;
  if (!plan.reduce) return;
  const double before = plan.transfer_s + plan.launch_s + plan.forward_s + plan.backward_s;
  peer_.start(before + plan.late_s, plan.wire_s, plan.update_s + plan.wait_s + plan.delay_s);
}

void SyntheticStep::end() { peer_.stop(); }

void SyntheticStep::compute(const StepPlan& plan, double seconds_long) {
  if (plan.alone) return spend(device_, seconds_long);
  team_.run([&] { spend(device_, seconds_long); });
}

void SyntheticStep::run(const StepPlan& plan) {
  if (plan.queued) return run_queued(plan);
  spend(Work::kSleep, plan.transfer_s);
  spend(Work::kSpin, plan.launch_s);
  compute(plan, plan.forward_s);
  compute(plan, plan.backward_s);
  if (plan.reduce) skew_s_ += peer_.meet(plan.wire_s);
  compute(plan, plan.update_s);
  spend(Work::kSleep, plan.wait_s);
  compute(plan, plan.delay_s);
}

// The device is a line of work with an end; the host sleeps until that where it waits for it.
void SyntheticStep::enqueue(double seconds_long) {
  free_ns_ = std::max(free_ns_, now_ns()) + static_cast<int64_t>(1e9 * seconds_long);
}

void SyntheticStep::run_queued(const StepPlan& plan) {
  constexpr int kOperators = 8;
  if (plan.transfer_s > 0) enqueue(plan.transfer_s);
  if (plan.pageable) synchronize();
  const double work_s = plan.forward_s + plan.backward_s + plan.update_s + plan.delay_s;
  for (int i = 0; i < kOperators; ++i) {
    spend(Work::kSpin, plan.launch_s / kOperators);
    enqueue(work_s / kOperators);
  }
  if (plan.wait_s > 0) {
    synchronize();
    spend(Work::kSleep, plan.wait_s);
  } else if (end_before_ns_ > now_ns()) {
    sleep_until(end_before_ns_);  // two steps ahead and no more
  }
  end_before_ns_ = last_end_ns_;
  last_end_ns_ = free_ns_;
}

void SyntheticStep::synchronize() {
  if (free_ns_ > now_ns()) sleep_until(free_ns_);
}

}  // namespace hasten::diagnose
