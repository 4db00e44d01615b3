// Opens samples of any format: which one it is, the content says.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hasten/loader/formats/format.h"
#include "hasten/loader/sample_index.h"

namespace hasten {

// The parts of the data at `path`: "train", "validation" and "test", as far as they are there ("test" is the validation
// part where there is no other); {""} when the data is not divided. Throws ConfigError for a path that is not there,
// DataError for data of no known format.
std::vector<std::string> parts_of(const std::filesystem::path& path);

// The samples of one part, a name out of parts_of(path). Throws ConfigError for another, DataError for damaged data.
std::unique_ptr<SampleIndex> open_samples(const std::filesystem::path& path, const std::string& part);

// All formats, in the order in which they are tried.
std::span<const SampleFormat> sample_formats();

}  // namespace hasten
