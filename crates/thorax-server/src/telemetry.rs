//! What the program says of itself while it runs: log lines and metrics. Lines carry ids, never a name, a record number, an
//! e-mail or a token.

use std::sync::OnceLock;

use anyhow::{Context, Result};
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, StoreOptions};

/// Seconds at which answers and stages are counted.
const BUCKETS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();

/// Starts writing log lines to standard error.
///
/// # Errors
/// When the filter cannot be understood.
pub fn start_logging(options: &StoreOptions) -> Result<()> {
    let filter = EnvFilter::builder().parse(&options.log).with_context(|| {
        format!("{:?} is no filter for log lines; write info, or info,thorax_server=debug", options.log)
    })?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start, as in tests, changes nothing.
    let _ = match options.log_format {
        LogFormat::Text => lines.with_ansi(false).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    Ok(())
}

/// The metrics of this process, counted from the first call on.
///
/// # Panics
/// When there are no buckets, which would be a bug.
pub fn metrics() -> &'static PrometheusHandle {
    METRICS.get_or_init(|| {
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)
            .expect("there are buckets; this is a bug")
            .build_recorder();
        let handle = recorder.handle();
        // Somebody else's recorder would mean that ours stays empty, never that something breaks.
        let _ = metrics::set_global_recorder(recorder);
        describe();
        handle
    })
}

fn describe() {
    describe_counter!("thorax_http_requests_total", "Requests by route, method and status");
    describe_histogram!(
        "thorax_http_request_seconds",
        Unit::Seconds,
        "From the request to the head of the answer, by route"
    );
    describe_counter!("thorax_statements_total", "Database statements of requests, by route");
    describe_counter!("thorax_jobs_total", "Jobs by how they ended: done, retried, dead, given_back, lost, unreported");
    describe_gauge!("thorax_jobs_waiting", "Jobs in the queue");
    describe_gauge!("thorax_jobs_leased", "Jobs that workers hold");
    describe_gauge!("thorax_jobs_dead", "Jobs that were put aside for the administrator");
    describe_gauge!("thorax_jobs_running", "Jobs that this process works on");
    describe_histogram!("thorax_job_seconds", Unit::Seconds, "From taking a job to its end");
    describe_histogram!("thorax_decode_seconds", Unit::Seconds, "Decoding a file in its own process");
    describe_counter!("thorax_decodes_total", "Decoded files by how it ended");
    describe_counter!("thorax_intakes_total", "Files that were sent, by what became of them");
    describe_counter!("thorax_cache_total", "Asked of the cache, by class of key and whether it was found");
    describe_gauge!("thorax_networks_bytes", Unit::Bytes, "Memory that loaded networks are accounted with");
    describe_gauge!("thorax_networks_peak_bytes", Unit::Bytes, "The most memory that networks were accounted with");
    describe_gauge!("thorax_memory_budget_bytes", Unit::Bytes, "Memory that networks may take; none without a budget");
    describe_gauge!("thorax_memory_limit_bytes", Unit::Bytes, "The same, lowered while the device has less");
    describe_gauge!(
        "thorax_device_memory_bytes",
        Unit::Bytes,
        "Memory of the device that networks live in, as measured: total, free, used by this process, its peak"
    );
    describe_counter!("thorax_out_of_memory_total", "How often the device had no memory for a network");
    describe_gauge!("thorax_ready", "1 when X-rays can be read");
    describe_gauge!("process_resident_memory_bytes", Unit::Bytes, "Memory of this process");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counted_event_is_exposed() {
        let handle = metrics();
        metrics::counter!("thorax_test_total", "kind" => "one").increment(2);
        metrics::histogram!("thorax_test_seconds").record(0.003);
        let text = handle.render();
        assert!(text.contains("thorax_test_total{kind=\"one\"} 2"), "{text}");
        assert!(text.contains("thorax_test_seconds_bucket{le=\"0.005\"} 1"), "{text}");
    }
}
