#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "products.hpp"

namespace culogme::detail {

/// A device that can be used, and the driver and runtime that reach it.
struct DeviceInfo {
  int number = 0;
  std::string name;
  int major = 0, minor = 0;  ///< compute capability
  std::size_t memory_total = 0, memory_free = 0;
  int multiprocessors = 0;
  bool fast_f64 = false;         ///< f64 arithmetic at a quarter of the f32 rate or better
  std::size_t shared_optin = 0;  ///< bytes of shared memory that a block can have when it asks
  bool memory_pools = false;     ///< cudaMallocFromPoolAsync works
  int driver = 0, runtime = 0;   ///< as CUDA counts: 13000 is 13.0
};

/// "cuda:0 NVIDIA H100 80GB HBM3, compute capability 9.0, CUDA runtime 13.0, driver 13.0".
std::string device_text(const DeviceInfo& device);

/// Whether the card's tensor cores have these products: f16 from compute capability 7.0 on, tf32 from 8.0.
bool has_products(const DeviceInfo& device, Products products);

/// Throws BackendUnavailable, with what to take instead, where they have not.
void require_products(const DeviceInfo& device, Products products);

/// The device of that number. Calls the runtime, and so may be the first use of CUDA in the process; the calling
/// thread's current device stays, and no error is left in the runtime. Throws BackendUnavailable with the reason: no
/// driver, a driver too old, no device, no such number, no code for its architecture, a forked child.
DeviceInfo usable_device(int number);

/// One device of the machine, or why it cannot be used.
struct ProbedDevice {
  DeviceInfo device;   ///< number and name at least
  std::string reason;  ///< empty: it can be used
};

/// All devices that the process sees. Throws BackendUnavailable where there is none at all.
std::vector<ProbedDevice> probe_devices();

/// Whether another process, the parent, used CUDA through this library before it was forked: every call would fail or
/// hang. False until the first use.
bool in_forked_child() noexcept;

}  // namespace culogme::detail
