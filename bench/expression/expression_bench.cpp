// What an expression costs a request: to parse, to find again and bind, and to work on an item of
// about 450 bytes.

#include <optional>
#include <string>

#include <benchmark/benchmark.h>

#include "expression/evaluate.h"
#include "expression/parse_cache.h"
#include "expression/parser.h"
#include "expression/projection.h"
#include "expression/update.h"
#include "model/encoded_item.h"

namespace dynakeep::expression {
namespace {

const std::string condition_text = "attribute_not_exists(artist) AND plays < :most";
const std::string update_text = "SET plays = plays + :one";

const std::optional<ExpressionAttributeNames> no_names;
const std::optional<ExpressionAttributeValues> one =
    ItemAccess::from_encoded(model::encode(AttributeMap{{":one", 1}}));
const std::optional<ExpressionAttributeValues> most =
    ItemAccess::from_encoded(model::encode(AttributeMap{{":most", 1000}}));

std::string song() {
  return model::encode(AttributeMap{{"name", "song-0000000001"},
                                    {"title", "Feeling Good"},
                                    {"album", "I Put a Spell on You"},
                                    {"plays", 41},
                                    {"live", false},
                                    {"tags", StringSet{"jazz", "soul", "vocal"}},
                                    {"home", AttributeMap{{"city", "Tryon"}, {"year", 1933}}},
                                    {"notes", std::string(300, 'n')}});
}

void ParseCondition(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(parse(Kind::condition, condition_text));
}
BENCHMARK(ParseCondition);

void FindParsedCondition(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(parse_cached(Kind::condition, condition_text));
}
BENCHMARK(FindParsedCondition);

void BindCondition(benchmark::State& state) {
  const std::optional<std::string> text = condition_text;
  for (auto _ : state) {
    Binder binder(no_names, most);
    benchmark::DoNotOptimize(binder.start({{Kind::condition, text}}));
    benchmark::DoNotOptimize(bind_condition(binder, Kind::condition, *text));
    benchmark::DoNotOptimize(binder.finish());
  }
}
BENCHMARK(BindCondition);

void Holds(benchmark::State& state) {
  const std::optional<std::string> text = condition_text;
  Binder binder(no_names, most);
  binder.start({{Kind::condition, text}}).value();
  const auto condition = bind_condition(binder, Kind::condition, *text).value();
  const std::string item = song();
  state.counters["item_bytes"] = static_cast<double>(item.size());
  for (auto _ : state) benchmark::DoNotOptimize(holds(condition, model::view_item(item)));
}
BENCHMARK(Holds);

void BindUpdate(benchmark::State& state) {
  const std::optional<std::string> text = update_text;
  for (auto _ : state) {
    Binder binder(no_names, one);
    benchmark::DoNotOptimize(binder.start({{Kind::update, text}}));
    benchmark::DoNotOptimize(bind_update(binder, *text));
    benchmark::DoNotOptimize(binder.finish());
  }
}
BENCHMARK(BindUpdate);

void Apply(benchmark::State& state) {
  const std::optional<std::string> text = update_text;
  Binder binder(no_names, one);
  binder.start({{Kind::update, text}}).value();
  const auto update = bind_update(binder, *text).value();
  const std::string item = song();
  state.counters["item_bytes"] = static_cast<double>(item.size());
  for (auto _ : state) benchmark::DoNotOptimize(apply(update, model::view_item(item)));
}
BENCHMARK(Apply);

void Project(benchmark::State& state, const std::string& given) {
  const std::optional<std::string> text = given;
  Binder binder(no_names);
  binder.start({{Kind::projection, text}}).value();
  const auto projection = bind_projection(binder, *text).value();
  const std::string item = song();
  for (auto _ : state) benchmark::DoNotOptimize(project(projection, model::view_item(item)));
}
BENCHMARK_CAPTURE(Project, names, "album, plays, title");
BENCHMARK_CAPTURE(Project, nested, "album, home.city");

}  // namespace
}  // namespace dynakeep::expression
