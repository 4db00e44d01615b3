#include "hasten/cli/gaps_text.h"

#include <iostream>
#include <string>
#include <vector>

#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/cli/command.h"

namespace hasten::cli {
namespace {

std::string cell_name(Component component, Verb verb) { return cat(name_of(component), " x ", name_of(verb)); }

Json cell_json(const CellKnowledge& cell) {
  return {{"component", name_of(cell.component)},
          {"verb", name_of(cell.verb)},
          {"known", cell.known},
          {"source", cell.source}};
}

Json cells_json(const std::vector<Gaps::Cell>& cells) {
  Json json = Json::array();
  for (const Gaps::Cell& cell : cells) {
    json.push_back(cell_json(cell.cell));
    json.back()["methods"] = cell.methods;
  }
  return json;
}

Json gaps_json(const Gaps& gaps) {
  Json json = {{"empty", Json::array()},
               {"filled", Json::array()},
               {"unmeasured", Json::array()},
               {"none_helps", cells_json(gaps.poor)},
               {"none_shown", cells_json(gaps.open)},
               {"untried_pairs", Json::array()},
               {"pairs", gaps.pairs},
               {"pairs_tried", gaps.tried}};
  for (const CellKnowledge& cell : gaps.empty) json["empty"].push_back(cell_json(cell));
  for (const CellKnowledge& cell : gaps.filled) json["filled"].push_back(cell_json(cell));
  for (const MethodKnowledge& method : gaps.unmeasured)
    json["unmeasured"].push_back({{"method", method.name}, {"known", method.known}, {"source", method.source}});
  for (const auto& [workload, both] : gaps.untried) {
    json["untried_pairs"].push_back(
        {{"workload", workload}, {"methods", {both.name, both.with}}, {"known", both.known}, {"source", both.source}});
  }
  return json;
}

template <class Knowledge>
void show_known(const Knowledge& entry, const char* otherwise = "") {
  const std::string known = entry.known.empty() ? otherwise : entry.known;
  if (!known.empty()) std::cout << "    " << known << "\n";
  if (!entry.source.empty()) std::cout << "    " << entry.source << "\n";
}

void show_cells(const std::vector<Gaps::Cell>& cells, const char* what) {
  std::cout << "\n" << cells.size() << " cells " << what << "\n";
  for (const Gaps::Cell& cell : cells) {
    std::cout << "\n  " << cell_name(cell.cell.component, cell.cell.verb) << "\n";
    for (const std::string& method : cell.methods) std::cout << "    " << method << "\n";
    show_known(cell.cell);
  }
}

}  // namespace

void show_gaps(const Gaps& gaps, bool json) {
  if (json) return print_json(gaps_json(gaps));
  std::cout << gaps.empty.size() << " cells without a method\n";
  for (const CellKnowledge& cell : gaps.empty) {
    std::cout << "\n  " << cell_name(cell.component, cell.verb) << "\n";
    show_known(cell, "nothing is written down; docs/gaps.toml is the place");
  }
  for (const CellKnowledge& cell : gaps.filled)
    std::cout << "\n  " << cell_name(cell.component, cell.verb)
              << " has a method that helps by now: its entry in docs/gaps.toml can go\n";
  show_cells(gaps.poor, "where every method that was measured hurts or makes no difference");
  show_cells(gaps.open, "where none is shown to help, and some verdicts are unresolved");
  std::cout << "\n" << gaps.unmeasured.size() << " methods without a verdict\n";
  for (const MethodKnowledge& method : gaps.unmeasured) {
    std::cout << "  " << method.name << "\n";
    show_known(method);
  }
  std::cout << "\n" << gaps.tried << " of " << gaps.pairs << " pairs of methods were measured together";
  if (!gaps.untried.empty()) std::cout << "; of methods that help alone on a workload these were not:";
  std::cout << "\n";
  for (const auto& [workload, both] : gaps.untried) {
    std::cout << "  " << workload << ": " << both.name << " with " << both.with << "\n";
    show_known(both);
  }
}

}  // namespace hasten::cli
