// Checksums of files, by OpenSSL.
#include "hasten/loader/fetch/digest.h"

#include <openssl/evp.h>

#include <array>
#include <memory>
#include <vector>

#include "hasten/base/error.h"
#include "hasten/loader/formats/input.h"

namespace hasten {

std::string file_digest(const std::filesystem::path& path, DigestKind kind) {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const bool started =
      context && EVP_DigestInit_ex(context.get(), kind == DigestKind::kSha256 ? EVP_sha256() : EVP_md5(), nullptr) == 1;
  HASTEN_CHECK(started, "OpenSSL has the digest");
  InputFile file(path);
  std::vector<uint8_t> buffer(1 << 18);
  for (uint64_t at = 0;;) {
    const size_t got = file.read_some(at, buffer);
    if (got == 0) break;
    HASTEN_CHECK(EVP_DigestUpdate(context.get(), buffer.data(), got) == 1, "a digest goes on");
    at += got;
  }
  std::array<uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned bytes = 0;
  HASTEN_CHECK(EVP_DigestFinal_ex(context.get(), digest.data(), &bytes) == 1, "a digest ends");
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < bytes; ++i) {
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

}  // namespace hasten
