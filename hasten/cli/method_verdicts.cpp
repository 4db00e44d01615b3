#include "hasten/cli/method_verdicts.h"

#include <algorithm>
#include <map>
#include <set>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/cli/embedded.h"
#include "hasten/report/taxonomy_page.h"
#include "hasten/spec/method_views.h"

namespace hasten::cli {
namespace {

namespace fs = std::filesystem;
using evaluate::MethodVerdict;
using evaluate::VerdictFile;

constexpr const char* kFile = "verdicts.json";  // in the directory of an ablation

VerdictFile parse(const std::string& text, const std::string& name) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) throw DataError(name, "", "no JSON");
  VerdictFile file = evaluate::verdicts_from_json(json, name);
  file.source = name;
  return file;
}

// `folder`: of the files that they were made from.
std::vector<VerdictFile> of_program(const std::vector<std::string_view>& texts, const char* folder) {
  std::vector<VerdictFile> files;
  for (const std::string_view text : texts) files.push_back(parse(std::string(text), folder));
  return files;
}

std::vector<fs::path> files_at(const std::string& path) {
  if (!fs::exists(path)) throw ConfigError("--verdicts", "files of verdicts", "'" + path + "', which is not there");
  if (!fs::is_directory(path)) return {path};
  if (fs::exists(fs::path(path) / kFile)) return {fs::path(path) / kFile};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  if (files.empty()) {
    throw ConfigError("--verdicts", cat("a directory with ", kFile, " or other files of verdicts"), "'" + path + "'",
                      "hasten ablate writes them");
  }
  return files;
}

using NamePair = std::pair<std::string, std::string>;
NamePair in_order(const std::string& a, const std::string& b) { return a < b ? NamePair{a, b} : NamePair{b, a}; }

std::set<NamePair> tried_in(const VerdictFile& file) {
  std::set<NamePair> tried;
  for (const MethodVerdict& verdict : file.verdicts) {
    if (verdict.methods.size() == 2 && report::is_measured(verdict))
      tried.insert(in_order(verdict.methods[0], verdict.methods[1]));
  }
  return tried;
}

std::vector<std::string> helping_in(const Catalogue& catalogue, const VerdictFile& file) {
  std::vector<std::string> names;
  for (const MethodVerdict& verdict : file.verdicts) {
    if (verdict.methods.size() == 1 && verdict.against.empty() && verdict.verdict == evaluate::Verdict::kHelps &&
        catalogue.find(verdict.methods.front()) != nullptr)
      names.push_back(verdict.methods.front());
  }
  return names;
}

void find_pairs(const Catalogue& catalogue, const std::vector<VerdictFile>& files,
                const std::vector<VerdictFile>& pairs, const GapKnowledge& known, Gaps& gaps) {
  std::map<std::string, std::set<NamePair>> tried_on;  // by workload
  std::set<NamePair> tried;
  for (const auto* list : {&files, &pairs}) {
    for (const VerdictFile& file : *list) {
      const std::set<NamePair> here = tried_in(file);
      tried_on[file.workload].insert(here.begin(), here.end());
      tried.insert(here.begin(), here.end());
    }
  }
  for (const VerdictFile& file : files) {
    const std::set<NamePair>& here = tried_on[file.workload];
    const std::vector<std::string> helping = helping_in(catalogue, file);
    for (size_t i = 0; i < helping.size(); ++i) {
      for (size_t j = i + 1; j < helping.size(); ++j) {
        if (here.contains(in_order(helping[i], helping[j])) ||
            !why_not_both(catalogue.get(helping[i], "method"), catalogue.get(helping[j], "method")).empty())
          continue;
        MethodKnowledge both = known.of(helping[i], helping[j]);
        both.name = helping[i];
        both.with = helping[j];
        gaps.untried.push_back({file.workload, std::move(both)});
      }
    }
  }
  const std::vector<MethodSpec>& all = catalogue.all();
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t j = i + 1; j < all.size(); ++j) {
      if (!why_not_both(all[i], all[j]).empty()) continue;
      ++gaps.pairs;
      if (tried.contains(in_order(all[i].name, all[j].name))) ++gaps.tried;
    }
  }
}

