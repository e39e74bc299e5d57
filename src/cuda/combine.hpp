#pragma once

#include "combination.hpp"
#include "cuda/context.hpp"
#include "cuda/device_moments.hpp"
#include "products.hpp"

namespace culogme::detail {

/// What the plan, made of the sides of both, says of into + sign * from, with the matrices of `into` changed in place.
/// Both are on the context's device, `from` may be `into`, and the work on it that is not in the context's stream has
/// been waited for. Nothing has changed after a throw. `products`: those of the rows that will be added.
DeviceMoments combine_on_device(CudaContext& context, DeviceMoments& into, const DeviceMoments& from,
                                const Combination& plan, Products products);

}  // namespace culogme::detail
