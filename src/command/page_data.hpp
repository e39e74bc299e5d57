#pragma once

#include <cstddef>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "rank_report.hpp"

namespace culogme::command {

/// Bounds of what a page holds, so that it stays quick: 1000 classes of 50 models fit.
inline constexpr std::size_t page_models = 100;       ///< with evidence by class, spectrum and marks of their own
inline constexpr std::size_t page_cells = 60'000;     ///< evidence values: classes times models
inline constexpr std::size_t page_eigenvalues = 120;  ///< of one model, evenly in the logarithm of their number

/// What the page draws, as its scripts read it. `left_out` says in sentences what is in the ranking and not here.
nlohmann::ordered_json page_data(const RankReport& report, const std::string& made_by, const std::string& made_at);

}  // namespace culogme::command
