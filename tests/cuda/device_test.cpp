// Finding devices, and saying why one cannot be used.

#include "cuda/device.hpp"

#include <cuda_runtime_api.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include <gtest/gtest.h>

#include <culogme/error.hpp>
#include <culogme/score.hpp>

#include "support/compare.hpp"
#include "support/data.hpp"
#include "support/device.hpp"

namespace {

using culogme::BackendUnavailable;
using culogme::Scalar;
using support::message_of;

TEST(CudaProbe, SaysBothVersionsOrTheDevice) {
  // Runs with and without a device: the text is for a person in either case.
  for (const culogme::BackendInfo& info : culogme::backend_info()) {
    if (info.backend != culogme::Backend::cuda) continue;
    CULOGME_EXPECT_HOLDS(info.available ? info.description : info.reason, "CUDA runtime ");
    CULOGME_EXPECT_HOLDS(info.available ? info.description : info.reason, "driver");
  }
}

TEST(CudaProbe, TextOfADevice) {
  culogme::detail::DeviceInfo device;
  device.number = 1;
  device.name = "NVIDIA H100 80GB HBM3";
  device.major = 9;
  device.driver = 12040;
  device.runtime = 13000;
  EXPECT_EQ(culogme::detail::device_text(device),
            "cuda:1 NVIDIA H100 80GB HBM3, compute capability 9.0, CUDA runtime 13.0, driver 12.4");
}

class CudaDevice : public support::CudaTest {};

TEST(CudaProbe, ProductsThatACardHasNot) {
  using culogme::detail::Products;
  culogme::detail::DeviceInfo device;
  device.name = "Tesla T4";
  device.major = 7;
  device.minor = 5;
  for (const Products products : {Products::f64, Products::f32, Products::half})
    EXPECT_NO_THROW(culogme::detail::require_products(device, products));
  const std::string message = support::message_of<culogme::BackendUnavailable>(
      [&] { culogme::detail::require_products(device, Products::tf32); });
  CULOGME_EXPECT_HOLDS(message, "tf32 products need compute capability 8.0");
  CULOGME_EXPECT_HOLDS(message, "Tesla T4");
  CULOGME_EXPECT_HOLDS(message, "has 7.5: ask for f32 or half");
  device.major = 6;
  CULOGME_EXPECT_HOLDS(support::message_of<culogme::BackendUnavailable>(
                           [&] { culogme::detail::require_products(device, Products::half); }),
                       "half products need compute capability 7.0");
  device.major = 8;
  EXPECT_NO_THROW(culogme::detail::require_products(device, Products::tf32));
}

TEST_F(CudaDevice, IsDescribed) {
  const culogme::detail::DeviceInfo device = culogme::detail::usable_device(0);
  EXPECT_FALSE(device.name.empty());
  EXPECT_GE(device.major * 10 + device.minor, 75);
  EXPECT_GT(device.memory_total, device.memory_total - device.memory_free);
  EXPECT_GT(device.multiprocessors, 0);
  EXPECT_GE(device.shared_optin, std::size_t{48} << 10U);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess) << "the probe leaves no error behind";
  EXPECT_EQ(cuda_engine().description(), culogme::detail::device_text(device));
}

TEST_F(CudaDevice, NumbersOutOfRangeNameTheOnesThatAre) {
  int count = 0;
  ASSERT_EQ(cudaGetDeviceCount(&count), cudaSuccess);
  for (const bool forced : {true, false}) {
    culogme::EngineOptions options;
    options.device = count + 2;
    if (forced) options.backend = culogme::Backend::cuda;
    const std::string message = message_of<BackendUnavailable>([&] { const culogme::Engine engine(options); });
    CULOGME_EXPECT_HOLDS(message, "device " + std::to_string(count + 2) + " was asked for");
    CULOGME_EXPECT_HOLDS(message, "0: " + culogme::detail::usable_device(0).name);
  }
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

TEST_F(CudaDevice, LookingForDevicesKeepsTheCurrentOne) {
  int count = 0, current = -1;
  ASSERT_EQ(cudaGetDeviceCount(&count), cudaSuccess);
  ASSERT_EQ(cudaSetDevice(count - 1), cudaSuccess);
  EXPECT_EQ(culogme::backend_info().size(), 2U);
  culogme::detail::usable_device(0);
  EXPECT_EQ(cudaGetDevice(&current), cudaSuccess);
  EXPECT_EQ(current, count - 1);
  EXPECT_EQ(cudaSetDevice(0), cudaSuccess);
}

// What the child found, as an exit status: the parent cannot see its assertions.
enum ChildResult : int { as_expected = 10, no_error = 11, other_error = 12, other_backend = 13, other_value = 14 };

int in_child(double expected_on_cpu, const culogme::MatrixView& features, const support::Labels& labels) {
  culogme::EngineOptions asked;
  asked.backend = culogme::Backend::cuda;
  try {
    const culogme::Engine engine(asked);
    return no_error;
  } catch (const BackendUnavailable& error) {
    if (std::string(error.what()).find("fork") == std::string::npos) return other_error;
  } catch (...) {
    return other_error;
  }
  // Nothing was asked for: the CPU is always there.
  culogme::Engine engine{culogme::EngineOptions{}};
  if (engine.backend() != culogme::Backend::cpu) return other_backend;
  return culogme::score(engine, features, support::view(labels), 3).value == expected_on_cpu ? as_expected
                                                                                             : other_value;
}

TEST_F(CudaDevice, AForkedChildIsRefusedAndMayUseTheCpu) {
  culogme::EngineOptions options;
  options.backend = culogme::Backend::cpu;
  options.threads = 1;
  culogme::Engine cpu(options);
  const support::Labels labels = support::balanced_labels(30, 3, 1);
  const support::Stored stored(support::normal(30, 4, 2), Scalar::f64);
  const double expected = culogme::score(cpu, stored.view(), support::view(labels), 3).value;
  const culogme::Engine used = cuda_engine();
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    alarm(60);  // a lock held by a thread that does not exist here would wait for ever
    _exit(in_child(expected, stored.view(), labels));
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << "the child ended by signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), as_expected);
}

}  // namespace
