// The record of a run: everything that a later comparison has to know.
#include "hasten/train/run_record.h"

#include <ATen/Parallel.h>

#include "hasten/base/clock.h"
#include "hasten/base/json.h"
#include "hasten/base/machine.h"
#include "hasten/base/text.h"
#include "hasten/base/version.h"
#include "hasten/evaluate/price.h"
#include "hasten/evaluate/search_range.h"
#include "hasten/kernels/use.h"
#include "hasten/meter/device.h"
#include "hasten/meter/torch_build.h"
#include "hasten/train/trainer.h"

namespace hasten {
namespace {

evaluate::Dataset dataset_entry(const Dataset& data, const std::string& use) {
  return {data.id(),   data.content_hash(), std::string(name_of(data.split())), use, data.size(),
          data.mean(), data.deviation()};
}

evaluate::Hardware hardware(at::Device device) {
  Machine machine = this_machine();
  evaluate::Hardware out;
  out.cpu = machine.cpu;
  out.host_id = machine.host_id;
  out.cores = machine.cores;
  out.threads = at::get_num_threads();
  out.memory_bytes = machine.memory_bytes;
  out.accelerator_count = device.is_cpu() ? 0 : 1;
  out.accelerator = device_name(device);
  return out;
}

evaluate::Software software() {
  TorchBuild torch = torch_build();
  evaluate::Software out;
  out.framework = "hasten";
  out.version = version_text();
  out.commit = commit_text();
  out.uncommitted_changes = built_with_changes();
  out.build_flags = build_text();
  out.system = this_machine().system;
  out.libraries = {{"libtorch", torch.version},
                   {"parallel", torch.parallel_backend},
                   {"kernels", uses_fused_kernels() ? "hasten" : "libtorch"}};
  return out;
}

evaluate::Amounts planned_amounts(const RunPlan& run, const Budget& budget) {
  evaluate::Amounts amounts;
  amounts.text = to_string(run.budget);
  if (int64_t steps = budget.total_steps(); steps >= 0) {
    amounts.steps = static_cast<double>(steps);
    amounts.epochs = static_cast<double>(steps) / static_cast<double>(run.steps_per_epoch());
    amounts.samples = static_cast<double>(steps * run.batch.size);
  }
  if (budget.total_steps() < 0) {  // the sampler decides how many steps there are
    if (run.budget.unit == Unit::kEpoch) amounts.epochs = run.budget.value;
    if (run.budget.unit == Unit::kSample) amounts.samples = run.budget.value;
  }
  if (run.budget.unit == Unit::kSecond) amounts.seconds = run.budget.value;
  if (run.budget.unit == Unit::kFlop) amounts.flops = run.budget.value;
  if (run.budget.unit == Unit::kJoule) amounts.joules = run.budget.value;
  return amounts;
}

evaluate::Tuning tuning(const TuningSettings& settings) {
  evaluate::Tuning out;
  auto known = [](auto value) { return value > 0 ? std::optional(value) : std::nullopt; };
  out.group = settings.group;
  out.trial = known(settings.trial);
  out.trials = known(settings.trials);
  out.ranges = evaluate::search_ranges(settings.space);
  out.selected_on = settings.selected_on;
  out.seconds = known(settings.seconds);
  out.flops = known(settings.flops);
  out.joules = known(settings.joules);
  out.usd = known(settings.usd);
  return out;
}

}  // namespace

evaluate::RunRecord describe_run(const Recipe& recipe, const Plan& plan, const Splits& splits, const Budget& budget,
                                 const TrainOptions& options) {
  const RunPlan& run = plan.run;
  evaluate::RunRecord record;
  record.group = options.group.empty() ? recipe.name : options.group;
  record.id = cat(record.group, "-seed", options.seed);
  record.role = options.role;
  record.workload = run.data.name + "/" + run.metric.name();
  record.recipe_json = recipe.to_json().dump();
  record.recipe_hash = recipe.hash();
  for (const MethodChoice& choice : recipe.methods) record.methods.push_back(choice.spec->name);
  record.metric.name = name_of(run.metric.measure);
  record.metric.split = name_of(run.metric.split);
  record.metric.direction =
      run.metric.higher_is_better() ? evaluate::Direction::kMaximize : evaluate::Direction::kMinimize;
  record.metric.target = run.target;
  record.started_at = utc_now();
  // The target stands in the recipe, which was read before the first step.
  if (run.target) record.metric.target_declared_at = record.started_at;
  record.planned = planned_amounts(run, budget);
  if (auto lr = run.schedules.find("lr"); lr != run.schedules.end()) {
    record.final_lr_fraction = lr->second.at(1) / lr->second.peak();
  } else {
    record.final_lr_fraction = 1;
  }
  record.seed = static_cast<int64_t>(options.seed);
  record.planned_runs = options.planned_runs;
  record.batch_size = static_cast<double>(run.batch.size);
  record.data.push_back(dataset_entry(splits.train, "train"));
  if (run.metric.split != Split::kTrain) record.data.push_back(dataset_entry(splits.get(run.metric.split), "eval"));
  record.hardware = hardware(options.device);
  record.software = software();
  record.clocks = {.eval = false, .compile = true, .data = true, .checkpoint = false, .untimed_warmup_steps = 0};
  record.tuning = tuning(recipe.tuning);
  record.price = options.price;
  record.status = evaluate::Status::kRunning;
  return record;
}

void keep_identity(const evaluate::RunRecord& before, const TrainOptions& options, evaluate::RunRecord& record) {
  if (options.group.empty()) {
    record.group = before.group;
    record.id = before.id;
  }
  if (options.role == evaluate::Role::kUnknown) record.role = before.role;
  if (!options.planned_runs) record.planned_runs = before.planned_runs;
  if (!evaluate::is_known(record.price)) record.price = before.price;
  record.started_at = before.started_at;
  if (record.metric.target == before.metric.target) record.metric.target_declared_at = before.metric.target_declared_at;
  record.metric.weights = before.metric.weights;  // of the last evaluation, which may have been the last one of all
}

evaluate::LoaderUse loader_use(const LoaderReport& report) {
  evaluate::LoaderUse use;
  use.read = name_of(report.read);
  use.read_reason = report.read_reason;
  use.threads = static_cast<double>(report.threads.size());
  use.delivered = static_cast<double>(report.delivered);
  use.skipped = static_cast<double>(report.skipped);
  use.substituted = static_cast<double>(report.substituted);
  use.hedged = static_cast<double>(report.hedged);
  use.wait_s = seconds(report.consumer_wait_ns);
  for (size_t i = 0; i < kStages; ++i) {
    const auto stage = static_cast<Stage>(i);
    use.stages.push_back(
        {std::string(name_of(stage)), seconds(report.ns(stage)), static_cast<double>(report.bytes(stage))});
  }
  use.corrupt = report.corrupt;
  return use;
}

}  // namespace hasten
