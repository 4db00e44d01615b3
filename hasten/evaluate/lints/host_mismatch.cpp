// L20: the sides ran on different hosts or software.
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint host_mismatch() {
  return {"L20",
          "host-mismatch",
          Severity::kWarning,
          "Another processor, driver or library version can be the whole difference.",
          "AlgoPerf v0.5: hosts at 2.00 and 2.30 GHz, drivers 515 and 535",
          [](const LintInput& input, Check& out) {
            compare_field(input, out, "hardware.cpu", [](const Run& run) { return run.record.hardware.cpu; });
            compare_field(input, out, "hardware.cores",
                          [](const Run& run) { return text_of(run.record.hardware.cores); });
            compare_field(input, out, "software.version", [](const Run& run) {
              return trim(run.record.software.framework + " " + run.record.software.version).empty()
                         ? std::string()
                         : std::string(trim(run.record.software.framework + " " + run.record.software.version));
            });
            bool driver = false;
            std::set<std::string> libraries;
            for (const Run& run : input.comparison.runs) {
              driver = driver || !run.record.software.driver.empty();
              for (const auto& [library, version] : run.record.software.libraries) libraries.insert(library);
            }
            // A host without an accelerator has no driver to compare.
            if (driver)
              compare_field(input, out, "software.driver", [](const Run& run) { return run.record.software.driver; });
            for (const std::string& library : libraries) {
              compare_field(input, out, "software.libraries." + library, [&](const Run& run) {
                auto found = run.record.software.libraries.find(library);
                return found == run.record.software.libraries.end() ? std::string() : found->second;
              });
            }
          }};
}

}  // namespace hasten::evaluate::lints
