#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace culogme::command {

/// Number of single-character insertions, deletions, replacements and swaps of neighbours that make `a` out of `b`.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The known word that `word` most likely stands for; empty if none is near (a third of its length, at least two
/// edits).
std::string nearest_word(std::string_view word, const std::vector<std::string>& known);

}  // namespace culogme::command
