// A file as memory.
#include "hasten/loader/formats/mapped_file.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/formats/input.h"

namespace hasten {

MappedFile::MappedFile(const std::filesystem::path& path) : path_(path) {
  InputFile file(path);
  size_ = file.size();
  if (size_ == 0) return;  // nothing cannot be mapped
  void* memory = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file.descriptor(), 0);
  if (memory == MAP_FAILED) throw DataError(path.string(), "", cat("cannot map into memory: ", std::strerror(errno)));
  data_ = static_cast<const uint8_t*>(memory);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<uint8_t*>(data_), size_);
}

}  // namespace hasten
