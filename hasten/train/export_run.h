// What a trained run gives to other programs: weights, the plan of its model, predictions.
#pragma once

#include <string>

#include "hasten/base/json_fwd.h"
#include "hasten/data/dataset.h"
#include "hasten/train/trained_run.h"

namespace hasten {

// A safetensors file of parameters and buffers under the names of the plan, "stage1_block2.conv1.weight". Where a method
// computes with other values than are stored (weight_standardization), it holds those that are computed with. The
// metadata says which run, step and weights they are and what they cost. `state`: see TrainedRun::state.
std::string export_weights(TrainedRun& run, State& state);

// Blocks and layers with their settings and shapes, and names, shapes and roles of all tensors: enough to build the net
// again. A module of a file has its tensors listed alone.
Json export_plan(const TrainedRun& run, State& state);

// An .npy file of the evaluation split's logits, float32 [samples, classes] in the order of the data set.
std::string export_predictions(TrainedRun& run, State& state, const Dataset& data);

// The module of a run of the family torchscript with these weights, as torch.jit.load reads it. Throws ConfigError
// naming `where` for other families.
std::string export_module(const TrainedRun& run, State& state, const std::string& where);

}  // namespace hasten
