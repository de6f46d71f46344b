# The image of `antiphon serve`, in two stages: the one with compilers builds by the project's own scripts, the other
# has the program, its libraries and nothing else. docs/containers.md says how, how to renew the pins, and what of it
# was run.
#
#   docker build -t antiphon .
#   docker build -t antiphon --build-arg ANTIPHON_GPU=hip --build-arg GPU_ARCHITECTURES=gfx942 \
#       --build-arg BUILD_BASE=rocm/dev-ubuntu-24.04:7.1.1-complete --build-arg RUN_BASE=rocm/dev-ubuntu-24.04:7.1.1-complete .
ARG BUILD_BASE=docker.io/library/debian:bookworm-20250520-slim
ARG RUN_BASE=docker.io/library/debian:bookworm-20250520-slim

FROM ${BUILD_BASE} AS build
ARG DEBIAN_FRONTEND=noninteractive
# Node trusts what the system trusts, as apt, pip and cargo do: a base image may bring a company's own authority.
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
WORKDIR /src

COPY scripts/packages.txt scripts/packages.txt
COPY scripts/lib scripts/lib
COPY deploy/docker/packages.sh deploy/docker/packages.sh
RUN deploy/docker/packages.sh build

COPY . .
ARG ANTIPHON_GPU=off
ARG GPU_ARCHITECTURES=
# The cache holds what outlives a build: the engines, the compiler's results, what was downloaded.
RUN --mount=type=cache,target=/root/.cache/antiphon deploy/docker/build.sh /image

FROM ${RUN_BASE}
ARG DEBIAN_FRONTEND=noninteractive
COPY --from=build /image/packages /src/deploy/docker/packages.sh /usr/local/share/antiphon/
RUN /usr/local/share/antiphon/packages.sh run && rm -r /usr/local/share/antiphon

COPY --from=build /image/usr /usr
COPY --from=build /src/deploy/docker/fetch-models /usr/local/bin/fetch-models
# The engines' libraries are where the loader looks; what may be written is the volume and /tmp.
RUN ldconfig && \
    groupadd --gid 10001 antiphon && \
    useradd --uid 10001 --gid antiphon --no-create-home --home-dir /var/lib/antiphon --shell /usr/sbin/nologin antiphon && \
    install -d -o antiphon -g antiphon /var/lib/antiphon /var/lib/antiphon/models

ENV HOME=/var/lib/antiphon \
    XDG_DATA_HOME=/var/lib/antiphon \
    XDG_CACHE_HOME=/var/lib/antiphon/cache \
    ANTIPHON_SERVER_PID_FILE=/tmp/antiphon.pid \
    HF_CACHE_DIR=/var/lib/antiphon/models \
    ANTIPHON_SERVER_HOST=0.0.0.0 \
    ANTIPHON_WEBRTC_PORTS=10000
USER 10001:10001
WORKDIR /var/lib/antiphon
VOLUME /var/lib/antiphon
EXPOSE 8080/tcp 10000/udp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=180s --retries=3 \
    CMD ["antiphon", "check", "--ready", "--timeout", "4"]
# Process 1 is the server itself: it takes SIGTERM, waits for its own children, and has no others.
ENTRYPOINT ["antiphon"]
CMD ["serve"]
