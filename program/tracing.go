package program

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/kintolog/kintolog/server"
	"github.com/kintolog/kintolog/tracing"
)

// traces adds to a service that its spans are exported, if the environment asks for it by the variables that OpenTelemetry has
// for that. The function returned exports what is left, and stops.
func traces(ctx context.Context, application *server.App, config *server.Config, logger *logrus.Logger) (stop func(), err error) {
	for _, name := range asideFromTraces(os.Getenv) {
		logger.WithContext(ctx).Warnf("%s has no effect: metrics are served for Prometheus or sent to StatsD, and the log is written to stderr.", name)
	}
	asked, err := tracesAsked(os.Getenv)
	if !asked || err != nil {
		return func() {}, err
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("export traces: %w", err)
	}
	service, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "kintolog"), attribute.String("service.version", Version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv(),
	)
	if err != nil {
		return nil, fmt.Errorf("read OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(service))
	config.Web.Traces = provider
	application.Plugins = append(application.Plugins, tracing.Plugin(provider))
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := provider.Shutdown(ctx); err != nil {
			logger.WithError(err).Warn("the last traces are not exported")
		}
	}, nil
}

// tracesAsked tells whether the environment wants traces, which it does if it says where to.
func tracesAsked(env func(string) string) (bool, error) {
	switch exporter := env("OTEL_TRACES_EXPORTER"); {
	case strings.EqualFold(env("OTEL_SDK_DISABLED"), "true"), exporter == "none":
		return false, nil
	case exporter != "" && exporter != "otlp":
		return false, fmt.Errorf("OTEL_TRACES_EXPORTER must be otlp or none, not %q", exporter)
	case exporter == "" && env("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "":
		return false, nil
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"} {
		if protocol := env(name); protocol != "" && protocol != "http/protobuf" {
			return false, errors.New(name + " must be http/protobuf: there is no other exporter")
		}
	}
	return true, nil
}

// asideFromTraces are the variables that ask for what is not exported this way.
func asideFromTraces(env func(string) string) (names []string) {
	for _, name := range []string{
		"OTEL_METRICS_EXPORTER", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_LOGS_EXPORTER", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
	} {
		if value := env(name); value != "" && value != "none" {
			names = append(names, name)
		}
	}
	return names
}
