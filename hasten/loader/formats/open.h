// Opens samples of any format.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "hasten/loader/sample_index.h"

namespace hasten {

// Parts that a data set has on disk: "train", "test"; {""} when it has none.
std::vector<std::string> parts_of(const std::filesystem::path& path);
std::unique_ptr<SampleIndex> open_samples(const std::filesystem::path& path, const std::string& part);

}  // namespace hasten
