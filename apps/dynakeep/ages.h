#pragma once

#include <chrono>
#include <string>

namespace dynakeep::app {

// How long something took or is ago, for a person, in its two largest units: "12s", "3m 4s",
// "2h 10m", "5d 3h".
std::string age_text(std::chrono::milliseconds age);

}  // namespace dynakeep::app
