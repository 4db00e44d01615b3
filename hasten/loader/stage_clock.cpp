// Where a thread's time goes.
#include "hasten/loader/stage_clock.h"

namespace hasten {

std::string_view name_of(Stage stage) {
  constexpr std::array<std::string_view, kStages> kNames{"wait_input", "read",    "verify",      "decode",
                                                         "augment",    "deliver", "wait_output", "delay"};
  return kNames.at(static_cast<size_t>(stage));
}

}  // namespace hasten
