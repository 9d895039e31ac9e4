#include "model/default_model.h"

#include "os/file.h"

namespace driftwood::model {

Result<std::string> find_default_folder(const std::string& program_folder) {
  const std::string beside = program_folder + "/models/default";
  const std::string installed = program_folder + "/../share/driftwood/models/default";
  for (const std::string& folder : {beside, installed}) {
    if (os::file_exists(folder + "/config.json")) return folder;
  }
  return fail(ErrorCode::not_found,
              "The default model is not beside this program: there is no config.json in \"{}\" and "
              "none in \"{}\".",
              beside, installed);
}

}  // namespace driftwood::model
