#include "cuda/device.hpp"

#include <unistd.h>

#include <atomic>
#include <string_view>

#include <cuda_runtime_api.h>

#include <culogme/error.hpp>

#include "kernels/launch_probe.hpp"

namespace culogme::detail {
namespace {

/// The process that used CUDA first; 0: none yet.
std::atomic<pid_t> first_user{0};

/// Counts from now on as a user of CUDA; throws in a forked child of one.
void enter_process() {
  pid_t none = 0;
  first_user.compare_exchange_strong(none, ::getpid());
  if (in_forked_child())
    throw BackendUnavailable(
        "CUDA cannot be used in a forked child of a process that used it before (process " +
        std::to_string(first_user.load()) +
        "): make the engine after the fork, start the child with spawn or exec, or use the CPU in it");
}

/// Puts the thread's device back and leaves no error in the runtime, however the scope is left.
class KeepDevice {
 public:
  KeepDevice() { known_ = cudaGetDevice(&device_) == cudaSuccess; }
  ~KeepDevice() {
    if (known_) cudaSetDevice(device_);
    cudaGetLastError();
  }
  KeepDevice(const KeepDevice&) = delete;
  KeepDevice& operator=(const KeepDevice&) = delete;

 private:
  int device_ = 0;
  bool known_ = false;
};

/// "13.0" of 13000.
std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

struct Versions {
  int driver = 0, runtime = 0;  ///< 0: unknown
};

Versions versions() {
  Versions found;
  if (cudaDriverGetVersion(&found.driver) != cudaSuccess) found.driver = 0;
  if (cudaRuntimeGetVersion(&found.runtime) != cudaSuccess) found.runtime = 0;
  return found;
}

/// " (CUDA runtime 13.0, driver 12.4)".
std::string versions_text(const Versions& found) {
  return " (CUDA runtime " + version_text(found.runtime) +
         (found.driver > 0 ? ", driver " + version_text(found.driver) : std::string(", no driver")) + ")";
}

std::string error_text(cudaError_t status) {
  return std::string(cudaGetErrorName(status)) + ", " + cudaGetErrorString(status);
}

/// What a user can do about an error of the first calls.
std::string first_error_text(cudaError_t status, const Versions& found) {
  switch (status) {
    case cudaErrorInsufficientDriver:
    case cudaErrorNoDevice:
    case cudaErrorStubLibrary:
      if (found.driver == 0)
        return "no NVIDIA driver is installed or it is not loaded; `nvidia-smi` would show it" + versions_text(found);
      if (status == cudaErrorNoDevice)
        return "there is no CUDA device; if the machine has one, look at CUDA_VISIBLE_DEVICES" + versions_text(found);
      return "the NVIDIA driver is too old for this build: it serves CUDA " + version_text(found.driver) +
             ", the CUDA runtime is " + version_text(found.runtime) + "; install a newer driver";
    case cudaErrorInitializationError:
      return "the CUDA driver cannot be initialised; in a process that was forked after CUDA was used it never can" +
             versions_text(found);
    case cudaErrorSystemDriverMismatch:
    case cudaErrorCompatNotSupportedOnDevice:
    case cudaErrorSystemNotReady:
      return "the CUDA driver is not in order: " + error_text(status) + versions_text(found);
    default:
      return "CUDA cannot be used: " + error_text(status) + versions_text(found);
  }
}

/// Number of devices; throws where there is none.
int device_count(const Versions& found) {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaSuccess && count > 0) return count;
  cudaGetLastError();
  throw BackendUnavailable(first_error_text(status == cudaSuccess ? cudaErrorNoDevice : status, found));
}

std::string name_of(int device) {
  cudaDeviceProp properties{};
  if (cudaGetDeviceProperties(&properties, device) == cudaSuccess) return properties.name;
  cudaGetLastError();
  return "unknown device";
}

/// "0: NVIDIA H100, 1: NVIDIA L4".
std::string list_of_devices(int count) {
  std::string text;
  for (int device = 0; device < count; ++device)
    text += (device > 0 ? ", " : "") + std::to_string(device) + ": " + name_of(device);
  return text;
}

std::string capability_text(const DeviceInfo& device) {
  return std::to_string(device.major) + "." + std::to_string(device.minor);
}

/// Why there is no code for the device, or another error of asking for it.
std::string image_error_text(cudaError_t status, const DeviceInfo& device) {
  const std::string card = "device " + std::to_string(device.number) + " (" + device.name + ")";
  switch (status) {
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorInvalidDeviceFunction:
    case cudaErrorInvalidKernelImage:
      return card + " cannot be used: this build has no code for compute capability " + capability_text(device) +
             " (it has " CULOGME_CUDA_CODE "); build with -DCMAKE_CUDA_ARCHITECTURES=" + std::to_string(device.major) +
             std::to_string(device.minor);
    case cudaErrorUnsupportedPtxVersion:
    case cudaErrorJitCompilerNotFound:
    case cudaErrorJitCompilationDisabled:
    case cudaErrorInvalidPtx:
      return card +
             " cannot be used: this build has code for it only as PTX (it has " CULOGME_CUDA_CODE
             "), which the driver cannot compile: " +
             error_text(status) +
             "; install a newer driver or build with -DCMAKE_CUDA_ARCHITECTURES=" + std::to_string(device.major) +
             std::to_string(device.minor);
    case cudaErrorDevicesUnavailable:
      return card + " is busy or forbidden: another process has it to itself (`nvidia-smi` shows its compute mode)";
    default:
      return card + " cannot be used: " + error_text(status);
  }
}

/// Fills `device` as far as possible; the reason why it cannot be used, or "".
std::string probe(DeviceInfo& device) {
  // What cannot be read is not guessed: another answer would be another route and other bits.
  cudaError_t status = cudaSuccess;
  const auto attribute = [&](cudaDeviceAttr which) {
    int value = 0;
    const cudaError_t found = cudaDeviceGetAttribute(&value, which, device.number);
    if (status == cudaSuccess) status = found;
    return value;
  };
  device.name = name_of(device.number);
  device.major = attribute(cudaDevAttrComputeCapabilityMajor);
  device.minor = attribute(cudaDevAttrComputeCapabilityMinor);
  device.multiprocessors = attribute(cudaDevAttrMultiProcessorCount);
  device.fast_f64 = attribute(cudaDevAttrSingleToDoublePrecisionPerfRatio) <= 4;
  device.shared_optin = static_cast<std::size_t>(attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin));
  device.memory_pools = attribute(cudaDevAttrMemoryPoolsSupported) != 0;
  const bool prohibited = attribute(cudaDevAttrComputeMode) == static_cast<int>(cudaComputeModeProhibited);
  if (status == cudaSuccess && prohibited) status = cudaErrorDevicesUnavailable;
  if (status == cudaSuccess) status = cudaSetDevice(device.number);
  if (status == cudaSuccess) status = cudaMemGetInfo(&device.memory_free, &device.memory_total);
  if (status == cudaSuccess) status = static_cast<cudaError_t>(kernels::image_status());
  cudaGetLastError();
  return status == cudaSuccess ? "" : image_error_text(status, device);
}

}  // namespace

