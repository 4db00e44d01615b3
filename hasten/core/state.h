// What methods see of a run. Members belong to the trainer; a method changes only what its spec declares.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>

namespace hasten {

struct Plan;
struct Batch;
class Budget;
class Dataset;
class Model;
class OptimizerSet;

// How far the run is.
struct Progress {
  int64_t step = 0;            // optimizer steps done
  int64_t epoch = 0;           // passes over the training data done
  int64_t step_in_epoch = 0;
  double epochs = 0;           // passes done, the current one in part
  int64_t samples = 0;         // training samples seen
  int64_t tokens = 0;          // of text: targets in them
  double flops = 0;            // training FLOPs done, extra passes and preludes included
  int64_t train_ns = 0;        // training time, without evaluation and checkpoints
  double joules = -1;          // training energy, or negative if no counter is there
  double fraction = 0;         // of the planned budget, in [0, 1]
  double prelude_flops = 0;    // of the above, what preludes cost; the budget begins behind them
  int64_t prelude_ns = 0;
  double prelude_joules = 0;
};

struct State {
  const Plan& plan;
  const Budget& budget;
  uint64_t seed = 0;
  Progress progress;

  Model& model;
  OptimizerSet* optimizers = nullptr;
  const Dataset* train_data = nullptr;

  Batch* batch = nullptr;           // the whole batch; set from BatchReady to StepEnd
  Batch* microbatch = nullptr;      // a slice of it; set from BeforeForward to AfterBackward
  at::Tensor outputs;               // of the microbatch, set from AfterForward on
  at::Tensor loss_terms;            // one loss a sample of the microbatch, set from AfterLoss on
  bool extra_pass = false;          // within a forward and backward pass that only computes gradients
  at::Device device = at::kCPU;     // where model, slots and batches live
};

}  // namespace hasten
