// Reading JSON with errors that name the file and the byte.
#include "hasten/base/json.h"

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/text.h"

namespace hasten {

Json parse_json(std::string_view text, const std::filesystem::path& path) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    throw DataError(path.string(), cat("byte ", error.byte), "not valid JSON");
  } catch (const Json::out_of_range&) {
    throw DataError(path.string(), "", "a number in it is too large");
  }
}

Json read_json(const std::filesystem::path& path) { return parse_json(read_file(path), path); }

}  // namespace hasten
