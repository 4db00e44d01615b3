// A tensor that does not fit.
#include "hasten/core/out_of_memory.h"

#include <c10/util/Exception.h>

#include <string>

namespace hasten {

bool is_out_of_memory(const c10::Error& error) {
  const std::string text = error.what_without_backtrace();
  return dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
         text.find("can't allocate memory") != std::string::npos || text.find("out of memory") != std::string::npos;
}

}  // namespace hasten