void look_at_cell(const Catalogue& catalogue, const std::vector<VerdictFile>& files, const CellKnowledge& known,
                  Gaps& gaps) {
  const std::vector<const MethodSpec*> methods = methods_in(catalogue, known.component, known.verb);
  if (methods.empty()) return gaps.empty.push_back(known);
  Gaps::Cell cell{known, {}};
  bool measured = false, good = false, unresolved = false;
  for (const MethodSpec* spec : methods) {
    std::vector<std::string> parts;
    for (const auto& [file, verdict] : measured_on(*spec, files)) {
      measured = true;
      good = good || verdict->verdict == evaluate::Verdict::kHelps;
      unresolved = unresolved || verdict->verdict == evaluate::Verdict::kUnresolved;
      parts.push_back(cat(report::verdict_word(*verdict), " on ", file->workload));
    }
    cell.methods.push_back(cat(spec->name, ": ", parts.empty() ? "unmeasured" : join(parts, ", ")));
  }
  if (good && !known.known.empty()) gaps.filled.push_back(known);
  if (measured && !good) (unresolved ? gaps.open : gaps.poor).push_back(std::move(cell));
}

}  // namespace

std::vector<VerdictFile> load_pairs(const std::vector<std::string>& paths) {
  return paths.empty() ? of_program(embedded::pair_files(), "results/verdicts/claims") : std::vector<VerdictFile>{};
}

std::vector<VerdictFile> load_verdicts(const std::vector<std::string>& paths) {
  std::vector<VerdictFile> files;
  if (paths.empty()) files = of_program(embedded::verdict_files(), "results/verdicts");
  for (const std::string& path : paths) {
    for (const fs::path& file : files_at(path)) files.push_back(parse(read_file(file), file.string()));
  }
  return files;
}

const std::vector<std::string>& verdict_words() {
  static const std::vector<std::string> words{"helps", "hurts", "none", "unresolved", "unmeasured"};
  return words;
}

std::vector<VerdictInFile> verdicts_on(const MethodSpec& spec, const std::vector<VerdictFile>& files) {
  std::vector<VerdictInFile> found;
  for (const VerdictFile& file : files) {
    for (const MethodVerdict& verdict : file.verdicts) {
      if (verdict.methods == std::vector<std::string>{spec.name}) found.emplace_back(&file, &verdict);
    }
  }
  return found;
}

std::vector<VerdictInFile> pairs_with(const MethodSpec& spec, const std::vector<VerdictFile>& files) {
  std::vector<VerdictInFile> found;
  for (const VerdictFile& file : files) {
    for (const MethodVerdict& verdict : file.verdicts) {
      if (verdict.methods.size() == 2 && (verdict.methods[0] == spec.name || verdict.methods[1] == spec.name))
        found.emplace_back(&file, &verdict);
    }
  }
  return found;
}

std::vector<VerdictInFile> measured_on(const MethodSpec& spec, const std::vector<VerdictFile>& files) {
  std::vector<VerdictInFile> found;
  for (const VerdictFile& file : files) {
    const MethodVerdict* verdict = file.on(spec.name);
    if (verdict != nullptr && report::is_measured(*verdict)) found.emplace_back(&file, verdict);
  }
  return found;
}

std::vector<std::string> words_of(const MethodSpec& spec, const std::vector<VerdictFile>& files) {
  std::vector<std::string> words;
  for (const auto& [file, verdict] : measured_on(spec, files)) words.push_back(report::verdict_word(*verdict));
  if (words.empty()) words.emplace_back("unmeasured");
  return words;
}

Gaps gaps_of(const Catalogue& catalogue, const std::vector<VerdictFile>& files, const std::vector<VerdictFile>& pairs,
             const GapKnowledge& known) {
  Gaps gaps;
  for (const MethodKnowledge& entry : known.methods) {
    catalogue.get(entry.name, "docs/gaps.toml");
    if (!entry.with.empty()) catalogue.get(entry.with, "docs/gaps.toml");
  }
  for (size_t c = 0; c < choices(Component{}).size(); ++c) {
    for (size_t v = 0; v < choices(Verb{}).size(); ++v)
      look_at_cell(catalogue, files, known.of(static_cast<Component>(c), static_cast<Verb>(v)), gaps);
  }
  for (const MethodSpec& spec : catalogue.all()) {
    if (measured_on(spec, files).empty()) gaps.unmeasured.push_back(known.of(spec.name));
  }
  find_pairs(catalogue, files, pairs, known, gaps);
  return gaps;
}

}  // namespace hasten::cli
