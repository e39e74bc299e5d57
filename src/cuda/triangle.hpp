#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cuda/buffer.hpp"
#include "cuda/context.hpp"
#include "kernels/launch_triangle.hpp"

namespace culogme::detail {

/// QR of a matrix [F Y] of any number of rows, a tile at a time, in device memory (cpu/triangle.hpp is its twin): R
/// stands above the tile in one column-major stack, cuSOLVER's geqrf takes the tile in, and its ormqr turns the stack
/// of the targets the same way. Asynchronous; what the two answer is kept on the device and read with the results.
class DeviceTriangle {
 public:
  /// Room for `cols` columns, `targets` right sides and tiles of `tile_rows` rows. `most_elements`: that ormqr can
  /// address. Throws OutOfMemory.
  DeviceTriangle(CudaContext& context, std::int64_t cols, std::int64_t targets, std::int64_t tile_rows,
                 std::int64_t most_elements = INT32_MAX);
  /// Waits where nobody took the workspaces on the host, after an exception: cuSOLVER may still use them.
  ~DeviceTriangle();
  DeviceTriangle(const DeviceTriangle&) = delete;
  DeviceTriangle& operator=(const DeviceTriangle&) = delete;

  /// Takes in the rows [cols, cols + rows) of the stacks.
  void absorb(std::int64_t rows);

  /// What cuSOLVER may use on the host until the stream gets here.
  std::vector<std::vector<char>> take_host_workspaces() { return std::exchange(host_workspaces_, {}); }

  double* stack() const { return stack_.data(); }
  double* target_stack() const { return target_stack_.data(); }
  const double* outside() const { return outside_.data(); }
  std::int64_t stride() const { return stride_; }
  std::int64_t cols() const { return cols_; }
  std::int64_t tile_rows() const { return stride_ - cols_; }
  std::int64_t steps() const { return steps_; }  ///< tiles taken in

  Buffer<double> take_outside() { return std::move(outside_); }
  Buffer<int> take_info() { return std::move(info_); }

  /// Gives the stacks back, in stream order.
  void release();

  /// Device memory of such a triangle.
  static double bytes(std::int64_t cols, std::int64_t targets, std::int64_t tile_rows);

 private:
  void factor(std::int64_t held);
  char* host_workspace(std::size_t bytes);
  void turn_targets(std::int64_t held);
  void turn(std::int64_t rows, std::int64_t columns, std::int64_t count, const double* reflectors,
            const double* factors, double* targets);

  CudaContext& context_;
  std::int64_t cols_, targets_, stride_, most_elements_, steps_ = 0;
  std::string what_;
  Buffer<double> stack_;         // [cols][stride]
  Buffer<double> target_stack_;  // [targets][stride]
  Buffer<double> reflectors_;    // [cols]
  Buffer<double> outside_;       // [targets]
  Buffer<int> info_;             // [4] of launch_end_tile
  DeviceBytes workspace_;
  // On the host, of every tile since the last wait: a tile must not change what the one before may still read.
  std::vector<std::vector<char>> host_workspaces_;
};

/// cuSOLVER's refusals are answers about the problem, not about the caller: they name it.
void check_solver(cusolverStatus_t status, const char* call, const std::string& problem);

}  // namespace culogme::detail
