#include <cstddef>
#include <set>
#include <string_view>

#include "check.hpp"
#include "hesscape/status.hpp"

int main() {
  using hesscape::Status;
  namespace check = hesscape::check;

  std::set<std::string_view> sentences;
  for (const Status status :
       {Status::ok, Status::shortened, Status::contradicted, Status::no_step, Status::not_finite}) {
    const std::string_view sentence = hesscape::message(status);
    check::is_true(!sentence.empty());
    check::is_true(sentences.insert(sentence).second);  // no two outcomes read the same
  }
  check::equal(sentences.size(), std::size_t{5});
}
