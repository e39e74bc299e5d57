#pragma once

#include <string>

#include "rank_report.hpp"

namespace culogme::command {

/// "D3 5.16.0", or empty where this build has no chart library for pages.
std::string page_library();

/// Throws UsageError where --report was given and this build cannot make pages.
void require_page_library();

/// The whole page: styles, scripts, chart library with its licence, data. Needs no network and asks for none.
std::string report_page(const RankReport& report);

}  // namespace culogme::command
