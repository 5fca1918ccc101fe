# The home server, see docs/self-hosting.md. The first stage has the compiler, the second what runs.
FROM node:22-slim AS build
WORKDIR /opt/pyrgos
COPY . .
RUN npm run package -- /tmp/package
# The last part runs the command once, with its cryptography tested: an image that cannot start is never made.
RUN npm install --global --ignore-scripts --no-audit --no-fund --prefix /opt/pyrgos-command /tmp/package/*.tgz \
  && /opt/pyrgos-command/bin/pyrgos crypto

FROM node:22-slim
COPY --from=build /opt/pyrgos-command /usr/local
# A new volume at either place takes over the owner.
RUN install -d -o node -g node -m 700 /data /backups
ENV PYRGOS_PATH=/data NODE_ENV=production
USER node
VOLUME /data
# The second one only shows web sites of users, where PYRGOS_DOMAIN_SUFFIX is set.
EXPOSE 8000 9000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch('http://localhost:' + (process.env.PYRGOS_PORT ?? 8000) + '/healthz').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# The process is the server itself, not npm: it takes SIGTERM and stops in order.
ENTRYPOINT ["pyrgos"]
CMD ["daemon", "--listen-host", "0.0.0.0"]
