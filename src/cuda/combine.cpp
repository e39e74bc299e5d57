#include "cuda/combine.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cuda/check.hpp"
#include "kernels/launch_combine.hpp"

namespace culogme::detail {
namespace {

/// A copy on the device, of which the host's memory is needed until the stream is waited for.
template <class T>
Buffer<T> copy_of(CudaContext& context, const std::vector<T>& values) {
  if (values.empty()) return {};
  Buffer<T> copy(context, static_cast<std::int64_t>(values.size()), "what is to be added to sums");
  CULOGME_CHECK(
      cudaMemcpyAsync(copy.data(), values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice, context.stream()));
  return copy;
}

}  // namespace

DeviceMoments combine_on_device(CudaContext& context, DeviceMoments& into, const DeviceMoments& from,
                                const Combination& plan, Products products) {
  const Buffer<std::int64_t> source = copy_of(context, plan.source);
  const Buffer<std::int32_t> target_power = copy_of(context, plan.target_power),
                             from_target_power = copy_of(context, plan.from_target_power);
  const Buffer<double> total = copy_of(context, plan.sides.sum), shift = copy_of(context, plan.shift),
                       sum = copy_of(context, plan.sum), weight = copy_of(context, plan.weight),
                       target_shift = copy_of(context, plan.target_shift), moved_sum = copy_of(context, plan.moved_sum);
  DeviceMoments result = upload_sides(context, plan.sides, plan.diagonal, products);  // waits
  Buffer<double> longer;
  if (!plan.added.empty())
    longer = {context, (result.targets + 1) * result.features,
              "the sums of " + std::to_string(result.targets) + " classes"};
  Buffer<double>& combined = plan.added.empty() ? into.cross : longer;
  kernels::launch_combine({{plan.sign, plan.power, plan.from_power, plan.rows, shift.data(), sum.data(), weight.data(),
                            target_power.data(), from_target_power.data(), target_shift.data(), moved_sum.data()},
                           into.gram.data(),
                           from.gram.data(),
                           into.cross.data(),
                           from.cross.data(),
                           combined.data(),
                           source.data(),
                           total.data(),
                           result.features,
                           into.targets,
                           result.targets},
                          context.stream());
  result.gram = std::move(into.gram);
  result.cross = std::move(combined);
  return result;
}

}  // namespace culogme::detail
