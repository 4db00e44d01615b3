// Introsort (Musser 1997) over indices, with numpy's choices of pivot, cutoff and partition order.
#include "hasten/trace/tie_order.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <utility>

namespace hasten::trace {
namespace {

constexpr std::ptrdiff_t kSmall = 15;

struct Range {
  std::ptrdiff_t low, high;
  int depth;
};

// Moves the pivot to its place between smaller and larger keys and returns that place.
std::ptrdiff_t partition(const std::vector<int64_t>& keys, std::vector<uint32_t>& order, std::ptrdiff_t low,
                         std::ptrdiff_t high) {
  auto at = [&](std::ptrdiff_t i) -> uint32_t& { return order[static_cast<size_t>(i)]; };
  auto key = [&](std::ptrdiff_t i) { return keys[at(i)]; };
  std::ptrdiff_t middle = low + ((high - low) >> 1);
  if (key(middle) < key(low)) std::swap(at(middle), at(low));
  if (key(high) < key(middle)) std::swap(at(high), at(middle));
  if (key(middle) < key(low)) std::swap(at(middle), at(low));
  int64_t pivot = key(middle);
  std::ptrdiff_t up = low, down = high - 1;
  std::swap(at(middle), at(down));
  while (true) {
    do ++up;
    while (key(up) < pivot);
    do --down;
    while (pivot < key(down));
    if (up >= down) break;
    std::swap(at(up), at(down));
  }
  std::swap(at(up), at(high - 1));
  return up;
}

void insertion_sort(const std::vector<int64_t>& keys, std::vector<uint32_t>& order, std::ptrdiff_t low,
                    std::ptrdiff_t high) {
  for (std::ptrdiff_t i = low + 1; i <= high; ++i) {
    uint32_t moving = order[static_cast<size_t>(i)];
    std::ptrdiff_t j = i;
    for (; j > low && keys[moving] < keys[order[static_cast<size_t>(j - 1)]]; --j) {
      order[static_cast<size_t>(j)] = order[static_cast<size_t>(j - 1)];
    }
    order[static_cast<size_t>(j)] = moving;
  }
}

// Lets `moving` sink from `hole` (counted from 1) in the heap of the first `count` of the part.
void sink(const std::vector<int64_t>& keys, uint32_t* heap, size_t hole, size_t count, uint32_t moving) {
  for (size_t child = 2 * hole; child <= count; child = 2 * hole) {
    if (child < count && keys[heap[child - 1]] < keys[heap[child]]) ++child;
    if (!(keys[moving] < keys[heap[child - 1]])) break;
    heap[hole - 1] = heap[child - 1];
    hole = child;
  }
  heap[hole - 1] = moving;
}

void heap_sort(const std::vector<int64_t>& keys, std::vector<uint32_t>& order, std::ptrdiff_t low,
               std::ptrdiff_t high) {
  if (high <= low) return;
  uint32_t* heap = order.data() + low;
  auto count = static_cast<size_t>(high - low + 1);
  for (size_t hole = count / 2; hole > 0; --hole) sink(keys, heap, hole, count, heap[hole - 1]);
  while (count > 1) {
    uint32_t last = heap[count - 1];
    heap[count - 1] = heap[0];
    sink(keys, heap, 1, --count, last);
  }
}

}  // namespace

std::vector<uint32_t> numpy_order(const std::vector<int64_t>& keys) {
  std::vector<uint32_t> order(keys.size());
  std::iota(order.begin(), order.end(), 0u);
  if (keys.empty()) return order;
  int limit = 2 * (std::bit_width(keys.size()) - 1);
  std::vector<Range> waiting = {{0, static_cast<std::ptrdiff_t>(keys.size()) - 1, limit}};
  while (!waiting.empty()) {
    auto [low, high, depth] = waiting.back();
    waiting.pop_back();
    if (depth < 0) {  // too many bad pivots before; asked only when a part is taken up again
      heap_sort(keys, order, low, high);
      continue;
    }
    while (high - low > kSmall) {
      std::ptrdiff_t pivot = partition(keys, order, low, high);
      --depth;
      if (pivot - low < high - pivot) {  // the larger part waits
        waiting.push_back({pivot + 1, high, depth});
        high = pivot - 1;
      } else {
        waiting.push_back({low, pivot - 1, depth});
        low = pivot + 1;
      }
    }
    insertion_sort(keys, order, low, high);
  }
  return order;
}

}  // namespace hasten::trace
