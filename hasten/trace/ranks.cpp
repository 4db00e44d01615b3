// Stragglers. Ranks have no common clock, but a collective ends for all at once: who has the shortest call came last.
#include "hasten/trace/ranks.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace hasten::trace {
namespace {

struct Call {
  size_t rank;
  int64_t dur;
  int64_t bytes;
};

int64_t message_bytes(const View& view, size_t i) {
  uint32_t row = view.rows[i];
  int64_t elements = std::max(view.trace->args.integer(Arg::kInElements, row).value_or(0),
                              view.trace->args.integer(Arg::kOutElements, row).value_or(0));
  std::string_view type = view.trace->text_arg(Arg::kDataType, row);
  int64_t width = type == "Float" || type == "Int"       ? 4
                  : type == "Half" || type == "BFloat16" ? 2
                  : type == "Byte"                       ? 1
                                                         : 8;
  return elements * width;
}

// Group and name; kernels of one collective may differ in their template arguments, not in what they do.
std::string key_of(const View& view, size_t i) {
  uint32_t row = view.rows[i];
  std::string key(view.trace->text_arg(Arg::kGroupName, row));
  std::string_view collective = view.trace->text_arg(Arg::kCollective, row);
  key += '\x1f';
  key += collective.empty() ? short_name(view.name(i)) : std::string(collective);
  return key;
}

}  // namespace

std::vector<int> assign_ranks(const std::vector<int>& said) {
  std::vector<int> ranks(said.size(), -1);
  std::set<int> used;
  for (size_t i = 0; i < said.size(); ++i) {
    if (said[i] >= 0 && used.insert(said[i]).second) ranks[i] = said[i];
  }
  int next = 0;
  for (int& rank : ranks) {
    if (rank >= 0) continue;
    while (used.contains(next)) ++next;
    rank = next;
    used.insert(next);
  }
  return ranks;
}

Ranks compare_ranks(const std::vector<const View*>& views, const std::vector<int>& ranks) {
  std::map<std::pair<std::string, size_t>, std::vector<Call>> calls;
  std::map<std::string, std::vector<uint8_t>> members;  // ranks that take part at all
  for (size_t r = 0; r < views.size(); ++r) {
    const View& view = *views[r];
    std::vector<uint32_t> rows;
    for (uint32_t i = 0; i < view.size(); ++i) {
      if (view.device[i] != 0 && view.type[i] == KernelType::kCommunication) rows.push_back(i);
    }
    std::stable_sort(rows.begin(), rows.end(), [&](uint32_t a, uint32_t b) { return view.ts[a] < view.ts[b]; });
    std::map<std::string, size_t> number;
    for (uint32_t i : rows) {
      std::string key = key_of(view, i);
      auto& present = members[key];
      present.resize(views.size());
      present[r] = 1;
      calls[{key, number[key]++}].push_back({r, std::llround(view.ns(view.dur[i])), message_bytes(view, i)});
    }
  }
  Ranks result;
  result.ranks.resize(views.size());
  for (size_t r = 0; r < views.size(); ++r) result.ranks[r].rank = ranks[r];
  std::map<std::string, CollectiveRow> rows;
  for (const auto& [key, taking_part] : calls) {
    const auto& present = members[key.first];
    auto expected = static_cast<size_t>(std::count(present.begin(), present.end(), 1));
    if (taking_part.size() < 2 || taking_part.size() < expected) {
      ++result.unmatched;
      continue;
    }
    auto last = std::min_element(taking_part.begin(), taking_part.end(),
                                 [](const Call& a, const Call& b) { return a.dur < b.dur; });
    CollectiveRow& row = rows[key.first];
    row.name = key.first.substr(key.first.find('\x1f') + 1);
    ++row.calls;
    row.ranks = taking_part.size();
    row.wire_ns += last->dur;
    row.bytes += last->bytes;
    int64_t waited = 0;
    for (const Call& call : taking_part) {
      waited += call.dur - last->dur;
      result.ranks[call.rank].waited_ns += call.dur - last->dur;
      ++result.ranks[call.rank].calls;
    }
    row.skew_ns += waited / static_cast<int64_t>(taking_part.size());
    ++result.ranks[last->rank].last;
  }
  for (auto& [key, row] : rows) result.collectives.push_back(row);
  std::stable_sort(
      result.collectives.begin(), result.collectives.end(),
      [](const CollectiveRow& a, const CollectiveRow& b) { return a.skew_ns + a.wire_ns > b.skew_ns + b.wire_ns; });
  std::vector<RankRow> late = result.ranks;
  std::stable_sort(late.begin(), late.end(), [](const RankRow& a, const RankRow& b) { return a.last > b.last; });
  for (const RankRow& rank : late) {
    bool often = views.size() == 2 ? rank.last * 4 > 3 * rank.calls : rank.last * views.size() > 2 * rank.calls;
    if (rank.calls >= 4 && often) result.stragglers.push_back(rank.rank);
  }
  return result;
}

}  // namespace hasten::trace
