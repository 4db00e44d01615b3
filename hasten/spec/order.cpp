// Resolution of the order of methods.
#include "hasten/spec/order.h"

#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

bool lists(const std::vector<std::string>& names, const MethodSpec& spec) {
  return std::find(names.begin(), names.end(), spec.name) != names.end();
}

bool must_precede(const MethodSpec& a, const MethodSpec& b) { return lists(a.before, b) || lists(b.after, a); }

Phase phase_at(const MethodSpec& spec, Site site) {
  for (const Use& use : spec.uses) {
    if (use.site == site) return use.phase;
  }
  throw InternalError(spec.name + " does not act at " + std::string(site.name()));
}

void check_conflicts(const std::vector<const MethodSpec*>& methods) {
  for (const MethodSpec* a : methods) {
    for (const MethodSpec* b : methods) {
      if (a == b || !lists(a->conflicts, *b)) continue;
      throw ConfigError("method." + a->name, "no '" + b->name + "' beside it", "both",
                        "the two are declared to conflict; drop one, for example by --without " + b->name);
    }
  }
}

// Repeatedly takes the first method that nothing left must precede. Declared order beats phase.
std::vector<const MethodSpec*> sorted_at(Site site, std::vector<const MethodSpec*> waiting) {
  std::sort(waiting.begin(), waiting.end(), [&](const MethodSpec* a, const MethodSpec* b) {
    Phase pa = phase_at(*a, site), pb = phase_at(*b, site);
    return pa != pb ? pa < pb : a->name < b->name;
  });
  std::vector<const MethodSpec*> order;
  while (!waiting.empty()) {
    auto free = std::find_if(waiting.begin(), waiting.end(), [&](const MethodSpec* candidate) {
      return std::none_of(waiting.begin(), waiting.end(), [&](const MethodSpec* other) {
        return other != candidate && must_precede(*other, *candidate);
      });
    });
    if (free == waiting.end()) {
      std::vector<std::string> names;
      for (const MethodSpec* spec : waiting) names.push_back(spec->name);
      throw ConfigError("method." + names.front(), "an order at " + std::string(site.name()),
                        "a cycle of before and after among " + ordinal_list(names));
    }
    order.push_back(*free);
    waiting.erase(free);
  }
  return order;
}

}  // namespace

MethodOrder resolve_order(const std::vector<const MethodSpec*>& methods) {
  check_conflicts(methods);
  MethodOrder order;
  for (const MethodSpec* spec : methods) {
    for (const Use& use : spec->uses) order[use.site].push_back(spec);
  }
  for (auto& [site, list] : order) {
    if (site.exclusive() && list.size() > 1) {
      throw ConfigError("method." + list[0]->name, "one method on the exclusive seam " + std::string(site.name()),
                        "'" + list[0]->name + "' and '" + list[1]->name + "'",
                        "only one part can stand there; drop one, for example by --without " + list[1]->name);
    }
    list = sorted_at(site, list);
    if (site.unwinding()) std::reverse(list.begin(), list.end());
  }
  return order;
}

}  // namespace hasten
