//! The memory that networks live in, as its owner tells it: the operating system for the processor, the driver for a graphics
//! card.

use std::path::Path;

/// Memory of the device that an engine computes on, in bytes. What the device does not tell is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeviceMemory {
    /// What it is called: `the processor`, or the card's name.
    pub device: String,
    /// Whether it is main memory, and not a card's own.
    pub is_main: bool,
    /// All of it.
    pub total: Option<u64>,
    /// What nobody uses now.
    pub free: Option<u64>,
    /// What this process holds now.
    pub used: Option<u64>,
    /// The most that this process was ever seen to hold.
    pub peak: Option<u64>,
}

impl DeviceMemory {
    /// Main memory and this process's part of it, as Linux tells it.
    #[must_use]
    pub fn of_this_process() -> Self {
        let memory = |name: &str| field(Path::new("/proc/meminfo"), name);
        let process = |name: &str| field(Path::new("/proc/self/status"), name);
        Self {
            device: "the processor".to_owned(),
            is_main: true,
            total: memory("MemTotal:"),
            free: memory("MemAvailable:"),
            used: process("VmRSS:"),
            peak: process("VmHWM:"),
        }
    }
}

/// Bytes of a line such as `VmHWM:  1024 kB`.
fn field(file: &Path, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// The room that a loaded network is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Room {
    /// Bytes that it may take, weights, workspace and intermediate results together; `None` for as much as there is. An engine
    /// whose library can hold itself to it does; for the others it is the ledger's word only.
    pub limit: Option<u64>,
    /// Whether networks take turns, so that what a pass needed is to be given back after it.
    pub is_tight: bool,
}
