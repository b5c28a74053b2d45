#include "services/dismissals/request_id.h"

#include <cstddef>
#include <cstdint>
#include <random>

#include "base/bytes.h"

namespace dynakeep::services::dismissals {

namespace {

constexpr std::size_t id_bytes_max = 200;

// Told apart, not kept secret: a fast generator will do.
std::uint64_t random_bits() {
  thread_local std::mt19937_64 generator = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  return generator();
}

}  // namespace

std::string request_id_of(const http::HttpRequest& request) {
  const auto given = request.headers.find("x-request-id");
  if (given && !given->empty() && given->size() <= id_bytes_max) return std::string(*given);
  std::string bytes;
  base::append_u64(bytes, (random_bits() & ~std::uint64_t{0xf000}) | 0x4000);
  base::append_u64(bytes, (random_bits() & (~std::uint64_t{0} >> 2U)) | std::uint64_t{1} << 63U);
  std::string id = base::to_hex(bytes);
  for (const std::size_t at : {20U, 16U, 12U, 8U}) id.insert(at, 1, '-');
  return id;
}

}  // namespace dynakeep::services::dismissals
