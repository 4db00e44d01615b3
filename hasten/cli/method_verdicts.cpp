#include "hasten/cli/method_verdicts.h"

#include <algorithm>
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
  return evaluate::verdicts_from_json(json, name);
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

bool share_a_family(const MethodSpec& a, const MethodSpec& b) {
  if (a.families.empty() || b.families.empty()) return true;
  return std::any_of(a.families.begin(), a.families.end(), [&](const std::string& family) {
    return std::find(b.families.begin(), b.families.end(), family) != b.families.end();
  });
}
bool exclude(const MethodSpec& a, const MethodSpec& b) {
  const auto names = [](const std::vector<std::string>& list, const std::string& name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  return names(a.conflicts, b.name) || names(b.conflicts, a.name);
}

using NamePair = std::pair<std::string, std::string>;
NamePair in_order(const std::string& a, const std::string& b) { return a < b ? NamePair{a, b} : NamePair{b, a}; }

std::set<NamePair> tried_in(const VerdictFile& file) {
  std::set<NamePair> tried;
  for (const MethodVerdict& verdict : file.verdicts) {
    if (verdict.methods.size() == 2) tried.insert(in_order(verdict.methods[0], verdict.methods[1]));
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

void find_pairs(const Catalogue& catalogue, const std::vector<VerdictFile>& files, Gaps& gaps) {
  std::set<NamePair> tried;
  for (const VerdictFile& file : files) {
    const std::set<NamePair> here = tried_in(file);
    tried.insert(here.begin(), here.end());
    const std::vector<std::string> helping = helping_in(catalogue, file);
    for (size_t i = 0; i < helping.size(); ++i) {
      for (size_t j = i + 1; j < helping.size(); ++j) {
        if (here.contains(in_order(helping[i], helping[j])) ||
            exclude(catalogue.get(helping[i], "method"), catalogue.get(helping[j], "method")))
          continue;
        gaps.untried.push_back({file.workload, helping[i], helping[j]});
      }
    }
  }
  const std::vector<MethodSpec>& all = catalogue.all();
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t j = i + 1; j < all.size(); ++j) {
      if (!share_a_family(all[i], all[j]) || exclude(all[i], all[j])) continue;
      ++gaps.pairs;
      if (tried.contains(in_order(all[i].name, all[j].name))) ++gaps.tried;
    }
  }
}

void look_at_cell(const Catalogue& catalogue, const std::vector<VerdictFile>& files,
                  const std::vector<CellKnowledge>& known, Component component, Verb verb, Gaps& gaps) {
  const auto found = std::find_if(known.begin(), known.end(), [&](const CellKnowledge& cell) {
    return cell.component == component && cell.verb == verb;
  });
  const std::vector<const MethodSpec*> methods = methods_in(catalogue, component, verb);
  if (methods.empty()) {
    gaps.empty.push_back(
        {component, verb, found == known.end() ? "" : found->known, found == known.end() ? "" : found->source});
    return;
  }
  if (found != known.end()) gaps.filled.push_back(*found);
  Gaps::PoorCell poor{component, verb, {}};
  bool measured = false, good = false;
  for (const MethodSpec* spec : methods) {
    std::vector<std::string> parts;
    for (const VerdictFile& file : files) {
      const MethodVerdict* verdict = file.on(spec->name);
      if (verdict == nullptr) continue;
      measured = true;
      good = good || verdict->verdict == evaluate::Verdict::kHelps;
      parts.push_back(cat(report::verdict_word(verdict->verdict), " on ", file.workload));
    }
    poor.methods.push_back(cat(spec->name, ": ", parts.empty() ? "unmeasured" : join(parts, ", ")));
  }
  if (measured && !good) gaps.poor.push_back(std::move(poor));
}

}  // namespace

std::vector<VerdictFile> load_verdicts(const std::vector<std::string>& paths) {
  std::vector<VerdictFile> files;
  if (paths.empty()) {
    for (const std::string_view text : embedded::verdict_files())
      files.push_back(parse(std::string(text), "a file of verdicts of this program"));
  }
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

std::vector<std::string> words_of(const MethodSpec& spec, const std::vector<VerdictFile>& files) {
  std::vector<std::string> words;
  for (const VerdictFile& file : files) {
    if (const MethodVerdict* verdict = file.on(spec.name)) words.push_back(report::verdict_word(verdict->verdict));
  }
  if (words.empty()) words.emplace_back("unmeasured");
  return words;
}

Gaps gaps_of(const Catalogue& catalogue, const std::vector<VerdictFile>& files,
             const std::vector<CellKnowledge>& known) {
  Gaps gaps;
  for (size_t c = 0; c < choices(Component{}).size(); ++c) {
    for (size_t v = 0; v < choices(Verb{}).size(); ++v)
      look_at_cell(catalogue, files, known, static_cast<Component>(c), static_cast<Verb>(v), gaps);
  }
  for (const MethodSpec& spec : catalogue.all()) {
    if (words_of(spec, files) == std::vector<std::string>{"unmeasured"}) gaps.unmeasured.push_back(spec.name);
  }
  find_pairs(catalogue, files, gaps);
  return gaps;
}

}  // namespace hasten::cli
