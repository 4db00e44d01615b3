// L35: one side has no logs on this hardware.
#include <algorithm>

#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint cross_paper_number() {
  return {"L35",
          "cross-paper-number",
          Severity::kError,
          "A number copied from elsewhere was measured under other conditions.",
          "issue of AdaBelief (#6)",
          [](const LintInput& input, Check& out) {
            const Comparison& comparison = input.comparison;
            auto has_group = [&](const std::string& name) {
              return std::any_of(comparison.groups.begin(), comparison.groups.end(),
                                 [&](const Group& group) { return group.name == name; });
            };
            if (input.claim) {
              for (const std::string& name : {input.claim->baseline, input.claim->method}) {
                if (!name.empty() && !has_group(name)) out.fire(name, "the claim names it, but no run of it is here");
              }
            }
            for (const Group& group : comparison.groups) {
              if (runs_of(comparison, group).empty()) continue;  // L31 speaks of these
              bool logs = false, device = false, named = false;
              for (const Run* run : runs_of(comparison, group)) {
                logs = logs || !run->events.empty();
                const Hardware& hardware = run->record.hardware;
                named = named || !hardware.accelerator.empty() || !hardware.cpu.empty();
                if (input.claim && !input.claim->hardware.empty()) {
                  device = device || hardware.accelerator.find(input.claim->hardware) != std::string::npos ||
                           hardware.cpu.find(input.claim->hardware) != std::string::npos;
                }
              }
              if (!logs) out.fire(group.name, "has numbers, but no log of how they came about");
              if (!input.claim || input.claim->hardware.empty()) continue;
              if (!named) out.missing("hardware.accelerator");
              else if (!device)
                out.fire(group.name, "has no run on " + input.claim->hardware + ", which the claim names");
            }
          }};
}

}  // namespace hasten::evaluate::lints
