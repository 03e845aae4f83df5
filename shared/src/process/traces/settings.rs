//! Where traces go, by the variables that all programs have in common which speak OpenTelemetry. What is empty is not set.

use std::{fmt, str::FromStr};

use anyhow::{Context, Result, anyhow, ensure};
use clap::Args;
use hyper::Uri;
use percent_encoding::percent_decode_str;

use crate::engine::spans::Sampler;

/// Whether traces are collected, and by whom.
#[derive(Clone, Debug, Args)]
pub struct Tracing {
    /// Who collects traces, by OTLP: http://collector:4318, or :4317 by gRPC; without one there are none
    #[arg(
        long = "otlp-endpoint",
        env = "OTEL_EXPORTER_OTLP_ENDPOINT",
        value_name = "URL",
        default_value = "",
        hide_default_value = true
    )]
    pub endpoint: String,

    /// How it wants them: http/protobuf or grpc
    #[arg(long = "otlp-protocol", env = "OTEL_EXPORTER_OTLP_PROTOCOL", value_name = "PROTOCOL", default_value = "http/protobuf",
          value_parser = or_default::<Protocol>)]
    pub protocol: Protocol,

    /// What it asks for, as headers (authorization=Bearer%20…,x-tenant=soho)
    #[arg(
        long = "otlp-headers",
        env = "OTEL_EXPORTER_OTLP_HEADERS",
        value_name = "HEADERS",
        default_value = "",
        hide_default_value = true,
        hide_env_values = true
    )]
    pub headers: String,

    /// What it is called in traces; by default each service by its own name
    #[arg(
        long = "otel-service-name",
        env = "OTEL_SERVICE_NAME",
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    pub service_name: String,

    /// Which traces are kept: always_on, always_off, traceidratio; or, as whoever asks has decided it and so where nobody
    /// has, parentbased_…
    #[arg(
        long = "otel-traces-sampler",
        env = "OTEL_TRACES_SAMPLER",
        value_name = "SAMPLER",
        default_value = "parentbased_always_on"
    )]
    pub sampler: String,

    /// Of traceidratio: the share that is kept (0.01)
    #[arg(
        long = "otel-traces-sampler-arg",
        env = "OTEL_TRACES_SAMPLER_ARG",
        value_name = "SHARE",
        default_value = "",
        hide_default_value = true
    )]
    pub sampler_arg: String,

    /// What else is said of it in traces (deployment.environment.name=production)
    #[arg(
        long = "otel-resource-attributes",
        env = "OTEL_RESOURCE_ATTRIBUTES",
        value_name = "ATTRIBUTES",
        default_value = "",
        hide_default_value = true
    )]
    pub resource_attributes: String,
}

impl Default for Tracing {
    fn default() -> Self {
        let nothing = String::new;
        Self {
            endpoint: nothing(),
            protocol: Protocol::default(),
            headers: nothing(),
            service_name: nothing(),
            sampler: nothing(),
            sampler_arg: nothing(),
            resource_attributes: nothing(),
        }
    }
}

/// How OTLP travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    #[default]
    HttpProtobuf,
    Grpc,
}

impl FromStr for Protocol {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "http/protobuf" => Ok(Self::HttpProtobuf),
            "grpc" => Ok(Self::Grpc),
            _ => Err("expected http/protobuf or grpc".into()),
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HttpProtobuf => "http/protobuf",
            Self::Grpc => "grpc",
        })
    }
}

fn or_default<T: Default + FromStr<Err = String>>(text: &str) -> Result<T, String> {
    if text.is_empty() { Ok(T::default()) } else { text.parse() }
}

impl Tracing {
    /// Refuses what clap cannot see.
    pub(in crate::process) fn check(&self) -> Result<()> {
        self.endpoint()?;
        self.sampler()?;
        self.headers()?;
        pairs(&self.resource_attributes).context("OTEL_RESOURCE_ATTRIBUTES")?;
        Ok(())
    }

