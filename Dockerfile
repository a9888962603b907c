# The program and nothing else. Build arguments: GO_IMAGE (any image with the
# right Go and a shell); VERSION, REVISION and CREATED, for the labels. TARGETOS
# and TARGETARCH come from docker build --platform.
ARG GO_IMAGE=golang:1.26

# Go cross-compiles, so it runs on the machine that builds, whatever it builds for.
FROM --platform=${BUILDPLATFORM:-linux/amd64} ${GO_IMAGE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=dev
RUN CGO_ENABLED=0 GOOS=${TARGETOS} GOARCH=${TARGETARCH} \
    go build -tags nethttpomithttp2 -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /mockpay ./cmd/mockpay

# No certificates: the program has those of the public authorities with it. No
# time zones: nothing asks for one.
FROM scratch
COPY --from=build /mockpay /mockpay
ARG VERSION=dev
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="mockpay" \
      org.opencontainers.image.description="Impersonates payment providers, to test without real money" \
      org.opencontainers.image.source="https://github.com/mockpay/mockpay" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
USER 65532:65532
# All interfaces; the port is that of PORT, or else 4402.
ENV MOCKPAY_ADDR=0.0.0.0:
EXPOSE 4402
HEALTHCHECK --interval=2s --timeout=3s --retries=5 CMD ["/mockpay", "health"]
ENTRYPOINT ["/mockpay"]
