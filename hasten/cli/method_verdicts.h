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

// Of methods together, from experiments of their own, likewise: with baselines of their own, so they are no further verdicts on a method. Of
// `paths`, none: there pairs stand in the files of load_verdicts.
std::vector<evaluate::VerdictFile> load_pairs(const std::vector<std::string>& paths);

// On this method alone, against baselines and controls, with the file of each.
using VerdictInFile = std::pair<const evaluate::VerdictFile*, const evaluate::MethodVerdict*>;
std::vector<VerdictInFile> verdicts_on(const MethodSpec& spec, const std::vector<evaluate::VerdictFile>& files);

// On this method together with another one, of any of these files.
std::vector<VerdictInFile> pairs_with(const MethodSpec& spec, const std::vector<evaluate::VerdictFile>& files);
// What counts for a method: against the baseline, with a run that came to an end or diverged.
std::vector<VerdictInFile> measured_on(const MethodSpec& spec, const std::vector<evaluate::VerdictFile>& files);

// "helps", "hurts", "none", "unresolved", "unmeasured".
const std::vector<std::string>& verdict_words();

// The words of a method's verdicts on all workloads, in their order; {"unmeasured"} if there is none.
std::vector<std::string> words_of(const MethodSpec& spec, const std::vector<evaluate::VerdictFile>& files);

// What nobody knows yet, each with what the literature knows about it; without words where nothing is written down.
struct Gaps {
  struct Cell {  // methods were measured there
    CellKnowledge cell;
    std::vector<std::string> methods;  // "cutout: none on fashion-mnist, ..."
  };
  struct Pair {
    std::string workload;
    MethodKnowledge methods;
  };
  std::vector<CellKnowledge> empty;  // cells without a method
  std::vector<MethodKnowledge> unmeasured;  // methods without a verdict
  std::vector<Cell> poor;  // every verdict says that a method hurts or makes no difference
  std::vector<Cell> open;  // none helps, and some verdicts are unresolved
  std::vector<Pair> untried;  // methods of which each helps on a workload, and which nobody measured together there
  size_t pairs = 0, tried = 0;  // of all methods that may stand in one recipe
  std::vector<CellKnowledge> filled;  // knowledge on cells where a method helps by now
};
// Throws ConfigError for knowledge about a method that the catalogue lacks.
Gaps gaps_of(const Catalogue& catalogue, const std::vector<evaluate::VerdictFile>& files,
             const std::vector<evaluate::VerdictFile>& pairs, const GapKnowledge& known);

}  // namespace hasten::cli
