// What a finished run's own accounting says of its bottleneck, and what only experiments can say.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hasten/diagnose/limit.h"
#include "hasten/evaluate/record.h"

namespace hasten::diagnose {

struct AccountShare {
  std::string name;  // "training steps", "evaluation", "checkpoints", ...
  double seconds = 0, share = 0;  // of the total
};

struct RunAccount {
  std::vector<AccountShare> total;   // parts of t_total; they add up to it, with "other" for the rest
  std::vector<AccountShare> loader;  // of the loader's threads, without the time that they waited
  std::optional<double> input_share;   // of training time: until a batch was there, finished
  std::optional<double> steady_share;  // the same in the second half of the run
  double s_max = 1;                  // of training time, if input had cost nothing
  std::optional<Limit> limit;        // where the accounting suffices
  std::vector<std::string> conclusions, open;  // what follows, and what does not
};

RunAccount account(const evaluate::Run& run);

}  // namespace hasten::diagnose
