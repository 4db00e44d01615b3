// L27: a speedup in FLOPs without seconds.
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint flops_only_claim() {
  return {"L27",
          "flops-only-claim",
          Severity::kWarning,
          "FLOPs are not time: memory, launches and communication do not count in them.",
          "Dehghani et al., The Efficiency Misnomer (arXiv:2110.12894)",
          [](const LintInput& input, Check& out) {
            const Comparison& comparison = input.comparison;
            Cost cost = input.claim ? input.claim->cost : comparison.cost;
            if (cost != Cost::kFlops) return;
            bool seconds = false;
            for (const Pair& pair : comparison.pairs) seconds = seconds || pair.ratios.count(Cost::kTrainSeconds) > 0;
            bool hardware = input.claim && !input.claim->hardware.empty();
            if (!seconds || (input.claim && !hardware))
              out.fire("", seconds ? "the claim counts FLOPs and names no hardware"
                                   : "the speedup is counted in FLOPs, and no run has seconds");
          }};
}

}  // namespace hasten::evaluate::lints
