// L39: a table of costs that does not grow with size.
#include <algorithm>
#include <cmath>
#include <cstddef>

#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"
#include "hasten/stats/moments.h"

namespace hasten::evaluate::lints {
namespace {

using CostEntries = std::vector<std::pair<double, double>>;  // size, cost; sizes rise

// The cost at `size` on the line through two entries.
double cost_on_line(const CostEntries& table, size_t left, size_t right, double size) {
  double share = (size - table[left].first) / (table[right].first - table[left].first);
  return table[left].second + share * (table[right].second - table[left].second);
}

// How far an inner entry lies from the line between its neighbours, as a share of the larger of the two costs.
double off_line(const CostEntries& table, size_t at) {
  double cost = table[at].second, here = cost_on_line(table, at - 1, at + 1, table[at].first);
  return std::abs(cost - here) / std::max(std::abs(cost), std::abs(here));
}
constexpr double kMostOffLine = 0.2;

int64_t count_table_defects(const CostEntries& table) {
  int64_t count = 0;
  for (size_t i = 1; i < table.size(); ++i) {
    count += table[i].second <= table[i - 1].second ? 1 : 0;
    count += i + 1 < table.size() && off_line(table, i) > kMostOffLine ? 1 : 0;
  }
  return count;
}

// How many defects fewer there are without an entry; only those around it can change.
int64_t defects_gone_without(const CostEntries& table, size_t at) {
  size_t before = std::min<size_t>(at, 2), end = std::min(at + 3, table.size());
  CostEntries with(table.begin() + static_cast<std::ptrdiff_t>(at - before),
                   table.begin() + static_cast<std::ptrdiff_t>(end));
  CostEntries without = with;
  without.erase(without.begin() + static_cast<std::ptrdiff_t>(before));
  return count_table_defects(with) - count_table_defects(without);
}

// An entry far off its line may be wrong itself, or one of the two that make the line: the one is meant without which
// most defects are gone, of several the one farthest off. None when all lie on their lines.
std::optional<size_t> wrong_entry(const CostEntries& table) {
  std::optional<size_t> wrong;
  std::pair<int64_t, double> most;
  for (size_t middle = 1; middle + 1 < table.size(); ++middle) {
    double off = off_line(table, middle);
    if (!(off > kMostOffLine)) continue;
    for (size_t at : {middle, middle - 1, middle + 1}) {
      std::pair<int64_t, double> score{defects_gone_without(table, at), at == middle ? off : 0};
      if (wrong && score <= most) continue;
      wrong = at;
      most = score;
    }
  }
  return wrong;
}

}  // namespace

std::vector<CostTableDefect> check_cost_table(const std::vector<std::pair<double, double>>& given) {
  std::map<double, stats::Moments> by_size;  // several costs of one size count as their mean
  for (const auto& [size, cost] : given) by_size[size].add(cost);
  CostEntries table;
  for (const auto& [size, costs] : by_size) table.emplace_back(size, costs.mean);
  std::vector<CostTableDefect> defects;
  auto add = [&](size_t at, std::optional<double> expected) {
    CostTableDefect defect{table[at].first, table[at].second, expected, std::nullopt};
    if (at > 0 && table[at].second <= table[at - 1].second) defect.smaller = table[at - 1];
    defects.push_back(defect);
  };
  while (auto wrong = wrong_entry(table)) {
    // Between its neighbours, or beyond the two that are next to an end.
    size_t left = *wrong == 0 ? 1 : *wrong - 1, right = *wrong == 0 ? 2 : *wrong + 1;
    if (right == table.size()) right = *wrong - 2;
    add(*wrong, cost_on_line(table, left, right, table[*wrong].first));
    table.erase(table.begin() + static_cast<std::ptrdiff_t>(*wrong));
  }
  for (size_t i = 1; i < table.size(); ++i) {
    if (table[i].second <= table[i - 1].second) add(i, std::nullopt);
  }
  return defects;
}

Lint cost_table() {
  return {"L39",
          "cost-table-not-monotone",
          Severity::kError,
          "A typing error in a cost table shifts every budget counted with it.",
          "Kaddour et al., No Train No Gain: the entry of 7 layers",
          [](const LintInput& input, Check& out) {
            if (input.cost_table.empty()) return out.missing("a cost table (--cost-table)");
            for (const CostTableDefect& defect : check_cost_table(input.cost_table)) {
              std::string message = cat("costs ", number(defect.cost));
              if (defect.expected) message += ", where its neighbours suggest " + significant(*defect.expected, 3);
              if (defect.smaller) {
                message += cat(", no more than size ", number(defect.smaller->first), ", which costs ",
                               number(defect.smaller->second));
              }
              out.fire(cat("size ", number(defect.size)), message);
            }
          }};
}

}  // namespace hasten::evaluate::lints
