# One image for web, worker, migrations and commands; see deploy/entrypoint.sh. No secret is needed to build it.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
WORKDIR /srv/app
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# Alone first: the packages are installed again only when their pins change.
COPY requirements/base.txt requirements/base.txt
RUN python -m venv .venv && .venv/bin/pip install --require-hashes -r requirements/base.txt
COPY . .
# Static files are collected under made-up settings that end with this line; the launcher is for desks, not for servers.
RUN .venv/bin/python -m deploy.local static && rm -rf deploy/local .run

FROM ${PYTHON_IMAGE}
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin app \
    && install -d -o app -g app /var/lib/cat-travel/media \
    && install -d -m 700 -o app -g app /var/lib/cat-travel/private
WORKDIR /srv/app
# Owned by root and read-only to the program: all it may write is the two volumes.
COPY --from=build /srv/app /srv/app
ENV PATH=/srv/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=config.settings.production \
    BIND=0.0.0.0:8000 \
    MEDIA_ROOT=/var/lib/cat-travel/media \
    PRIVATE_ROOT=/var/lib/cat-travel/private
USER 10001
VOLUME /var/lib/cat-travel/media /var/lib/cat-travel/private
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["python", "deploy/healthcheck.py"]
ENTRYPOINT ["/srv/app/deploy/entrypoint.sh"]
CMD ["web"]
