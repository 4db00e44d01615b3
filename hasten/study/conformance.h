// What every method must hold, checked by running it: one function for our own methods, a user's, and broken ones that
// show what the checks can see.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "hasten/base/json_fwd.h"
#include "hasten/core/method.h"

namespace hasten {

struct ConformanceCheck {
  std::string name;      // "resume", "effects", ...
  enum class Result { kPassed, kFailed, kNotApplicable } result = Result::kPassed;
  std::string detail;    // what was found, or why it does not apply
};

// Checks the method of that name on small runs on the CPU in `scratch`, about a second in all:
//   spec        complete, and its parts fit together
//   values      a setting out of range, of a wrong type or of an unknown name is refused by its name
//   horizon     a run that is too short for it is refused at plan time
//   finite      a run at its conformance setting ends with finite weights
//   same_bits   two runs of one seed are equal
//   resume      interrupted and resumed, at two places, equals uninterrupted, bit for bit
//   acts        the conformance setting changes plan, batches, parameters, evaluation or FLOPs
//   neutral     the neutral setting equals the recipe without the method, and is refused outside of tests
//   effects     what its calls change lies within what the spec declares
//   microbatch  batches are the same bits, and gradients the same to rounding, however a batch is cut
//   cost        FLOPs counted in the run agree with its estimate to 2% (where no draws enter)
// Never throws for what a method does wrong: that is a failed check.
std::vector<ConformanceCheck> check_conformance(const std::vector<MethodEntry>& methods, const std::string& name,
                                                const std::filesystem::path& scratch);

// The recipe that the checks run: a small net on synthetic images, of a family that the method takes, with the values
// of the recipe that its conformance setting asks for. Without the method if `with_method` is false.
Json conformance_recipe(const MethodSpec& spec, bool with_method);

}  // namespace hasten
