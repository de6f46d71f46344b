# antiphon_embed(TARGET SYMBOL FILE [MADE_WITH OTHER])
# Puts the bytes of FILE (relative to the source directory, or absolute; it may itself be built) into
# TARGET. C++ reaches them by declaring
#
#     namespace antiphon::embedded { std::string_view SYMBOL() noexcept; }
#
# The view lasts as long as the program, and a zero byte follows it. An empty FILE gives an empty view. With
# MADE_WITH, FILE comes to be (or not) when the file OTHER is built; without FILE the view is empty.
function(antiphon_embed target symbol file)
  cmake_parse_arguments(ARG "" "MADE_WITH" "" ${ARGN})
  get_filename_component(file ${file} ABSOLUTE BASE_DIR ${PROJECT_SOURCE_DIR})
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/embedded/${symbol}.cpp)
  set(needed ${file})
  if(ARG_MADE_WITH)
    set(needed ${ARG_MADE_WITH})
  endif()
  add_custom_command(
    OUTPUT ${generated}
    COMMAND ${CMAKE_COMMAND} -DSYMBOL=${symbol} -DFILE=${file} -DOUTPUT=${generated}
            -DOPTIONAL=$<BOOL:${ARG_MADE_WITH}>
            -P ${PROJECT_SOURCE_DIR}/cmake/embed_file.cmake
    DEPENDS ${needed} ${PROJECT_SOURCE_DIR}/cmake/embed_file.cmake
    COMMENT "Embedding ${symbol}"
    VERBATIM)
  target_sources(${target} PRIVATE ${generated})
endfunction()
