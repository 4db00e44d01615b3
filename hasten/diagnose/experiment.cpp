// The table of experiments, in the order of the enumeration.
#include "hasten/diagnose/experiment.h"

#include <array>

namespace hasten::diagnose {

const ExperimentInfo& info(Experiment experiment) {
  using enum Serves;
  static constexpr std::array<ExperimentInfo, kExperiments> kTable{{
      {"R0", "T0", "nothing", "the step as it is", kVerdict},
      {"R1", "T1", "one batch that stays on the device, no loader threads", "the step if input cost nothing", kVerdict},
      {"R1n", "T1n", "as R1, while the loader makes a batch a step, which is dropped",
       "what the loader takes from training's processors", kVerdict},
      {"R2", "T2", "one pinned batch of the host, copied every step", "exposed copies", kInput},
      {"R2p", "T2p", "the same from pageable memory", "what pinning is worth", kInput},
      {"R3", "L", "the loader alone, drained", "the loader's own pace", kVerdict},
      {"R3a", "L_r", "the same, reading only", "storage", kInput},
      {"R3b", "L_d", "the same, reading and decoding", "decoding", kInput},
      {"R4", "T4", "only samples that lie in memory", "the step if storage cost nothing", kInput},
      {"R5", "T5", "files dropped from the page cache first", "the first epoch", kInput},
      {"R6", "T6", "no augmentation", "augmentation", kInput},
      {"R7a", "Tf", "R1, forward only", "forward", kDevice},
      {"R7b", "Tfb", "R1, forward and backward, no update", "backward, and the update by difference", kVerdict},
      {"R8a", "Th", "R1 with half a batch", "what does not depend on the batch", kDevice},
      {"R8b", "Td2", "R1 with two batches", "what a larger batch is worth, and whether it fits", kDevice},
      {"R9", "T9", "R1 in half precision", "what half precision is worth", kDevice},
      {"R9m", "T9m", "R1 with fast math in single precision: the same bytes", "arithmetic against memory", kDevice},
      {"R10", "Td", "R1 with a batch of one", "starting operators", kVerdict},
      {"R11", "T11", "R1 as a captured graph", "launches", kDevice},
      {"R12", "T12", "R1 without reduction between processes", "communication", kVerdict},
      {"R13", "T13", "R1 without waits of the host", "synchronisation", kVerdict},
      {"R14f", "T14f", "R0 with a delay in reading", "sensitivity to storage", kPrediction},
      {"R14p", "T14p", "R0 with a delay in preparation", "sensitivity to preparation", kPrediction},
      {"R14c", "T14c", "R0 with a delay in the step itself", "sensitivity to computation", kPrediction},
      {"R15d", "T15d", "R0 with four times the read-ahead", "bursts", kInput},
      {"R15w", "T15w", "R0 with a quarter fewer loader threads", "spare loader threads", kInput},
      {"R16", "T16", "R1 with one thread", "what waking threads costs a small net", kDevice},
  }};
  return kTable[static_cast<size_t>(experiment)];
}

}  // namespace hasten::diagnose
