#include "model/default_model.h"

#include "os/file.h"

namespace driftwood::model {

Result<std::string> find_default_folder(const std::string& program_folder) {
  const std::string beside = program_folder + "/models/default";
  const std::string installed = program_folder + "/../share/driftwood/models/default";
  for (const std::string& folder : {beside, installed}) {
    if (os::folder_exists(folder)) return folder;
  }
  return fail(ErrorCode::not_found,
              "The default model is not beside this program: there is no folder \"{}\" and none "
              "\"{}\".",
              beside, installed);
}

}  // namespace driftwood::model
