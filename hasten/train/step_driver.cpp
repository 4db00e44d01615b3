// Steps one at a time.
#include "hasten/train/step_driver.h"

#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/core/prelude.h"
#include "hasten/data/sample_stream.h"
#include "hasten/nn/autocast.h"
#include "hasten/nn/extra_pass.h"
#include "hasten/train/trainer_impl.h"

namespace hasten {
namespace {

bool has_prelude(const MethodSpec& spec) {
  return std::any_of(spec.uses.begin(), spec.uses.end(),
                     [](const Use& use) { return use.site == Site(Prelude::kSeam); });
}

Recipe without_preludes(const Recipe& recipe, std::vector<std::string>& left_out) {
  Recipe out = recipe;
  std::erase_if(out.methods, [&](const MethodChoice& choice) {
    if (!has_prelude(*choice.spec)) return false;
    left_out.push_back(choice.spec->name);
    return true;
  });
  return out;
}

}  // namespace

StepDriver::Input::Input(const StepDriver& driver, Dataset data)
    : data_(std::move(data)),
      sampler_(data_.size(), driver.parts_->options.seed, &driver.parts_->engine(),
               {driver.recipe().data.shuffle_block, driver.recipe().data.blocks_mixed}) {}

StepDriver::StepDriver(const Recipe& recipe, const Registry& registry, uint64_t seed, at::Device device,
                       MakeStepGraph step_graphs) {
  TrainOptions options;
  options.out = std::filesystem::temp_directory_path() / "hasten-writes-nothing-here";
  options.seed = seed;
  options.device = device;
  options.step_graphs = std::move(step_graphs);
  parts_ = std::make_unique<Trainer::Impl>(without_preludes(recipe, left_out_), registry, std::move(options));
  seed_random_state(mix(seed, operation("default generator")));
  parts_->engine().fire(Event::kInitialize, parts_->state);
  parts_->engine().fire(Event::kFitStart, parts_->state);
  move_to(0);
}

StepDriver::~StepDriver() = default;

const Plan& StepDriver::plan() const { return parts_->plan(); }
const Recipe& StepDriver::recipe() const { return parts_->recipe; }
const Dataset& StepDriver::train_data() const { return parts_->splits.train; }
State& StepDriver::state() { return parts_->state; }

void StepDriver::move_to(double fraction) {
  Progress& progress = parts_->state.progress;
  HASTEN_CHECK(fraction >= progress.fraction || plan().model.generation == 0,
               "a plan that changed does not change back");
  progress.fraction = fraction;
  const int64_t steps = parts_->budget.total_steps();
  if (steps > 0) progress.step = static_cast<int64_t>(fraction * static_cast<double>(steps));
  progress.samples = progress.step * plan().run.batch.size;
  progress.epochs = plan().run.data.train_count > 0
                        ? static_cast<double>(progress.samples) / static_cast<double>(plan().run.data.train_count)
                        : 0;
  progress.epoch = static_cast<int64_t>(progress.epochs);
  while (std::optional<PlanChange> change = parts_->engine().replan(parts_->state)) parts_->rebuild(*change);
  parts_->set_schedules(fraction);
  parts_->optimizers.each_group([](const Optimizer&, UpdateGroup& group) { group.lr = 0; });
}

int64_t StepDriver::batch_size(Input& input) { return input.sampler_.batch_size(plan().run.batch.size, parts_->state); }

Batch StepDriver::draw(Input& input, int64_t size) {
  State& state = parts_->state;
  if (!input.begun_ || input.sampler_.epoch_finished(size)) parts_->engine().fire(Event::kEpochStart, state);
  input.begun_ = true;
  parts_->engine().fire(Event::kBatchRequest, state);
  Batch batch = draw_batch(input.sampler_, input.data_, size, state);
  batch.epoch = input.sampler_.epoch();
  batch.step = state.progress.step;
  return batch;
}

bool StepDriver::pass(Input& input, int64_t size, bool wait) {
  SampleStream* stream = input.data_.source().stream();
  if (stream == nullptr) return false;
  // What was not there is asked for again, so it is drawn from a copy of the order.
  Sampler ahead = input.sampler_;
  const Sampler::Draw draw = ahead.next(size, &parts_->state);
  if (!stream->pass(draw.ids, ahead, parts_->options.seed, wait)) return false;
  input.sampler_ = std::move(ahead);
  input.begun_ = true;
  return true;
}

void StepDriver::transform(Batch& batch) {
  parts_->state.batch = &batch;
  parts_->transforms.apply(batch, parts_->state);
  parts_->state.batch = nullptr;
}

Batch StepDriver::move(const Batch& batch) const { return batch.to(parts_->state.device); }

void StepDriver::step(Batch& batch, Extent extent, bool captured) {
  State& state = parts_->state;
  state.batch = &batch;
  parts_->engine().fire(Event::kBatchReady, state);
  switch (extent) {
    case Extent::kWhole: captured ? parts_->captured.run(state) : parts_->step.run(state); break;
    case Extent::kForwardBackward:
      parts_->step.compute_gradients(state);
      state.model.clear_gradients();
      break;
    case Extent::kForward: {
      const int64_t micro = plan().run.batch.microbatch > 0 ? plan().run.batch.microbatch : batch.size();
      state.model.set_training(true);
      PrecisionScope precision(plan().run.precision.compute);
      for (int64_t begin = 0; begin < batch.size(); begin += micro)
        state.model.forward(batch.slice(begin, std::min(micro, batch.size() - begin)).inputs);
      state.model.clear_auxiliary();
      break;
    }
  }
  if (extent == Extent::kWhole) parts_->engine().fire(Event::kStepEnd, state);
  state.batch = nullptr;
}

std::string StepDriver::why_not_captured() const {
  if (!parts_->options.step_graphs) return "there are no graphs on this device";
  return hasten::why_not_captured(plan(), parts_->recipe.methods);
}

void StepDriver::set_compute(Compute compute) {
  parts_->planned.plan.run.precision.compute = compute;
  parts_->captured.forget();
}

void StepDriver::synchronize() const {
  const at::Device device = parts_->state.device;
  if (!device.is_cpu()) c10::impl::getDeviceGuardImpl(device.type())->synchronizeDevice(device.index());
}

}  // namespace hasten
