// Verdicts on methods: those of the project, or a user's own.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "hasten/evaluate/verdicts.h"
#include "hasten/spec/gaps.h"
#include "hasten/spec/method_spec.h"

namespace hasten::cli {

// Of the files that `hasten ablate` wrote, or of directories that hold such; of none, those that come with the program. Throws ConfigError
// for a path that is not there or holds none, DataError for a file that is no such.
std::vector<evaluate::VerdictFile> load_verdicts(const std::vector<std::string>& paths);

// On this method alone, against baselines and controls, with the file of each.
using VerdictInFile = std::pair<const evaluate::VerdictFile*, const evaluate::MethodVerdict*>;
std::vector<VerdictInFile> verdicts_on(const MethodSpec& spec, const std::vector<evaluate::VerdictFile>& files);

// "helps", "hurts", "none", "unresolved", "unmeasured".
const std::vector<std::string>& verdict_words();

// The words of a method's verdicts on all workloads, in their order; {"unmeasured"} if there is none.
std::vector<std::string> words_of(const MethodSpec& spec, const std::vector<evaluate::VerdictFile>& files);

// What nobody knows yet.
struct Gaps {
  struct PoorCell {  // methods were measured there, and none helps
    Component component{};
    Verb verb{};
    std::vector<std::string> methods;  // "cutout: none on fashion-mnist, ..."
  };
  struct Pair {
    std::string workload, first, second;
  };
  std::vector<CellKnowledge> empty;  // cells without a method; without words where nothing is written down
  std::vector<std::string> unmeasured;  // methods without a verdict
  std::vector<PoorCell> poor;
  std::vector<Pair> untried;  // methods of which each helps on a workload, and which nobody measured together there
  size_t pairs = 0, tried = 0;  // of all methods that may stand in one recipe
  std::vector<CellKnowledge> filled;  // knowledge on cells that have a method by now
};
Gaps gaps_of(const Catalogue& catalogue, const std::vector<evaluate::VerdictFile>& files,
             const std::vector<CellKnowledge>& known);

}  // namespace hasten::cli
