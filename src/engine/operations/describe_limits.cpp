#include "engine/operations/describe_limits.h"

namespace dynakeep::engine {

Result<DescribeLimitsResult> describe_limits(const Engine& /*engine*/,
                                             const DescribeLimitsRequest& /*request*/) {
  return DescribeLimitsResult{.account_max_read_capacity_units = 80'000,
                              .account_max_write_capacity_units = 80'000,
                              .table_max_read_capacity_units = 40'000,
                              .table_max_write_capacity_units = 40'000};
}

}  // namespace dynakeep::engine
