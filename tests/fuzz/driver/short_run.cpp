// A fuzzer's main where there is no libFuzzer: runs a target on its corpus and on mutations of it.
//
//   fuzz_NAME [--runs=N] [--seed=N] CORPUS_FOLDER
//
// Without a seed it is always the same run. An input that stops the process is printed, escaped,
// with the seed and its turn.

#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::string current_input;
std::string current_turn;

void write_all(std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

extern "C" void report_input(int signal) {
  write_all("\nstopped by this input (");
  write_all(current_turn);
  write_all("):\n\"");
  constexpr std::string_view digits = "0123456789abcdef";
  for (const char character : current_input) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\') {
      write_all({&character, 1});
    } else {
      const char escaped[] = {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
      write_all({escaped, sizeof escaped});
    }
  }
  write_all("\"\n");
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void run(std::string input, std::string turn) {
  current_input = std::move(input);
  current_turn = std::move(turn);
  // A copy of exactly the input's size, so that a sanitizer sees a read past its end.
  const std::vector<std::uint8_t> bytes(current_input.begin(), current_input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

class Mutator {
 public:
  Mutator(const std::vector<std::string>& corpus, std::uint64_t seed)
      : corpus_(corpus), random_(seed) {
    for (const std::string& input : corpus) {
      for (std::size_t at = 0; at < input.size(); ++at) {
        const std::size_t end = word_end(input, at);
        if (end > at) words_.push_back(input.substr(at, end - at));
        at = end;
      }
    }
    if (words_.empty()) words_.emplace_back();
  }

  std::string next() {
    std::string input = pick(corpus_);
    // Half of them one change away, so that deep checks are reached; the others further.
    for (std::size_t left = below(2) == 0 ? 1 : 1 + below(6); left > 0; --left) mutate(input);
    return input;
  }

 private:
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }
  const std::string& pick(const std::vector<std::string>& from) { return from[below(from.size())]; }

  // Words of the corpus, swapped, keep what is around them readable: JSON stays JSON.
  static std::size_t word_end(const std::string& input, std::size_t at) {
    while (at < input.size() && (std::isalnum(static_cast<unsigned char>(input[at])) != 0 ||
                                 input[at] == '_' || input[at] == '#')) {
      ++at;
    }
    return at;
  }

  void swap_word(std::string& input) {
    std::size_t at = below(input.size() + 1);
    while (at < input.size() && word_end(input, at) == at) ++at;
    while (at > 0 && word_end(input, at - 1) > at) --at;
    input.replace(at, word_end(input, at) - at, pick(words_));
  }

  void mutate(std::string& input) {
    if (below(2) == 0) {
      swap_word(input);
      return;
    }
    static const std::vector<std::string> telling = {"",      std::string(1, '\0'),
                                                     "\xff",  "\x7f",
                                                     "\x80",  "{",
                                                     "}",     "[",
                                                     "]",     "\"",
                                                     "\\",    ",",
                                                     ":",     "(",
                                                     ")",     "#a",
                                                     ":v",    " ",
                                                     "0",     "9",
                                                     "-",     ".",
                                                     "E",     "e+",
                                                     "\\u00", "\n",
                                                     "null",  "{}",
                                                     "=",     "/",
                                                     "1E126"};
    const std::size_t at = below(input.size() + 1);
    const std::size_t length = below(input.size() - at + 1);
    switch (below(8)) {
      case 0:
        if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
        break;
      case 1:
        input.insert(at, 1, static_cast<char>(below(256)));
        break;
      case 2:
        input.erase(at, 1 + below(4));
        break;
      case 3:
        input.erase(at, length);
        break;
      case 4:
        input.insert(below(input.size() + 1), input.substr(at, length));
        break;
      case 5:
        input.insert(at, pick(telling));
        break;
      case 6: {
        const std::string& other = pick(corpus_);
        const std::size_t from = below(other.size() + 1);
        input.replace(at, length, other.substr(from, below(other.size() - from + 1)));
        break;
      }
      default:
        if (at < input.size()) input[at] = pick(corpus_).empty() ? '\0' : pick(corpus_)[0];
        break;
    }
    if (input.size() > input_bytes_max) input.resize(input_bytes_max);
  }

  static constexpr std::size_t input_bytes_max = 4096;

  const std::vector<std::string>& corpus_;
  std::vector<std::string> words_;
  std::mt19937_64 random_;
};

}  // namespace

int main(int count, char** arguments) {
  std::uint64_t runs = 50'000;
  std::uint64_t seed = 1;
  std::vector<std::string> corpus = {""};
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    if (argument.starts_with("--runs=")) {
      runs = std::strtoull(arguments[i] + 7, nullptr, 10);
    } else if (argument.starts_with("--seed=")) {
      seed = std::strtoull(arguments[i] + 7, nullptr, 10);
    } else {
      std::vector<std::filesystem::path> files;
      for (const auto& entry : std::filesystem::directory_iterator(argument))
        files.push_back(entry.path());
      std::sort(files.begin(), files.end());
      for (const auto& file : files) {
        std::ifstream in(file, std::ios::binary);
        corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
      }
    }
  }
  if (corpus.size() < 2) {
    std::cerr << "no corpus: a run that starts from nothing finds nothing\n";
    return EXIT_FAILURE;
  }
  std::cout << "seed " << seed << ", " << corpus.size() - 1 << " inputs and " << runs
            << " mutations\n"
            << std::flush;

  for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGILL, SIGBUS}) {
    std::signal(signal, report_input);
  }
  for (std::size_t i = 0; i < corpus.size(); ++i) run(corpus[i], "corpus " + std::to_string(i));
  Mutator mutator(corpus, seed);
  for (std::uint64_t turn = 0; turn < runs; ++turn) {
    run(mutator.next(), "seed " + std::to_string(seed) + ", turn " + std::to_string(turn));
  }
  return EXIT_SUCCESS;
}
