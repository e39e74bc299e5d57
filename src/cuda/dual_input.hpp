#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backend.hpp"
#include "cuda/buffer.hpp"
#include "cuda/context.hpp"
#include "cuda/spectrum.hpp"
#include "kernels/launch.hpp"

namespace culogme::detail {

/// A matrix in device memory: where it lies, or a copy of one in host memory.
class OnDevice {
 public:
  /// Throws OutOfMemory. The host's memory is free on return.
  OnDevice(CudaContext& context, const void* data, Memory memory, std::int64_t rows, std::int64_t row_bytes,
           std::int64_t stride_bytes, const std::string& what);

  const void* data() const { return data_; }
  std::int64_t stride_bytes() const { return stride_bytes_; }

 private:
  const void* data_;
  std::int64_t stride_bytes_;
  DeviceBytes copy_;
};

/// All rows of a problem with fewer rows than features, framed: what the matrix over the rows is made of.
struct DualInput {
  OnDevice features, targets;
  kernels::RawRows rows;
  Buffer<double> pilot;         ///< [D]
  Buffer<float> pilot_f32;      ///< [D]
  Buffer<double> target_pilot;  ///< [K]
  Buffer<double> dense;         ///< [targets + sides][N]: the targets, centred with an intercept; then scratch
  Buffer<unsigned long long> word;
};

/// Copies what is in host memory, chooses the frame and makes the targets dense; fills what a spectrum knows of sizes
/// and targets. `sides`: rows of scratch behind the targets.
DualInput begin_dual(CudaSpectrum& spectrum, const std::shared_ptr<CudaContext>& context, const MatrixView& features,
                     const TargetView& targets, const std::vector<std::string>& names, Task task, bool intercept,
                     std::int64_t sides);

}  // namespace culogme::detail
