#include "transfer/compression.h"

#include <random>

#include <gtest/gtest.h>

#include "transfer/text_source.h"

namespace dynakeep::transfer {
namespace {

std::string packed(Compression compression, std::string_view text) {
  Packer packer(compression);
  std::string out;
  packer.add(text.substr(0, text.size() / 2), out);
  packer.add(text.substr(text.size() / 2), out);
  packer.finish(out);
  return out;
}

// The text, or the error's message.
std::string unpacked(std::string bytes, std::size_t piece = 1000, std::size_t room = 777) {
  TextSource source(std::move(bytes), piece);
  Unpacker unpacker(source);
  std::string text;
  std::string block(room, '\0');
  while (true) {
    const auto count = unpacker.read(block);
    if (!count) return count.error().message();
    if (*count == 0) return text;
    text.append(block, 0, *count);
  }
}

std::string words(std::size_t bytes) {
  std::mt19937 random(7);
  std::string text;
  while (text.size() < bytes) text += std::to_string(random()) + " and ";
  return text;
}

TEST(Compression, WhatWasPackedComesBack) {
  const std::string text = words(600'000);
  EXPECT_EQ(unpacked(text), text);
  EXPECT_EQ(unpacked(text, 1), text);
  EXPECT_EQ(unpacked(""), "");
  EXPECT_EQ(unpacked("ab"), "ab");
  for (const Compression compression : {Compression::gzip, Compression::zstd}) {
    EXPECT_EQ(unpacked(packed(compression, text)), text);
    EXPECT_EQ(unpacked(packed(compression, text), 1), text);
    EXPECT_EQ(unpacked(packed(compression, text), 100'000, 1), text);
    EXPECT_EQ(unpacked(packed(compression, "")), "");
    EXPECT_LT(packed(compression, text).size(), text.size() / 2);
  }
}

TEST(Compression, MembersAndFramesFollowOneAnother) {
  for (const Compression compression : {Compression::gzip, Compression::zstd}) {
    Packer packer(compression);
    std::string out;
    for (const std::string_view text : {"one ", "", "three"}) {
      packer.add(text, out);
      packer.finish(out);
    }
    for (const std::size_t piece : {1, 2, 3, 1000}) {
      EXPECT_EQ(unpacked(out, piece), "one three") << piece;
    }
  }
}

TEST(Compression, WhatIsCutShortOrDamagedIsRefusedWhereverItIs) {
  const std::string text = words(3000);
  for (const Compression compression : {Compression::gzip, Compression::zstd}) {
    const std::string whole = packed(compression, text);
    for (std::size_t size = 4; size < whole.size(); ++size) {
      ASSERT_TRUE(unpacked(whole.substr(0, size)).ends_with("is cut short")) << size;
    }
    // Some bits are of no matter, such as those of gzip's time: then the text is what it was.
    for (std::size_t at = 4; at < whole.size(); ++at) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
      const std::string found = unpacked(damaged);
      const bool is_message = found.size() < 100 && found.find(" data") != std::string::npos;
      ASSERT_TRUE(is_message || found == text) << at;
    }
    EXPECT_NE(unpacked(whole + "more").find("data"), std::string::npos);
  }
}

TEST(Compression, ABombTakesNoMoreMemoryThanWhatIsLookedAt) {
  Packer packer(Compression::gzip);
  std::string out;
  const std::string zeros(1'000'000, '\0');
  for (int i = 0; i < 100; ++i) packer.add(zeros, out);
  packer.finish(out);
  TextSource source(out);
  Unpacker unpacker(source);
  std::string block(1000, '\0');
  std::size_t bytes = 0;
  while (true) {
    const std::size_t count = unpacker.read(block).value();
    if (count == 0) break;
    bytes += count;
  }
  EXPECT_EQ(bytes, 100'000'000U);
}

}  // namespace
}  // namespace dynakeep::transfer
