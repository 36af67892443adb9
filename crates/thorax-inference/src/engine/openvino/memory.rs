//! Memory that a network of OpenVINO's holds and does not need.
//!
//! The file of a compiled network is mapped into memory. At its first pass with a batch of a new size a network packs the weights for
//! multiplying; until then it reads the file's pages, and hardly after. They would count as this process's as long as the network
//! is loaded, so they are let go ([`Mapped`]). What loading allocated and freed stays with the allocator until [`trim`].
//!
//! The one place that holds `unsafe`: neither can be asked for in safe code.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Folders whose files a session has to itself.
static TAKEN: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn taken() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The right to map the files of a folder. There is one a folder, held from before a network is loaded until after it is dropped,
/// so that what is mapped from there stays as it is while its holder looks at it.
#[derive(Debug)]
pub struct Mapped {
    folder: PathBuf,
}

impl Mapped {
    /// The right to this folder, which is there; `None` while somebody else has it, and where the system has no such list.
    pub fn take(folder: &Path) -> Option<Self> {
        let folder = folder.canonicalize().ok().filter(|_| cfg!(target_os = "linux"))?;
        let is_mine = taken().insert(folder.clone());
        is_mine.then(|| Self { folder })
    }

    /// Whether a file of the folder is mapped.
    pub fn is_there(&self) -> bool {
        !self.ranges().is_empty()
    }

    /// Lets all pages go; what is read again comes from the file.
    pub fn let_go(&self) {
        for range in self.ranges() {
            let_go(range);
        }
    }

    /// The addresses of what is mapped from the folder to be read and shared with the file.
    fn ranges(&self) -> Vec<Range<usize>> {
        let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
        maps.lines().filter_map(|line| range(line, &self.folder)).collect()
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        taken().remove(&self.folder);
    }
}

/// The addresses of a line such as `7f00-7f01 r--s 00000000 08:01 42    /folder/file`.
fn range(line: &str, folder: &Path) -> Option<Range<usize>> {
    let (what, file) = line.split_at(line.find('/')?);
    let mut words = what.split_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let address = |hexadecimal| usize::from_str_radix(hexadecimal, 16).ok();
    (words.next() == Some("r--s") && Path::new(file).starts_with(folder)).then_some(address(start)?..address(end)?)
}

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "nobody lets pages of another's mapping go in safe code")]
fn let_go(range: Range<usize>) {
    let start = std::ptr::with_exposed_provenance_mut(range.start);
    // SAFETY: the range is a read-only mapping that is shared with its file, so that a page holds what the file holds, and is read
    // from there again when it is next looked at. It cannot have become anything else meanwhile: only the network of the session
    // that holds this folder maps its files, and that network is loaded.
    unsafe { libc::madvise(start, range.len(), libc::MADV_DONTNEED) };
}

#[cfg(not(target_os = "linux"))]
fn let_go(_: Range<usize>) {}

/// Gives the system back what was freed and is kept for the next to ask, where the allocator is glibc's.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "a function of C")]
pub fn trim() {
    // SAFETY: it touches only memory that nobody holds, and may be called at any time from any thread.
    unsafe { libc::malloc_trim(0) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub const fn trim() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_shared_files_of_the_folder_are_found() {
        let folder = Path::new("/a b/cache");
        let of = |line: &str| range(line, folder);
        assert_eq!(of("7f00-7f10 r--s 00000000 08:01 42    /a b/cache/x/1.blob"), Some(0x7f00..0x7f10));
        assert_eq!(of("7f00-7f10 r--p 00000000 08:01 42    /a b/cache/1.blob"), None);
        assert_eq!(of("7f00-7f10 rw-s 00000000 08:01 42    /a b/cache/1.blob"), None);
        assert_eq!(of("7f00-7f10 r--s 00000000 08:01 42    /a b/cached/1.blob"), None);
        assert_eq!(of("7f00-7f10 rw-p 00000000 00:00 0 "), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_folder_is_taken_once_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = Mapped::take(folder.path()).unwrap();
        assert!(!first.is_there());
        assert!(Mapped::take(folder.path()).is_none());
        drop(first);
        assert!(Mapped::take(folder.path()).is_some());
        assert!(Mapped::take(&folder.path().join("none")).is_none());
    }
}
