//! What the machine has, as far as it tells without special rights.

use std::fs;
use std::path::Path;

use thorax_inference::engine::{self, Card};

use crate::config::Size;

/// Main memory in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Built in, or allowed to the container.
    pub total: u64,
    /// Free for programs now.
    pub available: u64,
}

/// Main memory; `None` where the system does not tell the way Linux does.
pub fn memory() -> Option<Memory> {
    let mut memory = parse(&fs::read_to_string("/proc/meminfo").ok()?)?;
    // A container may hold less than the machine: control groups, version 2.
    let limit = fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse::<u64>().ok());
    let used =
        fs::read_to_string("/sys/fs/cgroup/memory.current").ok().and_then(|text| text.trim().parse::<u64>().ok());
    if let (Some(limit), Some(used)) = (limit, used) {
        memory.total = memory.total.min(limit);
        memory.available = memory.available.min(limit.saturating_sub(used));
    }
    Some(memory)
}

fn parse(meminfo: &str) -> Option<Memory> {
    let field = |name: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name))?;
        let kibibytes: u64 = line.trim_start_matches(':').trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kibibytes * 1024)
    };
    Some(Memory { total: field("MemTotal")?, available: field("MemAvailable")? })
}

/// The processor's vector instructions, which decide how fast networks run.
#[cfg(target_arch = "x86_64")]
pub fn features() -> String {
    let found = [
        ("AVX2", std::arch::is_x86_feature_detected!("avx2")),
        ("FMA", std::arch::is_x86_feature_detected!("fma")),
        ("AVX-512", std::arch::is_x86_feature_detected!("avx512f")),
        ("VNNI", std::arch::is_x86_feature_detected!("avx512vnni") || std::arch::is_x86_feature_detected!("avxvnni")),
        ("BF16", std::arch::is_x86_feature_detected!("avx512bf16")),
    ];
    named("x86-64", found.into_iter().filter_map(|(name, is_there)| is_there.then_some(name)))
}

/// The processor's vector instructions, which decide how fast networks run.
#[cfg(not(target_arch = "x86_64"))]
pub fn features() -> String {
    named(if cfg!(target_arch = "aarch64") { "aarch64" } else { "no x86-64" }, std::iter::empty())
}

fn named<'a>(architecture: &str, features: impl Iterator<Item = &'a str>) -> String {
    let features: Vec<&str> = features.collect();
    if features.is_empty() {
        return architecture.to_owned();
    }
    format!("{architecture} with {}", features.join(", "))
}

/// What the processor calls itself, which Linux writes into `/proc/cpuinfo`.
pub fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The graphics cards, as NVIDIA's driver tells of them.
pub fn gpu() -> String {
    match engine::cards() {
        Ok(cards) if !cards.is_empty() => cards.iter().map(card).collect::<Vec<_>>().join("; "),
        _ if Path::new("/dev/nvidia0").exists() => {
            "NVIDIA, but its driver's library (libnvidia-ml) tells nothing here".to_owned()
        }
        _ => "none found; none is needed".to_owned(),
    }
}

fn card(card: &Card) -> String {
    let Card { name, total, free, driver } = card;
    let (total, free) = (Size::from(*total), Size::from(*free));
    format!("{name}, {free} free of {total}, driver {driver}; used with --engine cuda or tensorrt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_linux_tells_of_memory() {
        let text = "MemTotal:       24000000 kB\nMemFree: 1 kB\nMemAvailable:   12000000 kB\n";
        assert_eq!(parse(text), Some(Memory { total: 24_576_000_000, available: 12_288_000_000 }));
        assert_eq!(parse("MemTotal: many"), None);
    }

    #[test]
    fn describes_a_card() {
        let found = Card { name: "NVIDIA X".to_owned(), total: 8 << 30, free: 6 << 30, driver: "580.65.06".to_owned() };
        let expected = "NVIDIA X, 6144 MiB free of 8192 MiB, driver 580.65.06; used with --engine cuda or tensorrt";
        assert_eq!(card(&found), expected);
    }

    #[test]
    fn names_the_processor() {
        assert_eq!(named("riscv64", std::iter::empty()), "riscv64");
        assert_eq!(named("x86-64", ["AVX2", "FMA"].into_iter()), "x86-64 with AVX2, FMA");
        assert!(!features().is_empty() && !gpu().is_empty());
    }
}
