// The check of a decomposition: signs, norm, and both sides of (G + f) p = V (L + f) V'p.

#include <cmath>
#include <limits>

#include "device_rows.hpp"
#include "kernels/launch_probe.hpp"
#include "kernels/launch_spectrum.hpp"

namespace {

class ProbeKernelTest : public device::KernelTest {};

TEST_F(ProbeKernelTest, SignsAndNorm) {
  std::vector<double> largest;
  for (const std::int64_t size : {1, 2, 31, 32, 33, 127, 255, 256, 257, 1000}) {
    SCOPED_TRACE(size);
    const auto n = static_cast<std::size_t>(size);
    std::vector<double> matrix = device::integer_values(size * size, -9, 9, 1);
    double square = 0;
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t i = 0; i < n; ++i) {
        double& value = matrix[j * n + i];
        if (i < j)
          value = std::numeric_limits<double>::quiet_NaN();
        else
          square += (i == j ? 1 : 2) * value * value;
      }
    const device::Array<double> matrix_there(matrix), probe(n), frobenius_square(1), scratch(n);
    culogme::kernels::launch_probe_vector(
        {matrix_there.data(), probe.data(), frobenius_square.data(), scratch.data(), size}, stream_);
    synchronize();
    EXPECT_EQ(frobenius_square.host()[0], square);
    const std::vector<double> signs = probe.host();
    for (const double sign : signs) EXPECT_EQ(std::fabs(sign), 1);
    // The same signs at every size, so that a run can be repeated.
    const std::size_t common = std::min(largest.size(), n);
    EXPECT_TRUE(std::equal(signs.begin(), signs.begin() + static_cast<std::ptrdiff_t>(common), largest.begin()));
    largest = signs;
    EXPECT_TRUE(device::pads_are_whole(probe, frobenius_square, scratch));
  }
  double sum = 0, neighbours = 0;
  for (std::size_t i = 0; i < largest.size(); ++i) {
    sum += largest[i];
    if (i > 0) neighbours += largest[i] * largest[i - 1];
  }
  // Five deviations of sums of 1000 independent signs.
  EXPECT_LT(std::fabs(sum), 5 * std::sqrt(1000.0));
  EXPECT_LT(std::fabs(neighbours), 5 * std::sqrt(1000.0));
}

TEST_F(ProbeKernelTest, Sides) {
  for (const std::int64_t size : {0, 1, 31, 32, 33, 255, 256, 257, 1000}) {
    SCOPED_TRACE(size);
    const std::vector<double> eigenvalues = device::integer_values(size, -9, 99, 1),
                              projected = device::integer_values(size, -9, 9, 2),
                              probe = device::integer_values(size, -1, 1, 3);
    std::vector<double> image = device::integer_values(size, -9, 9, 4), scaled;
    const device::Array<double> eigenvalues_there(eigenvalues), projected_there(projected), probe_there(probe),
        image_there(image), scaled_there(image.size()), square(std::vector<double>{49});
    culogme::kernels::launch_probe_sides({eigenvalues_there.data(), projected_there.data(), probe_there.data(),
                                          square.data(), image_there.data(), scaled_there.data(), size},
                                         stream_);
    synchronize();
    for (std::size_t i = 0; i < image.size(); ++i) {
      image[i] += 7 * probe[i];
      scaled.push_back((eigenvalues[i] + 7) * projected[i]);
    }
    device::expect_same(image_there.host(), image, "image");
    device::expect_same(scaled_there.host(), scaled, "scaled");
    EXPECT_TRUE(device::pads_are_whole(image_there, scaled_there));
  }
}

TEST_F(ProbeKernelTest, ThisBuildHasCodeForTheDevice) { EXPECT_EQ(culogme::kernels::image_status(), cudaSuccess); }

}  // namespace
