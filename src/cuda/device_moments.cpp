#include "cuda/device_moments.hpp"

#include <algorithm>
#include <cmath>

#include "cuda/check.hpp"
#include "kernels/launch_spectrum.hpp"

namespace culogme::detail {
namespace {

std::string what_of(std::int64_t features, std::int64_t targets) {
  return "the sums of " + std::to_string(features) + " columns and " + std::to_string(targets) + " targets";
}

template <class T>
void clear(CudaContext& context, const Buffer<T>& buffer) {
  if (buffer.empty()) return;
  CULOGME_CHECK(
      cudaMemsetAsync(buffer.data(), 0, static_cast<std::size_t>(buffer.count()) * sizeof(T), context.stream()));
}

template <class T>
void copy_within(CudaContext& context, T* to, const T* from, std::int64_t count) {
  if (count == 0) return;
  CULOGME_CHECK(cudaMemcpyAsync(to, from, static_cast<std::size_t>(count) * sizeof(T), cudaMemcpyDeviceToDevice,
                                context.stream()));
}

template <class T>
Buffer<T> duplicate(CudaContext& context, const Buffer<T>& from, const std::string& what) {
  if (from.empty()) return {};
  Buffer<T> to(context, from.count(), what);
  copy_within(context, to.data(), from.data(), from.count());
  return to;
}

template <class T, class From>
void put(CudaContext& context, T* to, const From& from) {
  static_assert(sizeof(*from.data()) == sizeof(T));
  if (from.empty()) return;
  CULOGME_CHECK(cudaMemcpyAsync(to, from.data(), from.size() * sizeof(T), cudaMemcpyHostToDevice, context.stream()));
}

template <class To, class T>
void get(CudaContext& context, To& to, const T* from, std::int64_t count) {
  static_assert(sizeof(*to.data()) == sizeof(T));
  to.resize(static_cast<std::size_t>(count));
  if (count == 0) return;
  CULOGME_CHECK(cudaMemcpyAsync(to.data(), from, to.size() * sizeof(T), cudaMemcpyDeviceToHost, context.stream()));
}

/// All but the matrices.
DeviceMoments allocate_sides(CudaContext& context, Task task, std::int64_t features, std::int64_t targets,
                             Products products) {
  const std::string what = what_of(features, targets);
  DeviceMoments m;
  m.task = task;
  m.features = features;
  m.targets = targets;
  m.pilot = {context, features, what};
  m.pilot_f32 = {context, features, what};
  if (task == Task::classification) {
    m.counts = {context, targets, what};
  } else {
    m.target_exponent = {context, targets, what};
    m.target_pilot = {context, targets, what};
    m.target_sum = {context, targets, what};
    m.target_square = {context, targets, what};
  }
  if (products != Products::f64) m.energy = {context, features, what};
  if (narrow_rows(products)) m.rounding = {context, features, what};
  if (products == Products::half) m.column_exponent = {context, features, what};
  m.state = {context, 1, what};
  return m;
}

void allocate_matrices(CudaContext& context, DeviceMoments& m) {
  const std::string what = what_of(m.features, m.targets);
  m.gram = {context, m.features * m.features, what};
  m.cross = {context, (m.targets + 1) * m.features, what};
}

/// As launch_frame chooses them, from the deviations about the pilot.
std::vector<std::int32_t> column_exponents(const std::vector<double>& diagonal, std::int64_t rows) {
  constexpr int above = 5;
  std::vector<std::int32_t> exponents;
  for (const double total : diagonal) {
    const double square = total / static_cast<double>(rows);
    exponents.push_back(square > 0 ? std::clamp(std::ilogb(std::sqrt(square)) - above,
                                                kernels::smallest_column_exponent, kernels::largest_column_exponent)
                                   : kernels::smallest_column_exponent);
  }
  return exponents;
}

}  // namespace

DeviceMoments make_device_moments(CudaContext& context, Task task, std::int64_t features, std::int64_t targets,
                                  Products products) {
  DeviceMoments m = allocate_sides(context, task, features, targets, products);
  allocate_matrices(context, m);
  clear(context, m.gram);
  clear(context, m.cross);
  clear(context, m.pilot);
  clear(context, m.pilot_f32);
  clear(context, m.counts);
  clear(context, m.target_exponent);
  clear(context, m.target_pilot);
  clear(context, m.target_sum);
  clear(context, m.target_square);
  clear(context, m.energy);
  clear(context, m.rounding);
  kernels::launch_reset_sums(m.state.data(), context.stream());
  return m;
}

Products products_of(const DeviceMoments& m) {
  return m.rows_f32 == 0 ? Products::f64
         : m.half_rows   ? Products::half
         : m.narrow_rows ? Products::tf32
                         : Products::f32;
}

DeviceMoments copy_of(CudaContext& context, const DeviceMoments& from) {
  const std::string what = "a copy of " + what_of(from.features, from.targets);
  DeviceMoments to;
  to.task = from.task;
  to.features = from.features;
  to.targets = from.targets;
  to.rows = from.rows;
  to.opened = from.opened;
  to.rows_f32 = from.rows_f32;
  to.history = from.history;
  to.gram = duplicate(context, from.gram, what);
  to.cross = duplicate(context, from.cross, what);
  to.pilot = duplicate(context, from.pilot, what);
  to.pilot_f32 = duplicate(context, from.pilot_f32, what);
  to.counts = duplicate(context, from.counts, what);
  to.target_exponent = duplicate(context, from.target_exponent, what);
  to.target_pilot = duplicate(context, from.target_pilot, what);
  to.target_sum = duplicate(context, from.target_sum, what);
  to.target_square = duplicate(context, from.target_square, what);
  to.energy = duplicate(context, from.energy, what);
  to.rounding = duplicate(context, from.rounding, what);
  to.column_exponent = duplicate(context, from.column_exponent, what);
  to.narrow_rows = from.narrow_rows;
  to.half_rows = from.half_rows;
  to.state = duplicate(context, from.state, what);
  to.target_history = duplicate(context, from.target_history, what);
  return to;
}

void append_classes(CudaContext& context, DeviceMoments& m, std::int64_t added) {
  const std::string what = what_of(m.features, m.targets + added);
  Buffer<double> cross(context, (m.targets + added + 1) * m.features, what);
  Buffer<unsigned long long> counts(context, m.targets + added, what);
  clear(context, cross);
  clear(context, counts);
  copy_within(context, cross.data(), m.cross.data(), m.targets * m.features);
  copy_within(context, counts.data(), m.counts.data(), m.targets);
  m.cross = std::move(cross);
  m.counts = std::move(counts);
  m.targets += added;
}

DeviceMoments upload_sides(CudaContext& context, const MomentSides& from, const std::vector<double>& diagonal,
                           Products products) {
  // Room for what the rows so far had and for what the next ones bring.
  DeviceMoments m =
      allocate_sides(context, from.task, from.features, from.targets(), std::max(products, products_of(from)));
  m.narrow_rows = !from.rounding.empty();
  m.half_rows = from.half_rows;
  m.rows = from.rows;
  m.opened = from.rows > 0;
  m.rows_f32 = from.rows_f32;
  m.history = from.history;
  put(context, m.pilot.data(), from.pilot);
  const std::vector<float> pilot_f32(from.pilot.begin(), from.pilot.end());
  put(context, m.pilot_f32.data(), pilot_f32);
  put(context, m.counts.data(), from.counts);
  put(context, m.target_exponent.data(), from.target_exponent);
  put(context, m.target_pilot.data(), from.target_pilot);
  put(context, m.target_sum.data(), from.target_sum);
  put(context, m.target_square.data(), from.target_square);
  if (!from.energy_f32.empty())
    put(context, m.energy.data(), from.energy_f32);
  else
    clear(context, m.energy);
  if (!from.rounding.empty())
    put(context, m.rounding.data(), from.rounding);
  else
    clear(context, m.rounding);
  const std::vector<std::int32_t> exponents =
      m.column_exponent.empty() ? std::vector<std::int32_t>{} : column_exponents(diagonal, from.rows);
  put(context, m.column_exponent.data(), exponents);
  if (std::any_of(from.target_history.begin(), from.target_history.end(), [](double v) { return v != 0; })) {
    m.target_history = {context, m.targets, what_of(m.features, m.targets)};
    put(context, m.target_history.data(), from.target_history);
  }
  kernels::SumsState state{};
  state.exponent = state.raised = from.exponent;
  state.bad_key = ~0ull;
  CULOGME_CHECK(cudaMemcpyAsync(m.state.data(), &state, sizeof state, cudaMemcpyHostToDevice, context.stream()));
  context.synchronize();
  return m;
}

DeviceMoments upload(CudaContext& context, const Moments& from, Products products) {
  DeviceMoments m = upload_sides(context, from, diagonal(from), products);
  allocate_matrices(context, m);
  put(context, m.gram.data(), from.gram);
  put(context, m.cross.data(), from.cross);
  put(context, m.sum(), from.sum);
  context.synchronize();
  return m;
}

kernels::SumsState read_state(CudaContext& context, const DeviceMoments& m) {
  kernels::SumsState state{};
  CULOGME_CHECK(cudaMemcpyAsync(&state, m.state.data(), sizeof state, cudaMemcpyDeviceToHost, context.stream()));
  context.synchronize();
  return state;
}

MomentSides download_sides(CudaContext& context, const DeviceMoments& m, const std::vector<std::string>& names) {
  MomentSides to;
  to.task = m.task;
  to.features = m.features;
  to.rows = m.rows;
  to.names = names;
  to.rows_f32 = m.rows_f32;
  to.history = m.history;
  get(context, to.sum, m.sum(), m.features);
  get(context, to.pilot, m.pilot.data(), m.features);
  get(context, to.counts, m.counts.data(), m.counts.count());
  get(context, to.target_exponent, m.target_exponent.data(), m.target_exponent.count());
  get(context, to.target_pilot, m.target_pilot.data(), m.target_pilot.count());
  get(context, to.target_sum, m.target_sum.data(), m.target_sum.count());
  get(context, to.target_square, m.target_square.data(), m.target_square.count());
  get(context, to.energy_f32, m.energy.data(), m.rows_f32 > 0 ? m.energy.count() : 0);
  get(context, to.rounding, m.rounding.data(), m.narrow_rows ? m.rounding.count() : 0);
  to.half_rows = m.half_rows;
  if (m.task != Task::classification) to.target_history.assign(static_cast<std::size_t>(m.targets), 0);
  if (!m.target_history.empty()) get(context, to.target_history, m.target_history.data(), m.targets);
  to.exponent = read_state(context, m).raised;
  return to;
}

std::vector<double> download_diagonal(CudaContext& context, const DeviceMoments& m) {
  std::vector<double> values(static_cast<std::size_t>(m.features));
  constexpr std::size_t width = sizeof(double);
  CULOGME_CHECK(cudaMemcpy2DAsync(values.data(), width, m.gram.data(), (values.size() + 1) * width, width,
                                  values.size(), cudaMemcpyDeviceToHost, context.stream()));
  context.synchronize();
  return values;
}

void total_classes(CudaContext& context, const DeviceMoments& m) {
  if (m.task == Task::classification)
    kernels::launch_class_total({m.cross.data(), m.sum(), m.features, m.targets}, context.stream());
}

Moments download(CudaContext& context, DeviceMoments& m, const std::vector<std::string>& names) {
  total_classes(context, m);
  Moments to;
  static_cast<MomentSides&>(to) = download_sides(context, m, names);
  get(context, to.gram, m.gram.data(), m.features * m.features);
  get(context, to.cross, m.cross.data(), m.targets * m.features);
  context.synchronize();
  // The upper triangle holds whatever the products left there.
  for (std::int64_t j = 0; j < m.features; ++j) std::fill_n(to.gram.begin() + j * m.features, j, 0.0);
  return to;
}

}  // namespace culogme::detail
