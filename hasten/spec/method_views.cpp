// Everything here follows from the specs, so a new method appears in every view by itself.
#include "hasten/spec/method_views.h"

#include <algorithm>
#include <bit>

#include "hasten/base/text.h"
#include "hasten/spec/family.h"

namespace hasten {
namespace {

template <class T>
bool contains(const std::vector<T>& list, const T& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// kBoth has the bits of either.
Factor shared_factor(Factor a, Factor b) { return static_cast<Factor>(static_cast<int>(a) & static_cast<int>(b)); }

bool takes_family(const MethodSpec& spec, const std::string& family) {
  return spec.families.empty() || contains(spec.families, family);
}

template <class T, class Name>
std::string shared_names(const std::vector<T>& a, const std::vector<T>& b, const Name& name) {
  std::vector<std::string> names;
  for (const T& value : a) {
    if (contains(b, value)) names.emplace_back(name(value));
  }
  return join(names, ", ");
}

// The plan is where most methods begin, so meeting there says nothing.
std::vector<Site> places_of(const MethodSpec& spec) {
  std::vector<Site> sites;
  for (const Use& use : spec.uses) {
    if (!use.site.is_plan() && !contains(sites, use.site)) sites.push_back(use.site);
  }
  return sites;
}
// In the plan the phase says what is edited.
std::vector<Phase> edits_of(const MethodSpec& spec) {
  std::vector<Phase> phases;
  for (const Use& use : spec.uses) {
    if (use.site.is_plan() && !contains(phases, use.phase)) phases.push_back(use.phase);
  }
  return phases;
}

// A cell counts most, then where and at what they act; what they are good for only adds to it.
constexpr double kCell = 3, kPlace = 2, kEdit = 1.5, kEffects = 2, kSaved = 0.5, kRelieved = 0.5, kLeast = 3;

Likeness likeness_of(const MethodSpec& a, const MethodSpec& b) {
  Likeness found{&b, 0, {}};
  const auto add = [&](double weight, std::string reason) {
    found.weight += weight;
    found.reasons.push_back(std::move(reason));
  };
  const std::string verbs = shared_names(a.verbs, b.verbs, [](Verb v) { return name_of(v); });
  if (a.component == b.component && !verbs.empty()) add(kCell, cat("cell ", name_of(a.component), " x ", verbs));
  const std::string places = shared_names(places_of(a), places_of(b), [](Site s) { return s.name(); });
  if (!places.empty()) add(kPlace, "act at " + places);
  const std::string edits = shared_names(edits_of(a), edits_of(b), [](Phase p) { return name_of(p); });
  if (!edits.empty()) add(kEdit, cat("edit the plan's ", edits));
  const Effects both = a.effects & b.effects, any = a.effects | b.effects;
  if (both != kNoEffect) {
    add(kEffects * std::popcount(both) / std::popcount(any), "change " + join(effect_names(both), ", "));
  }
  const Factor saved = shared_factor(a.saves, b.saves);
  if (saved != Factor::kNone) add(kSaved, cat("save ", name_of(saved)));
  const std::string relieved = shared_names(a.relieves, b.relieves, [](Bottleneck x) { return name_of(x); });
  if (!relieved.empty()) add(kRelieved, "relieve " + relieved);
  return found;
}

}  // namespace

bool MethodFilter::takes(const MethodSpec& spec) const {
  return (!component || spec.component == *component) && (!verb || contains(spec.verbs, *verb)) &&
         (family.empty() || takes_family(spec, family)) &&
         (!saves || shared_factor(spec.saves, *saves) != Factor::kNone) &&
         (!relieves || contains(spec.relieves, *relieves));
}

std::vector<const MethodSpec*> methods_where(const Catalogue& catalogue, const MethodFilter& filter) {
  std::vector<const MethodSpec*> found;
  for (const MethodSpec& spec : catalogue.all()) {
    if (filter.takes(spec)) found.push_back(&spec);
  }
  return found;
}

std::vector<const MethodSpec*> methods_in(const Catalogue& catalogue, Component component, Verb verb) {
  MethodFilter filter;
  filter.component = component;
  filter.verb = verb;
  return methods_where(catalogue, filter);
}

std::vector<Likeness> similar_methods(const Catalogue& catalogue, const MethodSpec& spec, size_t count) {
  std::vector<Likeness> found;
  for (const MethodSpec& other : catalogue.all()) {
    if (other.name == spec.name) continue;
    Likeness likeness = likeness_of(spec, other);
    if (likeness.weight >= kLeast) found.push_back(std::move(likeness));
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Likeness& a, const Likeness& b) { return a.weight > b.weight; });
  if (found.size() > count) found.resize(count);
  return found;
}

std::string why_not_both(const MethodSpec& a, const MethodSpec& b) {
  if (contains(a.conflicts, b.name) || contains(b.conflicts, a.name)) return "declared to conflict";
  for (const Use& one : a.uses) {
    for (const Use& other : b.uses) {
      if (one.site == other.site && one.site.exclusive())
        return cat("both stand on the exclusive seam ", one.site.name());
    }
  }
  bool family = false, samples = false;  // that both take, and that reads what they need
  for (const FamilySpec& each : family_specs()) {
    if (!takes_family(a, each.name) || !takes_family(b, each.name)) continue;
    family = true;
    samples = samples || !each.text;
  }
  if (!family) return "no family of models takes both";
  return samples || (a.needs | b.needs) == kNothing ? "" : "one needs what texts lack, the other reads text";
}

std::map<std::string, std::vector<std::string>> conflicts_of(const Catalogue& catalogue, const MethodSpec& spec) {
  std::map<std::string, std::vector<std::string>> found;
  for (const MethodSpec& other : catalogue.all()) {
    if (other.name == spec.name) continue;
    const std::string why = why_not_both(spec, other);
    if (!why.empty()) found[why].push_back(other.name);
  }
  return found;
}

}  // namespace hasten
