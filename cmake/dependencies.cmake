# Everything we did not write, found first where the system or the user has it. The native engines come
# from the prefix that scripts/native/build.sh prints (give it as ANTIPHON_NATIVE, or any other through
# CMAKE_PREFIX_PATH).
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS headers json)
find_package(spdlog CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(tomlplusplus CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
pkg_check_modules(libzip REQUIRED IMPORTED_TARGET libzip)
pkg_check_modules(opus REQUIRED IMPORTED_TARGET opus)
pkg_check_modules(libav REQUIRED IMPORTED_TARGET libavformat libavcodec libswresample libavutil)
pkg_check_modules(espeak_ng REQUIRED IMPORTED_TARGET espeak-ng)
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(cmark REQUIRED IMPORTED_TARGET libcmark)
find_package(LibXml2 REQUIRED)
find_path(HNSWLIB_INCLUDE hnswlib/hnswlib.h REQUIRED)  # headers only, where the compiler looks by itself

set(ANTIPHON_NATIVE "" CACHE PATH "Prefix of ggml, llama.cpp, whisper.cpp and ONNX Runtime")
if(ANTIPHON_NATIVE)
  list(PREPEND CMAKE_PREFIX_PATH ${ANTIPHON_NATIVE})
  # The engines' libraries are linked from that prefix; the binary finds them there by its rpath.
  set(CMAKE_BUILD_RPATH ${ANTIPHON_NATIVE}/lib)
  set(CMAKE_INSTALL_RPATH ${ANTIPHON_NATIVE}/lib)
endif()
find_package(ggml CONFIG REQUIRED)
find_package(llama CONFIG REQUIRED)
find_package(whisper CONFIG REQUIRED)

find_library(ONNXRUNTIME_LIBRARY NAMES onnxruntime HINTS ${ANTIPHON_NATIVE}/lib REQUIRED)
find_path(ONNXRUNTIME_INCLUDE onnxruntime_cxx_api.h HINTS ${ANTIPHON_NATIVE}/include
          PATH_SUFFIXES onnxruntime onnxruntime/core/session REQUIRED)
add_library(onnxruntime SHARED IMPORTED)
set_target_properties(onnxruntime PROPERTIES
  IMPORTED_LOCATION ${ONNXRUNTIME_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${ONNXRUNTIME_INCLUDE})
