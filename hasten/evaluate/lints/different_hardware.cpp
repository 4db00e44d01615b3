// L19: the sides ran on different devices.
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint different_hardware() {
  return {"L19",
          "different-hardware",
          Severity::kError,
          "Seconds on different devices are different units.",
          "AlgoPerf and MLPerf rules",
          [](const LintInput& input, Check& out) {
            // Without an accelerator the processor is the device.
            auto device = [](const Run& run) {
              const Hardware& hardware = run.record.hardware;
              if (!hardware.accelerator.empty()) return hardware.accelerator;
              return hardware.cpu.empty() || !hardware.cores ? hardware.cpu
                                                             : cat(hardware.cpu, ", ", *hardware.cores, " cores");
            };
            compare_field(input, out, "hardware.accelerator", device);
            auto optional_field = [&](const std::string& field, const TextField& value) {
              bool anywhere = false;
              for (const Run& run : input.comparison.runs) anywhere = anywhere || !value(run).empty();
              if (anywhere) compare_field(input, out, field, value);
            };
            optional_field("hardware.accelerator_count",
                           [](const Run& run) { return text_of(run.record.hardware.accelerator_count); });
            optional_field("hardware.interconnect", [](const Run& run) { return run.record.hardware.interconnect; });
            optional_field("hardware.power_cap_watt",
                           [](const Run& run) { return text_of(run.record.hardware.power_cap_watt); });
          }};
}

}  // namespace hasten::evaluate::lints
