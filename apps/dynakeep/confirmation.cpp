#include "confirmation.h"

#include <iostream>

#include "terminal.h"

namespace dynakeep::app {

bool is_confirmed(const std::string& question) {
  std::cerr << printable(question) << " [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "yes";
}

}  // namespace dynakeep::app
