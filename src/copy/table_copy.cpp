#include "dynakeep/copy/table_copy.h"

#include <utility>

#include "copy/carrying.h"

namespace dynakeep {

std::string_view to_text(CopyPlan::Step step) {
  switch (step) {
    case CopyPlan::Step::make:
      return "make";
    case CopyPlan::Step::fill:
      return "fill";
    case CopyPlan::Step::overwrite:
      return "overwrite";
    case CopyPlan::Step::resume:
      return "resume";
    case CopyPlan::Step::mend:
      return "mend";
    case CopyPlan::Step::done:
      break;
  }
  return "done";
}

Result<std::unique_ptr<TableCopy>> TableCopy::open(Database& source, Database& destination,
                                                   CopyOptions options) {
  auto carrying = std::make_unique<Carrying>(source, destination, std::move(options));
  TRY(carrying->open());
  return std::unique_ptr<TableCopy>(new TableCopy(std::move(carrying)));
}

TableCopy::TableCopy(std::unique_ptr<Carrying> carrying) : carrying_(std::move(carrying)) {}
TableCopy::~TableCopy() = default;

const CopyPlan& TableCopy::plan() const { return carrying_->plan(); }

// NOLINTBEGIN(performance-unnecessary-value-param): a token is passed as the library has it
Result<CopySummary> TableCopy::copy(std::stop_token stop) { return carrying_->copy(stop); }

Result<FollowSummary> TableCopy::follow(std::stop_token stop, FollowUntil until) {
  return carrying_->follow(stop, until);
}
// NOLINTEND(performance-unnecessary-value-param)

FollowFigures TableCopy::figures() const { return carrying_->figures(); }

Result<CompareSummary> TableCopy::compare(CompareRequest request) {
  return carrying_->compare(std::move(request));
}

}  // namespace dynakeep
