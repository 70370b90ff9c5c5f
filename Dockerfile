# The platform's image: the locked packages and the project, run by a user who is nobody else.
FROM python:3.11.16-slim-bookworm AS build
WORKDIR /app
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY requirements.txt requirements-bootstrap.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements-bootstrap.txt \
    && pip install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
# A checkout of umask 077 is readable by its owner alone, and here it is root's.
RUN chmod -R a+rX .
RUN pip install --no-cache-dir --no-index --no-deps --no-build-isolation --editable . \
    && python -m compileall -q .

FROM python:3.11.16-slim-bookworm
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 HOME=/tmp
# Volumes take their owner from these folders when they are first mounted.
RUN groupadd --gid 10001 greenoffice \
    && useradd --uid 10001 --gid 10001 --home-dir /tmp --no-create-home greenoffice \
    && for folder in data database broker broker-config provisioning monitoring backups \
        servers/broker servers/influxdb servers/postgres servers/grafana servers/prometheus; do \
        install -d -o 10001 -g 10001 -m 0700 "/$folder"; done
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
USER 10001:10001
ENTRYPOINT []
CMD ["greenoffice", "--help"]
