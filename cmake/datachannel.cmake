# LibDataChannel::LibDataChannel: WebRTC (ICE, DTLS, SRTP, data channels). An installed one is taken first; else the
# pinned one, which scripts/native/datachannel.sh builds once into the user's cache folder. The thread sanitizer needs
# one of its own, since it must see every lock.
set(ANTIPHON_DATACHANNEL "" CACHE PATH "Prefix of libdatachannel; empty: an installed one, else the pinned one is built")
set(datachannel_prefix ${ANTIPHON_DATACHANNEL})
set(datachannel_sanitizer "")
# A pinned one that an earlier run of cmake found is looked for again: the pin may have changed.
if(LibDataChannel_DIR MATCHES "/native/datachannel-")
  unset(LibDataChannel_DIR CACHE)
endif()
if(ANTIPHON_SANITIZE MATCHES thread)
  set(datachannel_sanitizer thread)
elseif(NOT datachannel_prefix)
  find_package(LibDataChannel 0.23 CONFIG QUIET)
endif()
if(NOT LibDataChannel_FOUND)
  if(NOT datachannel_prefix)
    execute_process(COMMAND ${PROJECT_SOURCE_DIR}/scripts/native/datachannel.sh ${datachannel_sanitizer}
                    OUTPUT_VARIABLE datachannel_prefix OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  endif()
  find_package(LibDataChannel 0.23 CONFIG REQUIRED PATHS ${datachannel_prefix} NO_DEFAULT_PATH)
endif()
