# One recipe for every image: docker build --build-arg SERVICE=collector .
# SERVICE is collector, sync, commands, api, or demo (the simulated plant, two servers, and the command `heliograph`).

FROM python:3.13-slim-trixie AS build
ARG SERVICE
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN python3 -m venv /build && python3 -m venv --without-pip /app
WORKDIR /source
COPY requirements/build.txt requirements/
RUN /build/bin/pip install --quiet --require-hashes -r requirements/build.txt
COPY requirements/${SERVICE}.txt requirements/
RUN /build/bin/pip --python /app/bin/python install --quiet --require-hashes -r requirements/${SERVICE}.txt
COPY definitions definitions
COPY packages packages
COPY services services
# Wheels first: the tools that build them stay out of the image.
RUN case "${SERVICE}" in \
      demo) members="packages/* services/*" ;; \
      *) members="packages/contract packages/formats packages/runtime services/${SERVICE}" ;; \
    esac \
 && for member in ${members}; do \
      /build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheels "./${member}" || exit 1; \
    done \
 && /build/bin/pip --python /app/bin/python install --quiet --no-deps /wheels/*.whl

FROM python:3.13-slim-trixie
ARG SERVICE
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="heliograph-${SERVICE}" \
      org.opencontainers.image.description="Heliograph, an open photovoltaic gateway: ${SERVICE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
# Volumes take over the owner of the directory that they are mounted on first.
RUN groupadd --gid 10001 heliograph \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin heliograph \
 && install -d -o 10001 -g 10001 -m 0700 /state /store /keys /keys/broker /keys/collector /keys/sync /keys/commands /keys/api \
 && install -d -o 10001 -g 10001 -m 0755 /demo /demo/set /demo/files
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MALLOC_ARENA_MAX=2 \
    SERVICE=${SERVICE} STATE_DIR=/state ALIVE_FILE=/tmp/alive
USER 10001:10001
WORKDIR /state
STOPSIGNAL SIGTERM
# A service touches its file every few seconds while it is well.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD test -n "$(find "$ALIVE_FILE" -newermt '-30 seconds' 2>/dev/null)"
# exec: the service gets the signals itself.
ENTRYPOINT ["/bin/sh", "-c", "exec python -m heliograph.${SERVICE} \"$@\"", "heliograph"]
