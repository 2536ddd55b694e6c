# The hub in an image: `docker build -t navswap-hub .`
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/navswap
COPY requirements-run.lock ./
RUN /opt/navswap/bin/python -m pip install --require-hashes -r requirements-run.lock
COPY pyproject.toml README.md LICENSE ./
COPY services services
COPY mlmodels mlmodels
COPY handlers handlers
COPY web_dashboard web_dashboard
COPY hub hub
RUN /opt/navswap/bin/python -m pip install --no-deps . \
    && cp requirements-run.lock /opt/navswap/requirements.lock

FROM python:3.11-slim-bookworm
# libuv1 is what uWebSockets waits with. Debian keeps one version of it per release, so none is pinned.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libuv1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin hub \
    && install -d -o hub -g hub -m 700 /data
COPY --from=build /opt/navswap /opt/navswap
ENV PATH=/opt/navswap/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    DATA_DIR=/data ENVIRONMENT=production LOG_FORMAT=json
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ.get('REST_PORT', '8080') + '/readyz', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["navswap"]
CMD ["serve"]
