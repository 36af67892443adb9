//! NVIDIA's cards as their driver tells of them through NVML, which is opened at run time: without a driver there is nothing to
//! tell, and nothing is missed.
//!
//! **How the peak is measured.** While a network is loaded or run, the card is asked every 10 milliseconds, and once more at the
//! end, how much memory this process holds on it: context, libraries and arenas together. What comes and goes between two looks
//! is not seen. Where the driver does not know this process, as in some containers, the growth of the card's used memory since
//! the engine was opened stands for it, other programs' included.

mod sampler;

use std::sync::Arc;

use nvml_wrapper::Nvml;
use nvml_wrapper::enums::device::UsedGpuMemory;
use nvml_wrapper::error::NvmlError;

use super::DeviceMemory;
use sampler::Sampler;

/// A card as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Its name, as `NVIDIA GeForce RTX 4060`.
    pub name: String,
    /// Bytes of its memory.
    pub total: u64,
    /// Bytes that nobody uses.
    pub free: u64,
    /// The driver's version.
    pub driver: String,
}

/// The cards of this machine.
///
/// # Errors
/// Why none can be told of: most often there is no driver.
pub fn cards() -> Result<Vec<Description>, String> {
    let list = || -> Result<_, NvmlError> {
        let nvml = Nvml::init()?;
        let driver = nvml.sys_driver_version()?;
        let describe = |index| {
            let device = nvml.device_by_index(index)?;
            let memory = device.memory_info()?;
            Ok(Description { name: device.name()?, total: memory.total, free: memory.free, driver: driver.clone() })
        };
        (0..nvml.device_count()?).map(describe).collect::<Result<Vec<_>, NvmlError>>()
    };
    list().map_err(|error| error.to_string())
}

/// The first card, watched while it works.
pub struct Card {
    meter: Arc<Meter>,
    name: String,
    sampler: Sampler,
}

struct Meter {
    nvml: Nvml,
    /// Bytes of the card that were used before this process took any.
    before: u64,
}

impl Card {
    /// Finds the card and starts to watch it.
    ///
    /// # Errors
    /// When the driver tells nothing.
    pub fn open() -> Result<Self, NvmlError> {
        let nvml = Nvml::init()?;
        let (name, before) = {
            let device = nvml.device_by_index(0)?;
            (device.name()?, device.memory_info()?.used)
        };
        let meter = Arc::new(Meter { nvml, before });
        let watched = Arc::clone(&meter);
        Ok(Self { meter, name, sampler: Sampler::start(move || watched.used().ok()) })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its memory and this process's part of it.
    pub fn memory(&self) -> DeviceMemory {
        let card = self.meter.nvml.device_by_index(0).and_then(|device| device.memory_info()).ok();
        let used = self.meter.used().ok();
        DeviceMemory {
            device: self.name.clone(),
            is_main: false,
            total: card.as_ref().map(|card| card.total),
            free: card.as_ref().map(|card| card.free),
            used,
            peak: self.sampler.peak().max(used),
        }
    }
}

/// Does something, and watches the card's memory meanwhile where there is a card that tells.
pub fn watched<T>(card: Option<&Card>, work: impl FnOnce() -> T) -> T {
    match card {
        Some(card) => card.sampler.during(work),
        None => work(),
    }
}

impl Meter {
    /// Bytes that this process holds.
    fn used(&self) -> Result<u64, NvmlError> {
        let ours = std::process::id();
        let mut own = 0;
        for index in 0..self.nvml.device_count()? {
            for process in self.nvml.device_by_index(index)?.running_compute_processes()? {
                if let (true, UsedGpuMemory::Used(bytes)) = (process.pid == ours, process.used_gpu_memory) {
                    own += bytes;
                }
            }
        }
        if own > 0 {
            return Ok(own);
        }
        Ok(self.nvml.device_by_index(0)?.memory_info()?.used.saturating_sub(self.before))
    }
}
