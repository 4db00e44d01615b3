// Several ranks together: wire time against skew of their collectives, and who comes late.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "hasten/trace/view.h"

namespace hasten::trace {

// One collective that ranks took part in: matched by group, name and the number of its call.
struct CollectiveRow {
  std::string name;
  size_t calls = 0, ranks = 0;
  int64_t wire_ns = 0;  // sum over calls of the shortest duration: when the last rank came, only the transfer is left
  int64_t skew_ns = 0;  // sum over calls of the mean wait beyond that
  int64_t bytes = 0;  // per rank; 0 unless the size of every message is known
};

struct RankRow {
  int rank = 0;
  int64_t waited_ns = 0;  // in collectives, for others
  int64_t caused_ns = 0;  // the wait of the others, on average, in the calls in which it came last
  size_t last = 0;  // calls in which it alone came last (its own duration the shortest) and the others noticed
  size_t calls = 0;
};

struct Ranks {
  std::vector<CollectiveRow> collectives;  // the longest wait first
  std::vector<RankRow> ranks;
  int64_t unmatched = 0;  // calls that not all ranks have: left out
  // Came last in more than twice their share of calls (of two ranks: in 3 of 4), and made others wait for at least 1% of
  // the time from the first device work to the last.
  std::vector<int> stragglers;
};

// The rank of each file: what it says; where it says nothing (-1), or what an earlier file said already, the number behind
// "rank" in its name. The rest get the numbers that are free, in the order of their names ("2" before "10").
std::vector<int> assign_ranks(const std::vector<int>& said, const std::vector<std::filesystem::path>& paths = {});

// `ranks` gives the rank of each view.
Ranks compare_ranks(const std::vector<const View*>& views, const std::vector<int>& ranks);

}  // namespace hasten::trace
