# llama_schema: llama.cpp's own converter from JSON Schema to its grammars, and nothing else of its folder
# common/ (which would bring downloads, a chat server's templates and a command line). It is built here, as
# a small library, because llama.cpp installs it nowhere.
set(ANTIPHON_LLAMA_SOURCES "" CACHE PATH
    "llama.cpp's source folder (its common/ and vendor/ are used); empty: the pinned one")
set(llama_sources ${ANTIPHON_LLAMA_SOURCES})
if(NOT llama_sources)
  execute_process(COMMAND ${PROJECT_SOURCE_DIR}/scripts/native/schema_sources.sh
                  OUTPUT_VARIABLE llama_sources OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
endif()
set(llama_common ${llama_sources}/common)
add_library(llama_schema STATIC
  ${llama_common}/json-schema-to-grammar.cpp
  ${llama_common}/json-schema.cpp
  ${llama_common}/json.cpp
  ${llama_common}/trie.cpp
  ${llama_common}/unicode.cpp
  ${CMAKE_CURRENT_LIST_DIR}/llama_schema/strings.cpp)
target_include_directories(llama_schema SYSTEM PUBLIC ${llama_common} ${llama_sources}/vendor)
target_compile_options(llama_schema PRIVATE -w)
target_link_libraries(llama_schema PUBLIC llama)
