// Points of the unit cube at which a search looks: random, or a scrambled Sobol sequence, which leaves no large holes.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace hasten {

enum class SearchKind { kSobol, kRandom };
constexpr std::array<std::string_view, 2> choices(SearchKind) { return {"sobol", "random"}; }

constexpr int64_t kSobolDimensions = 21;

// Coordinate `dimension` of point `index` of the Sobol sequence, unscrambled: 32 bits behind the binary point.
uint32_t sobol_bits(int64_t index, int64_t dimension);

// Point `index`, each coordinate in [0, 1); a function of its arguments, so a search can be cut and continued anywhere. Any
// 2^m points of a Sobol sequence from index 0 on have one coordinate in each of 2^m equal intervals, in every dimension.
std::vector<double> search_point(SearchKind kind, uint64_t seed, int64_t index, int64_t dimensions);

}  // namespace hasten
