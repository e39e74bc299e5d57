#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backend.hpp"

namespace culogme::detail {

/// Moments summed on the CPU by `workers` threads. Throws OutOfMemory before anything is allocated. The number of
/// workers is cut where their tiles and products would pass the workspace limit.
std::unique_ptr<Sums> make_cpu_sums(std::int64_t features, std::vector<std::string> names, const SumsOptions& options,
                                    int workers, std::size_t workspace_limit);

}  // namespace culogme::detail
