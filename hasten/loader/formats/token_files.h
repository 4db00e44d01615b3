// Files of tokens, each a number: what open_tokens() in tokens.h makes of .bin and .npy files.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "hasten/loader/formats/tokens.h"

namespace hasten {

// Whether the ending or the first bytes say that a file holds tokens, not text.
bool is_token_file(const std::filesystem::path& path);
std::unique_ptr<TokenStream> open_token_files(const std::vector<std::filesystem::path>& files,
                                              const TokenOptions& options);

}  // namespace hasten
