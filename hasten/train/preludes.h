// Runs before the run, for the methods that ask for them.
#pragma once

#include "hasten/train/trainer.h"

namespace hasten {

struct PreludeCost {
  double seconds = 0, flops = 0, joules = 0;
  // kOk, or how a prelude ended instead; then the run ends so, too, and `detail` says which it was.
  evaluate::Status status = evaluate::Status::kOk;
  std::string detail;
};

// Trains what the methods of the engine ask for into `options.out`/prelude, or finds it there, and hands it to them.
// Costs are those of training and everything around it except evaluation; a prelude that was trained before an
// interruption costs what it cost then. Each becomes an entry of `auxiliary`.
PreludeCost run_preludes(const Recipe& recipe, const Registry& registry, Engine& engine, State& state,
                         const TrainOptions& options, std::vector<evaluate::AuxiliaryCost>& auxiliary);

}  // namespace hasten
