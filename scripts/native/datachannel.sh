#!/usr/bin/env bash
# Builds libdatachannel (WebRTC) with the libraries it needs, all static, into a prefix in the user's cache folder,
# and prints that prefix on standard output. A second run finds it and takes no time. With the argument "thread" it is
# built for the thread sanitizer, which must see the locks and atomics of all code. cmake/datachannel.cmake runs this.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"

here="$root/scripts/native"
sanitizer="${1:-}"
case "$sanitizer" in
    '') flags=-g1 ;;
    thread) flags='-g1 -O1 -fsanitize=thread -fno-omit-frame-pointer' ;;
    *) fail "datachannel.sh knows the sanitizer 'thread', not '$sanitizer'" ;;
esac

key=$( { cat "$here/datachannel/Cargo.lock" "$here/datachannel.sh"; "${CXX:-c++}" --version | head -1
         echo "$sanitizer"; } | sha256sum | cut -c1-16)
prefix="$cache/native/datachannel-$key"
[ -e "$prefix/complete" ] && { echo "$prefix"; exit 0; }

mkdir -p "$cache/native" "$cache/downloads"
exec 9>"$cache/native/datachannel.lock"
flock 9
[ -e "$prefix/complete" ] && { echo "$prefix"; exit 0; }

sources="$cache/downloads/datachannel-$(sha256sum <"$here/datachannel/Cargo.lock" | cut -c1-16)"
if [ ! -e "$sources/complete" ]; then
    command -v cargo >/dev/null ||
        fail "the sources of libdatachannel are fetched with cargo (no Rust is built): apt-get install cargo-web, or cargo"
    say "fetching the sources of libdatachannel (8 MB)"
    rm -rf "$sources"
    mkdir -p "$sources"
    # In a copy: cargo leaves nothing in the repository. It checks the hashes of Cargo.lock.
    cp "$here/datachannel"/* "$sources/"
    (cd "$sources" && quietly "fetching libdatachannel" cargo vendor --locked --versioned-dirs vendor)
    mv "$sources"/vendor/datachannel-sys-*/libdatachannel "$sources/libdatachannel"
    rm -rf "$sources/vendor"
    touch "$sources/complete"
fi

work="$cache/native/datachannel-$key.work"
rm -rf "$prefix" "$work"
mkdir -p "$prefix"
launcher=()
if command -v ccache >/dev/null; then
    export CCACHE_DIR="${CCACHE_DIR:-$cache/ccache}"
    launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
fi
say "building libdatachannel (about 2 minutes on 2 cores, once)"
# A call has one data channel. The library asks SCTP for 1024 streams each way, which are 112 KiB of every call, and has
# no setting for it.
mkdir "$work"
cp -a "$sources/libdatachannel" "$work/source"
sed -i 's/MAX_SCTP_STREAMS_COUNT = 1024;/MAX_SCTP_STREAMS_COUNT = 16;/' "$work/source/src/impl/internals.hpp"
grep -q 'MAX_SCTP_STREAMS_COUNT = 16;' "$work/source/src/impl/internals.hpp" ||
    fail "the number of SCTP streams is not where this script looks for it in libdatachannel"
# Part of a DTLS flight that is lost is sent again after 200 ms, 400 ms, ... 3 s. OpenSSL begins with a second, and each of
# the handshake's flights that is hit costs it: browsers begin with 50 ms, but what we lose only we can send again. OpenSSL
# gives up at the thirteenth time, which is after 27 s.
sed -i 's|^\(\t*\)SSL_set_ex_data(mSsl, TransportExIndex, this);|&\n\1DTLS_set_timer_cb(mSsl, [](SSL *, unsigned int last) -> unsigned int {\n\1\treturn last == 0 ? 200000 : std::min(2 * last, 3000000u);\n\1});|' \
    "$work/source/src/impl/dtlstransport.cpp"
grep -q 'DTLS_set_timer_cb(mSsl' "$work/source/src/impl/dtlstransport.cpp" ||
    fail "the DTLS session is not made where this script looks for it in libdatachannel"
quietly "configuring libdatachannel" cmake -G Ninja -S "$work/source" -B "$work/build" -DCMAKE_BUILD_TYPE=Release \
    -DBUILD_SHARED_LIBS=OFF -DNO_WEBSOCKET=ON -DNO_EXAMPLES=ON -DNO_TESTS=ON -DLIBSRTP_TEST_APPS=OFF \
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DCMAKE_C_FLAGS="$flags" -DCMAKE_CXX_FLAGS="$flags" "${launcher[@]}" \
    -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib
quietly "building libdatachannel" ninja -C "$work/build" -j "$(nproc)" datachannel
quietly "installing libdatachannel" cmake --install "$work/build"
rm -rf "$work"
touch "$prefix/complete"
say "libdatachannel is in $prefix"
echo "$prefix"
