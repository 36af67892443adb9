//! Files of patients: kept under the SHA-256 of their bytes, written whole or not at all, never overwritten, and checked when
//! they are read.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Place;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use sha2::Digest;
use thorax_domain::xray::Sha256;

use crate::error::{Result, StoreError};

/// The blob store. Clones share it.
#[derive(Debug, Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
}

impl Blobs {
    /// A folder, which is made where it is missing. What is kept is on disk before anything refers to it.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn folder(path: &Path) -> Result<Self> {
        std::fs::create_dir_all(path).map_err(|source| Error::Generic { store: "folder", source: Box::new(source) })?;
        Ok(Self { store: Arc::new(LocalFileSystem::new_with_prefix(path)?.with_fsync(true)) })
    }

    /// Memory, for tests.
    #[must_use]
    pub fn memory() -> Self {
        Self { store: Arc::new(object_store::memory::InMemory::new()) }
    }

    /// Keeps some bytes and gives their name. Keeping the same bytes twice keeps them once.
    ///
    /// # Errors
    /// Where they cannot be kept.
    pub async fn put(&self, bytes: Bytes) -> Result<Sha256> {
        let name = hash(bytes.clone()).await?;
        let once = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store.put_opts(&place(&name), PutPayload::from_bytes(bytes), once).await {
            Ok(_) | Err(Error::AlreadyExists { .. }) => Ok(name),
            Err(error) => Err(error.into()),
        }
    }

    /// The bytes with that name; `None` where there are none.
    ///
    /// # Errors
    /// [`crate::StoreError::Damaged`] where the bytes are not those that were kept.
    pub async fn get(&self, name: &Sha256) -> Result<Option<Bytes>> {
        let bytes = match self.store.get(&place(name)).await {
            Ok(found) => found.bytes().await?,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if hash(bytes.clone()).await? == *name { Ok(Some(bytes)) } else { Err(StoreError::Damaged) }
    }

    /// Whether something is kept under that name.
    ///
    /// # Errors
    /// Where it cannot be found out.
    pub async fn has(&self, name: &Sha256) -> Result<bool> {
        match self.store.head(&place(name)).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes a blob that nothing refers to any more; one that is not there is removed already.
    ///
    /// # Errors
    /// Where it cannot be removed.
    pub async fn remove(&self, name: &Sha256) -> Result<()> {
        match self.store.delete(&place(name)).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Two levels of folders, so that none holds too many files.
fn place(name: &Sha256) -> Place {
    let name = name.as_str();
    Place::from(format!("{}/{}/{name}", &name[..2], &name[2..4]))
}

/// Large films take milliseconds to hash, so this is no work for a thread that serves requests.
async fn hash(bytes: Bytes) -> Result<Sha256> {
    let digest = tokio::task::spawn_blocking(move || <[u8; 32]>::from(sha2::Sha256::digest(&bytes)));
    let digest = digest.await.map_err(|source| Error::JoinError { source })?;
    Ok(Sha256::from_bytes(&digest))
}
