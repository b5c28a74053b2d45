#include <iostream>
#include <string>

#include "dynakeep/json_document.h"
#include "dynakeep/stores/versioned_collections.h"

// A JSON string a line in; its slug, as a JSON string a line, out.
int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto text = dynakeep::JsonDocument::parse(line);
    if (!text || !text->is_string()) {
      std::cerr << "no JSON string: " << line << "\n";
      return 1;
    }
    std::cout << dynakeep::JsonDocument::string(dynakeep::slug(text->text())).to_text() << "\n";
  }
  return 0;
}
