# Run by antiphon_embed: writes OUTPUT, a .cpp file with the bytes of FILE behind the function SYMBOL.
# With OPTIONAL, a FILE that is not there is as an empty one.
set(digits "")
if(EXISTS ${FILE} OR NOT OPTIONAL)
  file(READ ${FILE} digits HEX)
endif()
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${digits}")
# Lines of 20 bytes: one line of megabytes would be legal, but slow to compile and impossible to look at.
string(REPEAT "0x[0-9a-f][0-9a-f]," 20 line)
string(REGEX REPLACE "(${line})" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT} "// Made by cmake/embed_file.cmake; changes here are lost.
#include <string_view>

namespace antiphon::embedded {
namespace {
const unsigned char bytes[] = {
${bytes}0x00};
}

std::string_view ${SYMBOL}() noexcept;
std::string_view ${SYMBOL}() noexcept { return {reinterpret_cast<const char*>(bytes), sizeof bytes - 1}; }

}  // namespace antiphon::embedded
")
