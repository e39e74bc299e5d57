#pragma once

#include <cstddef>
#include <memory>

#include "cuda/context.hpp"
#include "source_sums.hpp"

namespace culogme::detail {

/// Joint sums in device memory. Rows in device memory are summed where they lie, others come through a stage; no row
/// waits for others, since sums run in the order of the rows whatever the tiles. Only table() and likelihood() wait;
/// bad values are found there, and the sums are of no use then. Throws OutOfMemory.
std::unique_ptr<SourceSums> make_cuda_source_sums(std::shared_ptr<CudaContext> context, const SourceShape& shape,
                                                  std::size_t workspace_limit);

}  // namespace culogme::detail
