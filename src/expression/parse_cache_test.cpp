#include "expression/parse_cache.h"

#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace dynakeep::expression {
namespace {

TEST(ParseCache, HandsOutOneTreeForOneText) {
  const std::string text = "cached_a = :v";
  const std::string same_text = text;
  const auto first = parse_cached(Kind::condition, text);
  const auto second = parse_cached(Kind::condition, same_text);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->get(), second->get());
}

TEST(ParseCache, TellsTheKindsOfOneTextApart) {
  const auto condition = parse_cached(Kind::condition, "cached_b = :v");
  const auto filter = parse_cached(Kind::filter, "cached_b = :v");
  ASSERT_TRUE(condition && filter);
  EXPECT_EQ((*condition)->kind, Kind::condition);
  EXPECT_EQ((*filter)->kind, Kind::filter);
  EXPECT_FALSE(parse_cached(Kind::projection, "cached_b = :v"));
}

TEST(ParseCache, RefusesABrokenTextEachTime) {
  EXPECT_EQ(parse_cached(Kind::condition, "cached_c =").error().message(),
            parse_cached(Kind::condition, "cached_c =").error().message());
}

TEST(ParseCache, ForgetsTextsThatNobodyAsksForButNotTheTreesInUse) {
  const std::string text = "kept = :v";
  const auto kept = parse_cached(Kind::condition, text);
  ASSERT_TRUE(kept);
  const std::weak_ptr<const Tree> forgotten = *parse_cached(Kind::condition, "forgotten = :v");
  for (int i = 0; i < 20'000; ++i) {
    ASSERT_TRUE(parse_cached(Kind::condition, "a" + std::to_string(i) + " = :v"));
  }
  EXPECT_TRUE(forgotten.expired());
  EXPECT_EQ((*kept)->text, text);
  EXPECT_NE(kept->get(), parse_cached(Kind::condition, text)->get());
}

TEST(ParseCache, KeepsATextThatIsAskedForAgainAndAgain) {
  const auto first = parse_cached(Kind::condition, "popular = :v");
  for (int i = 0; i < 20'000; ++i) {
    ASSERT_TRUE(parse_cached(Kind::condition, "b" + std::to_string(i) + " = :v"));
    if (i % 100 == 0) {
      EXPECT_TRUE(parse_cached(Kind::condition, "popular = :v"));
    }
  }
  EXPECT_EQ(parse_cached(Kind::condition, "popular = :v")->get(), first->get());
}

TEST(ParseCache, ServesManyThreads) {
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (std::size_t worker = 0; worker < wrong.size(); ++worker) {
    threads.emplace_back([&, worker] {
      for (int i = 0; i < 5'000; ++i) {
        const std::string text = "shared" + std::to_string(i % 300) + " = :v";
        const auto tree = parse_cached(Kind::condition, text);
        if (!tree || (*tree)->text != text) ++wrong[worker];
      }
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

}  // namespace
}  // namespace dynakeep::expression