bool in_forked_child() noexcept {
  const pid_t user = first_user.load();
  return user != 0 && user != ::getpid();
}

bool has_products(const DeviceInfo& device, Products products) {
  return !narrow_rows(products) || device.major >= (products == Products::tf32 ? 8 : 7);
}

void require_products(const DeviceInfo& device, Products products) {
  if (has_products(device, products)) return;
  const bool tf32 = products == Products::tf32;
  throw BackendUnavailable(std::string(products_name(products)) + " products need compute capability " +
                           (tf32 ? "8.0" : "7.0") + "; device " + std::to_string(device.number) + " (" + device.name +
                           ") has " + capability_text(device) + ": ask for f32" + (tf32 ? " or half" : ""));
}

std::string device_text(const DeviceInfo& device) {
  return "cuda:" + std::to_string(device.number) + " " + device.name + ", compute capability " +
         capability_text(device) + ", CUDA runtime " + version_text(device.runtime) + ", driver " +
         version_text(device.driver);
}

DeviceInfo usable_device(int number) {
  enter_process();
  const KeepDevice keep;
  const Versions found = versions();
  const int count = device_count(found);
  if (number < 0 || number >= count)
    throw BackendUnavailable("device " + std::to_string(number) + " was asked for; there " +
                             (count == 1 ? "is 1: " : "are " + std::to_string(count) + ": ") + list_of_devices(count));
  DeviceInfo device;
  device.number = number;
  device.driver = found.driver;
  device.runtime = found.runtime;
  const std::string reason = probe(device);
  if (!reason.empty()) throw BackendUnavailable(reason + versions_text(found));
  return device;
}

std::vector<ProbedDevice> probe_devices() {
  enter_process();
  const KeepDevice keep;
  const Versions found = versions();
  std::vector<ProbedDevice> devices(static_cast<std::size_t>(device_count(found)));
  for (std::size_t i = 0; i < devices.size(); ++i) {
    DeviceInfo& device = devices[i].device;
    device.number = static_cast<int>(i);
    device.driver = found.driver;
    device.runtime = found.runtime;
    devices[i].reason = probe(device);
    if (!devices[i].reason.empty()) devices[i].reason += versions_text(found);
  }
  return devices;
}

}  // namespace culogme::detail
