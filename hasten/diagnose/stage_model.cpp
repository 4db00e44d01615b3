// The largest chain bounds the step.
#include "hasten/diagnose/stage_model.h"

#include <algorithm>
#include <cmath>

namespace hasten::diagnose {
namespace {

bool holds(const std::vector<Part>& chain, Part part) {
  return std::find(chain.begin(), chain.end(), part) != chain.end();
}
// Those that the loader's threads do.
bool is_loading(Part part) { return part == Part::kFetch || part == Part::kDecode || part == Part::kAugment; }

}  // namespace

double Effect::time(Part part) const { return is_loading(part) ? (*this)[part] / workers : (*this)[part]; }

bool StageModel::is_training(size_t chain) const { return holds(chains_[chain], Part::kCompute); }

// The pace of the drained loader is measured; which part of it is which, its threads' clocks say.
void StageModel::split_loader(const Times& times) {
  if (times.drained) {
    for (size_t part = 0; part < kParts; ++part) {
      const double busy = (*times.drained)[part];
      if (std::isfinite(busy) && static_cast<Part>(part) != Part::kCompute) parts_[part] = busy;
    }
  }
  const std::optional<double> drained = times.at(Experiment::kDrain);
  if (!drained) return;
  // The slowest of the loader's chains has the drained pace; clocks that say otherwise are scaled to it, unless their sum
  // is that pace: then the chains take turns.
  double slowest = 0, sum = 0;
  for (size_t chain = 0; chain < chains_.size(); ++chain) {
    if (is_training(chain)) continue;
    slowest = std::max(slowest, chain_s(chain));
    sum += chain_s(chain);
  }
  if (*drained - slowest > std::max(std::abs(sum - *drained), 2 * kAgreement * slowest)) return;
  if (slowest > 0) {
    for (size_t chain = 0; chain < chains_.size(); ++chain) {
      if (is_training(chain)) continue;
      for (Part part : chains_[chain]) parts_[static_cast<size_t>(part)] *= *drained / slowest;
    }
    return;
  }
  for (size_t chain = 0; chain < chains_.size(); ++chain) {
    if (is_training(chain) || chains_[chain].empty()) continue;
    parts_[static_cast<size_t>(chains_[chain].front())] = *drained;  // no clocks: the first part stands for all
  }
}

StageModel::StageModel(const Times& times, const Facts& facts, double delay_s) : chains_(facts.chains) {
  full_s_ = times.get(Experiment::kFull);
  resident_s_ = std::min(full_s_, times.at(Experiment::kResident).value_or(full_s_));  // longer only by noise
  split_loader(times);
  const double reduction =
      times.has(Experiment::kNoReduction) ? std::max(0.0, resident_s_ - times.get(Experiment::kNoReduction)) : 0;
  parts_[static_cast<size_t>(Part::kReduce)] = reduction;
  parts_[static_cast<size_t>(Part::kCompute)] = resident_s_ - reduction;
  if (times.has(Experiment::kHostBatch))
    parts_[static_cast<size_t>(Part::kTransfer)] = std::max(0.0, times.get(Experiment::kHostBatch) - resident_s_);
  // What the loader's threads take from training's processors: a device of its own waits for the host as well. R0 has the
  // same threads beside it.
  if (times.has(Experiment::kResidentBesideLoader))
    slowed_s_ = std::clamp(times.get(Experiment::kResidentBesideLoader) - resident_s_, 0.0, full_s_ - resident_s_);
  double loading = 0, training = 0, sum = 0;
  for (size_t chain = 0; chain < chains_.size(); ++chain) {
    const double time = chain_s(chain);
    sum += time;
    (is_training(chain) ? training : loading) = std::max(is_training(chain) ? training : loading, time);
  }
  behind_ = loading / (resident_s_ + slowed_s_);
  if (slowed_s_ > 0 && training > loading) growth_ = growth_of_slowing(times, delay_s);
  // And training from the loader's.
  if (facts.device_is_host && slowed_s_ > 0 && loading > 0) {
    const double most = resident_s_ * static_cast<double>(facts.training_threads) / static_cast<double>(facts.cores);
    if (full_s_ > training && full_s_ > loading) robbed_s_ = std::min(full_s_ - loading, most);
  }
  // Chains that take turns: the step is as long as all of them together.
  const double largest = std::max(loading, training);
  serial_ = chains_.size() > 1 && largest > 0 && full_s_ > 1.1 * std::max(largest, predict()) &&
            std::abs(sum - full_s_) < 0.1 * full_s_ && feels_loader(times);
  error_ = std::abs(predict() - full_s_) / full_s_;
}

// Whether a delay in the loader is felt as one in the step is, where that was tried.
bool StageModel::feels_loader(const Times& times) {
  if (!times.has(Experiment::kDelayCompute)) return true;
  const auto rise = [&](Experiment experiment) { return times.get(experiment) - times.get(Experiment::kFull); };
  for (const Experiment delayed : {Experiment::kDelayFetch, Experiment::kDelayPrepare}) {
    if (times.has(delayed) && rise(delayed) < 0.5 * rise(Experiment::kDelayCompute)) return false;
  }
  return true;
}

// Threads that train wait for each other, so the loader's first millisecond costs a step more than its last: what a little
// more work costs, R14p says. Where that was not tried, slowing goes with the work.
double StageModel::growth_of_slowing(const Times& times, double delay_s) const {
  double work = 0;
  for (size_t part = 0; part < kParts; ++part) work += is_loading(static_cast<Part>(part)) ? parts_[part] : 0;
  if (!times.has(Experiment::kDelayPrepare) || delay_s <= 0 || work <= 0) return 1;
  const double rise = (times.get(Experiment::kDelayPrepare) - full_s_) / slowed_s_;
  return std::clamp(rise / (delay_s / work), 0.0, 1.0);
}

// More threads do no less work: those of a loader that does not keep up take more of a step's processors than before.
double StageModel::loader_share(const Effect& effect) const {
  double before = 0, after = 0;
  for (size_t part = 0; part < kParts; ++part) {
    if (!is_loading(static_cast<Part>(part))) continue;
    before += parts_[part];
    after += parts_[part] * effect.factor[part];
  }
  const double busier = std::min(effect.workers, std::max(1.0, behind_));
  return before > 0 ? busier * after / before : 1;
}

double StageModel::chain_s(size_t chain, const Effect& effect) const {
  double sum = 0;
  for (Part part : chains_[chain]) {
    const auto index = static_cast<size_t>(part);
    sum += parts_[index] * effect.time(part) + effect.added_s[index];
  }
  if (is_training(chain)) {
    const double share = loader_share(effect);
    return sum + (share > 0 ? slowed_s_ * std::pow(share, growth_) : 0);
  }
  return sum > 0 ? sum + robbed_s_ * effect[Part::kCompute] : 0;
}

size_t StageModel::longest_chain() const {
  size_t longest = 0;
  for (size_t chain = 1; chain < chains_.size(); ++chain) {
    if (chain_s(chain) > chain_s(longest)) longest = chain;
  }
  return longest;
}

double StageModel::waited_s() const {
  if (chains_.size() < 2) return 0;
  double training = 0;
  for (size_t chain = 0; chain < chains_.size(); ++chain) {
    if (is_training(chain)) training = std::max(training, chain_s(chain));
  }
  return std::max(0.0, full_s_ - training);
}

double StageModel::predict(const Effect& effect) const {
  double largest = 0, sum = 0;
  for (size_t chain = 0; chain < chains_.size(); ++chain) {
    const double time = chain_s(chain, effect);
    largest = std::max(largest, time);
    sum += time;
  }
  return serial_ ? sum - effect.overlap * (sum - largest) : largest;
}

double StageModel::gain(const Effect& effect) const {
  const double before = predict(), after = predict(effect);
  // Where the model says more than T0, a change gains nothing until it says less.
  double changed = full_s_ + after - before;
  if (after < before) changed = std::min(full_s_, after + std::max(0.0, full_s_ - before));
  return changed > 0 ? full_s_ / changed : 1;
}

}  // namespace hasten::diagnose
