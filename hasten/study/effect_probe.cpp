// Watching what calls of methods change.
#include "hasten/study/effect_probe.h"

#include "hasten/base/text.h"
#include "hasten/core/state_hashes.h"
#include "hasten/data/batch.h"
#include "hasten/nn/extra_pass.h"
#include "hasten/nn/model.h"
#include "hasten/optim/optimizer.h"

namespace hasten {
namespace {

// One effect for each entry of a snapshot.
constexpr std::array<Effects, 12> kOrder{kInputs,          kTargets,      kSampleChoice,   kInputs,
                                         kTargets,         kOutputs,      kLoss,           kGradients,
                                         kParameterValues, kBufferValues, kOptimizerState, EffectProbe::kRandomState};

std::string hash_all(const std::vector<NamedTensor>& tensors) {
  std::string all;
  for (const NamedTensor& entry : tensors) all += tensor_hash(entry.value);
  return all;
}

// What the seam itself does around or within the method's call.
Effects natural(Site site) {
  if (!site.is_seam()) return kNoEffect;
  switch (site.seam()) {
    case Seam::kForwardBackward: return kGradients | kBufferValues | kOutputs | kLoss | EffectProbe::kRandomState;
    case Seam::kBlockWrapper: return kBufferValues | EffectProbe::kRandomState;  // of the block that runs inside
    case Seam::kSampler: return kSampleChoice;
    default: return kNoEffect;
  }
}

}  // namespace

std::string effects_text(Effects effects) {
  std::vector<std::string> names = effect_names(effects);
  if ((effects & EffectProbe::kRandomState) != 0) names.emplace_back("state of the random generator");
  return names.empty() ? "nothing" : join(names, ", ");
}

EffectProbe::Snapshot EffectProbe::take() const {
  State& state = trainer_.state();
  Snapshot shot;
  auto batch = [&](const Batch* part, size_t inputs, size_t targets) {
    if (part == nullptr) return;
    shot.hashes[inputs] = tensor_hash(part->inputs);
    shot.hashes[targets] = tensor_hash(part->labels) + tensor_hash(part->targets);
  };
  batch(state.batch, 0, 1);
  if (state.batch != nullptr) {
    for (int64_t id : state.batch->ids) shot.hashes[2] += std::to_string(id) + " ";
    shot.hashes[2] += tensor_hash(state.batch->weights);
  }
  if (state.microbatch != state.batch) batch(state.microbatch, 3, 4);
  shot.hashes[5] = tensor_hash(state.outputs);
  shot.hashes[6] = tensor_hash(state.loss_terms);
  for (const NamedTensor& entry : state.model.parameters()) shot.hashes[7] += tensor_hash(entry.value.grad());
  shot.hashes[8] = hash_all(state.model.parameters());
  shot.hashes[9] = hash_all(state.model.buffers());
  StateHashes slots;
  state.optimizers->state(slots);
  for (const auto& [name, hash] : slots.values()) shot.hashes[10] += hash;
  shot.hashes[11] = tensor_hash(random_state());
  return shot;
}

void EffectProbe::before(const MethodSpec&, Site) { open_.push_back(take()); }

void EffectProbe::after(const MethodSpec& spec, Site site) {
  const Snapshot before = std::move(open_.back()), now = take();
  open_.pop_back();
  Effects changed = kNoEffect;
  for (size_t i = 0; i < kOrder.size(); ++i) {
    if (before.hashes[i] != now.hashes[i]) changed |= kOrder[i];
  }
  // Other samples have other inputs and targets.
  if ((changed & kSampleChoice) != 0) changed &= ~(kInputs | kTargets);
  // At an evaluation the provided weights stand in for the trained ones.
  if (site == Site(Seam::kWeightProvider) && (changed & (kParameterValues | kBufferValues)) != 0) {
    changed = (changed & ~(kParameterValues | kBufferValues)) | kEvaluation;
  }
  changed &= ~natural(site);
  for (Effects effect = 1; effect != 0; effect <<= 1) {
    if ((changed & effect) != 0) seen_[spec.name].emplace(effect, std::string(site.name()));
  }
}

Effects EffectProbe::seen(const std::string& method) const {
  Effects all = kNoEffect;
  auto found = seen_.find(method);
  if (found == seen_.end()) return all;
  for (const auto& [effect, site] : found->second) all |= effect;
  return all;
}

std::string EffectProbe::where(const std::string& method, Effects effect) const {
  auto found = seen_.find(method);
  if (found == seen_.end() || !found->second.contains(effect)) return "";
  return found->second.at(effect);
}

}  // namespace hasten
