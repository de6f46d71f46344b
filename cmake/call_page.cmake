# The call page is bundled by web/ (esbuild) into one file, which the binary carries. It is bundled anew
# when its sources change; without npm, one that lies there already is taken as it is.
set(CALL_PAGE ${PROJECT_SOURCE_DIR}/web/dist/call_interface.html)
# The script that puts a call into other pages is bundled together with it.
set(WIDGET ${PROJECT_SOURCE_DIR}/web/dist/antiphon.js)
find_program(NPM npm)
if(NPM)
  file(GLOB_RECURSE call_page_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/web/src/*)
  add_custom_command(
    OUTPUT ${CALL_PAGE}
    COMMAND sh -c "[ -d node_modules ] || '${NPM}' ci --no-audit --no-fund"
    COMMAND ${NPM} run --silent build
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}/web
    DEPENDS ${call_page_sources} ${PROJECT_SOURCE_DIR}/docs/connection-legs.json ${PROJECT_SOURCE_DIR}/web/package-lock.json ${PROJECT_SOURCE_DIR}/web/build.mjs
    COMMENT "Bundling the call page"
    VERBATIM)
elseif(NOT EXISTS ${CALL_PAGE})
  message(FATAL_ERROR "The call page needs npm to be bundled, or ${CALL_PAGE} made elsewhere: install npm (Node.js 18 or later)")
endif()
