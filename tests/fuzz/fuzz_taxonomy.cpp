// Fuzzes the readers of what the catalogue shows beside its methods. The first byte says which: a file of verdicts, whose answer reads
// back as itself and becomes a table and a page, or what is known of empty cells. Else an error with its place.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/evaluate/verdicts.h"
#include "hasten/report/taxonomy_page.h"
#include "hasten/spec/gaps.h"

namespace {

using namespace hasten;

void read_verdicts(const std::string& text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return;
  const evaluate::VerdictFile file = evaluate::verdicts_from_json(json, "fuzz");
  const Json written = evaluate::to_json(file);
  if (evaluate::to_json(evaluate::verdicts_from_json(written, "fuzz")) != written) std::abort();
  if (report::verdicts_text(file).empty()) std::abort();
  const std::string page = report::taxonomy_page(Catalogue({}), {file}, {"fuzz", ""});
  // Nothing from the file can become markup: the page has the ends of its own two scripts and no more.
  size_t ends = 0;
  for (size_t at = page.find("</script"); at != std::string::npos; at = page.find("</script", at + 1)) ++ends;
  if (ends != 2) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  try {
    if (data[0] % 2 == 0) read_verdicts(text);
    else hasten::read_gaps(text, "fuzz");
  } catch (const hasten::ConfigError&) {
  } catch (const hasten::DataError&) {}
  return 0;
}
