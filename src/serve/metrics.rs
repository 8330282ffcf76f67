//! `Metrics`: counters, in Prometheus' text format.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::events::Source;
use crate::threads::lock;

/// The upper bounds of the histogram's buckets, in milliseconds.
const BUCKETS: [u32; 8] = [1, 5, 10, 25, 50, 100, 500, 5000];

/// Counters since the start.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    deliveries: Mutex<BTreeMap<(Source, &'static str), u64>>,
    firings: Mutex<BTreeMap<&'static str, u64>>,
    times: [AtomicU64; BUCKETS.len() + 1],
    micros: AtomicU64,
    reloads: [AtomicU64; 2],
    pub(super) connections: AtomicU64,
}

/// Values at the time of the request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gauges {
    /// The bytes that large bodies use.
    pub(super) body_bytes: usize,
    /// The last tick, in seconds since 1970; `None` before the first.
    pub(super) last_tick: Option<i64>,
}

impl Metrics {
    /// Counts a delivery, and how long the response took.
    pub(super) fn delivery(&self, source: Source, status: &'static str, took: Duration) {
        *lock(&self.deliveries).entry((source, status)).or_default() += 1;
        let end = BUCKETS
            .iter()
            .position(|end| took <= Duration::from_millis(u64::from(*end)))
            .unwrap_or(BUCKETS.len());
        if let Some(count) = self.times.get(end) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Counts a firing by its state.
    pub(super) fn firing(&self, state: &'static str) {
        *lock(&self.firings).entry(state).or_default() += 1;
    }

    /// Counts a reload of the policy.
    pub(super) fn reload(&self, is_read: bool) {
        let [failed, read] = &self.reloads;
        let count = if is_read { read } else { failed };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Formats the metrics in Prometheus' text format.
    pub(super) fn text(&self, gauges: Gauges) -> String {
        let mut text = String::new();
        let deliveries = lock(&self.deliveries);
        let deliveries = deliveries.iter().map(|((source, status), count)| {
            let labels = format!("{{source=\"{source}\",status=\"{status}\"}}");
            (labels, *count)
        });
        let about = "Deliveries by forge and answer.";
        family(&mut text, "deliveries_total", "counter", about, deliveries);
        let firings = lock(&self.firings);
        let firings = firings.iter();
        let firings = firings.map(|(state, count)| (format!("{{state=\"{state}\"}}"), *count));
        let about = "Rules that matched, by what became of it.";
        family(&mut text, "firings_total", "counter", about, firings);
        self.histogram(&mut text);
        let reloads = ["failed", "read"].iter().zip(&self.reloads);
        let reloads = reloads.map(|(result, count)| {
            let labels = format!("{{result=\"{result}\"}}");
            (labels, count.load(Ordering::Relaxed))
        });
        let about = "Policies that were read again.";
        family(&mut text, "reloads_total", "counter", about, reloads);
        let mut gauge = |name: &str, about: &str, labels: &str, value: &dyn std::fmt::Display| {
            family(&mut text, name, "gauge", about, [(labels, value)]);
        };
        let connections = self.connections.load(Ordering::Relaxed);
        gauge("connections", "Open connections.", "", &connections);
        let about = "Bytes of the large bodies in memory.";
        gauge("body_bytes", about, "", &gauges.body_bytes);
        if let Some(at) = gauges.last_tick {
            let about = "The last tick of the schedules.";
            gauge("last_tick_timestamp_seconds", about, "", &at);
        }
        let version = concat!("{version=\"", env!("CARGO_PKG_VERSION"), "\"}");
        gauge("build_info", "The version.", version, &1);
        text
    }

    fn histogram(&self, text: &mut String) {
        let name = "delivery_seconds";
        head(
            text,
            name,
            "histogram",
            "From the first byte of the body to the answer.",
        );
        let mut count = 0;
        for (at, times) in self.times.iter().enumerate() {
            count += times.load(Ordering::Relaxed);
            let end = match BUCKETS.get(at) {
                Some(millis) => (f64::from(*millis) / 1000.0).to_string(),
                None => "+Inf".into(),
            };
            line(text, &format!("{name}_bucket{{le=\"{end}\"}}"), count);
        }
        let micros = self.micros.load(Ordering::Relaxed);
        let seconds = Duration::from_micros(micros).as_secs_f64();
        line(text, &format!("{name}_sum"), seconds);
        line(text, &format!("{name}_count"), count);
    }
}

/// Writes a metric with all its samples, each with its labels.
fn family<L: std::fmt::Display, V: std::fmt::Display>(
    text: &mut String,
    name: &str,
    kind: &str,
    about: &str,
    samples: impl IntoIterator<Item = (L, V)>,
) {
    head(text, name, kind, about);
    for (labels, value) in samples {
        line(text, &format!("{name}{labels}"), value);
    }
}

fn head(text: &mut String, name: &str, kind: &str, about: &str) {
    // Writing to a `String` cannot fail.
    let _infallible = write!(
        text,
        "# HELP sendoff_{name} {about}\n# TYPE sendoff_{name} {kind}\n"
    );
}

fn line(text: &mut String, name: &str, value: impl std::fmt::Display) {
    let _infallible = writeln!(text, "sendoff_{name} {value}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_each_counter_once() {
        let metrics = Metrics::default();
        metrics.delivery(Source::GitHub, "accepted", Duration::from_millis(3));
        metrics.delivery(Source::GitHub, "accepted", Duration::from_mins(1));
        metrics.delivery(Source::GitLab, "refused", Duration::ZERO);
        metrics.firing("fired");
        metrics.reload(false);
        let gauges = Gauges {
            body_bytes: 7,
            last_tick: Some(1_700_000_000),
        };
        let text = metrics.text(gauges);
        for line in [
            "sendoff_deliveries_total{source=\"github\",status=\"accepted\"} 2",
            "sendoff_deliveries_total{source=\"gitlab\",status=\"refused\"} 1",
            "sendoff_firings_total{state=\"fired\"} 1",
            "sendoff_delivery_seconds_bucket{le=\"0.001\"} 1",
            "sendoff_delivery_seconds_bucket{le=\"0.005\"} 2",
            "sendoff_delivery_seconds_bucket{le=\"+Inf\"} 3",
            "sendoff_delivery_seconds_sum 60.003",
            "sendoff_delivery_seconds_count 3",
            "sendoff_reloads_total{result=\"failed\"} 1",
            "sendoff_reloads_total{result=\"read\"} 0",
            "sendoff_body_bytes 7",
            "sendoff_last_tick_timestamp_seconds 1700000000",
        ] {
            assert_eq!(
                text.lines().filter(|found| *found == line).count(),
                1,
                "{line}: {text}"
            );
        }
        let helps = text
            .lines()
            .filter(|line| line.starts_with("# HELP"))
            .count();
        let types = text
            .lines()
            .filter(|line| line.starts_with("# TYPE"))
            .count();
        assert_eq!((helps, types), (8, 8));
    }
}
