// Where data sets lie on this machine: one order of looking for them, for all who look.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace hasten {

// The folder that holds data sets: $HASTEN_DATA, or "data" where that is not set.
std::filesystem::path data_root();
// Where a data set is looked for, in this order: $HASTEN_DATA/NAME, data/NAME, /usr/share/datasets/NAME (Debian).
std::vector<std::filesystem::path> data_folders(const std::string& name);

}  // namespace hasten
