#include "base/pacing.h"

#include <random>
#include <thread>

namespace dynakeep::base {

namespace {

class SystemPacing final : public Pacing {
 public:
  Moment now() override { return std::chrono::steady_clock::now(); }
  double random() override {
    thread_local std::minstd_rand generator{std::random_device{}()};
    return std::uniform_real_distribution<double>(0, 1)(generator);
  }
  void wait_until(Moment moment) override { std::this_thread::sleep_until(moment); }
};

}  // namespace

Pacing& system_pacing() {
  static SystemPacing pacing;
  return pacing;
}

}  // namespace dynakeep::base