    /// Where they go.
    pub(super) fn endpoint(&self) -> Result<Option<&str>> {
        if self.endpoint.is_empty() {
            return Ok(None);
        }
        let uri: Uri = self.endpoint.parse().context("OTEL_EXPORTER_OTLP_ENDPOINT is no URL")?;
        let is_url = matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
        ensure!(is_url, "OTEL_EXPORTER_OTLP_ENDPOINT: expected http://… or https://…");
        Ok(Some(&self.endpoint))
    }

    /// Without what a URL may hold besides, which is secret.
    pub(super) fn host(&self) -> Option<String> {
        self.endpoint.parse::<Uri>().ok()?.host().map(str::to_owned)
    }

    pub(super) fn sampler(&self) -> Result<Sampler> {
        let name = if self.sampler.is_empty() { "parentbased_always_on" } else { &self.sampler };
        let share = if self.sampler_arg.is_empty() { Ok(1.0) } else { self.sampler_arg.parse() };
        let share = share.map_err(|_| anyhow!("OTEL_TRACES_SAMPLER_ARG: expected a share from 0 to 1"))?;
        Sampler::named(name, share).map_err(|wrong| anyhow!("OTEL_TRACES_SAMPLER: {wrong}"))
    }

    /// They may be secret, and no error shows them.
    pub(super) fn headers(&self) -> Result<Vec<(String, String)>> {
        pairs(&self.headers).context("OTEL_EXPORTER_OTLP_HEADERS")
    }

    pub(super) fn resource(&self) -> Vec<(String, String)> {
        pairs(&self.resource_attributes).unwrap_or_default()
    }

    /// What a service is called in traces.
    pub(super) fn name_of(&self, service: &str) -> String {
        if !self.service_name.is_empty() {
            return self.service_name.clone();
        }
        service.to_owned()
    }
}

/// `key=value,key=value`, values encoded as in URLs.
fn pairs(text: &str) -> Result<Vec<(String, String)>> {
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=').context("expected key=value,key=value")?;
        let value = percent_decode_str(value.trim()).decode_utf8().context("a value is no UTF-8")?;
        Ok((key.trim().to_owned(), value.into_owned()))
    };
    text.split(',').filter(|one| !one.trim().is_empty()).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_is_not_set() {
        let nothing = Tracing::default();
        assert!(nothing.check().is_ok());
        assert_eq!(nothing.endpoint().expect("none is right"), None);
        assert_eq!(
            nothing.sampler().expect("the default"),
            Sampler::named("parentbased_always_on", 1.0).expect("known")
        );
        assert_eq!(or_default::<Protocol>(""), Ok(Protocol::HttpProtobuf));
        assert_eq!(nothing.name_of("order-svc"), "order-svc");
    }

    #[test]
    fn headers_are_decoded() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            pairs("authorization=Bearer%20a%3Db, x-tenant = soho,").expect("pairs"),
            [pair("authorization", "Bearer a=b"), pair("x-tenant", "soho")]
        );
    }

    #[test]
    fn an_error_names_the_variable_and_no_secret() {
        let wrong = |change: fn(&mut Tracing)| {
            let mut settings = Tracing::default();
            change(&mut settings);
            format!("{:#}", settings.check().expect_err("it is wrong"))
        };
        assert!(wrong(|it| it.endpoint = "collector:4318".into()).contains("OTEL_EXPORTER_OTLP_ENDPOINT"));
        assert!(wrong(|it| it.sampler = "sometimes".into()).contains("OTEL_TRACES_SAMPLER: "));
        assert!(wrong(|it| it.sampler_arg = "1%".into()).contains("OTEL_TRACES_SAMPLER_ARG"));
        assert!(wrong(|it| it.resource_attributes = "soho".into()).contains("OTEL_RESOURCE_ATTRIBUTES"));
        let headers = wrong(|it| it.headers = "hunter2".into());
        assert!(headers.contains("OTEL_EXPORTER_OTLP_HEADERS") && !headers.contains("hunter2"), "{headers}");
    }
}
