#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cuda/buffer.hpp"
#include "cuda/context.hpp"
#include "kernels/launch.hpp"
#include "moments.hpp"

namespace culogme::detail {

/// Moments in the device's memory: layouts and symbols as in Moments. All work is in the order of the context's stream.
struct DeviceMoments {
  Task task = Task::classification;
  std::int64_t features = 0, targets = 0, rows = 0;
  bool opened = false;                ///< the frame is chosen
  Buffer<double> gram;                ///< [D][D] lower
  Buffer<double> cross;               ///< [K + 1][D]; the last row is the sum of the columns
  Buffer<double> pilot;               ///< [D]
  Buffer<float> pilot_f32;            ///< [D]
  Buffer<unsigned long long> counts;  ///< [C], classification only
  Buffer<std::int32_t> target_exponent;
  Buffer<double> target_pilot, target_sum, target_square;  ///< [K], other tasks only
  Buffer<double> energy;                                   ///< [D], empty where all products were f64
  Buffer<kernels::SumsState> state;                        ///< [1]
  Buffer<double> rounding;                                 ///< [D] Moments::rounding, empty where no rows are narrow
  Buffer<std::int32_t> column_exponent;                    ///< [D] of half tiles only
  std::int64_t rows_f32 = 0;
  bool narrow_rows = false, half_rows = false;
  double history = 0;
  Buffer<double> target_history;  ///< [K], empty: nothing was subtracted

  double* sum() const { return cross.data() + targets * features; }
};

/// Moments of no rows. Throws OutOfMemory.
DeviceMoments make_device_moments(CudaContext& context, Task task, std::int64_t features, std::int64_t targets,
                                  Products products);

/// The coarsest products that any of the rows had.
Products products_of(const DeviceMoments& moments);

/// A copy, in stream order.
DeviceMoments copy_of(CudaContext& context, const DeviceMoments& from);

/// Room for `added` classes without rows.
void append_classes(CudaContext& context, DeviceMoments& moments, std::int64_t added);

/// Copies moments to the device; waits, since the host's memory is not page-locked. `products`: those of the rows
/// that will be added.
DeviceMoments upload(CudaContext& context, const Moments& moments, Products products);

/// The same of all that moments hold beside their matrices, for which there is no memory yet; `diagonal` is that of
/// their Gram matrix. The sums of the columns are left out: they lie behind F'Y.
DeviceMoments upload_sides(CudaContext& context, const MomentSides& sides, const std::vector<double>& diagonal,
                           Products products);

/// What the kernels found: the first bad value, the exponent. Waits for the stream.
kernels::SumsState read_state(CudaContext& context, const DeviceMoments& moments);

/// What moments hold beside their matrices, on the host; waits. The sums of the columns have been set.
MomentSides download_sides(CudaContext& context, const DeviceMoments& moments, const std::vector<std::string>& names);

/// The diagonal of the Gram matrix, on the host; waits.
std::vector<double> download_diagonal(CudaContext& context, const DeviceMoments& moments);

/// Sets the sums of the columns from those of the classes, where there are classes.
void total_classes(CudaContext& context, const DeviceMoments& moments);

/// Copies moments to the host; waits. The sums of the columns are those of the classes where there are classes.
Moments download(CudaContext& context, DeviceMoments& moments, const std::vector<std::string>& names);

}  // namespace culogme::detail
