//! Blobs, in a folder and in memory.

use bytes::Bytes;
use thorax_store::StoreError;
use thorax_store::blobs::Blobs;

async fn kept_once_and_checked(blobs: &Blobs) {
    let name = blobs.put(Bytes::from_static(b"film")).await.unwrap();
    assert_eq!(name.as_str(), "d0607f7ad2628b2af9158dfba06ce87166e66b15bf68f8f358f9aa27ccb7c321");
    assert_eq!(blobs.put(Bytes::from_static(b"film")).await.unwrap(), name);
    assert_eq!(blobs.get(&name).await.unwrap().unwrap(), "film");
    assert!(blobs.has(&name).await.unwrap());
    blobs.remove(&name).await.unwrap();
    blobs.remove(&name).await.unwrap();
    assert!(!blobs.has(&name).await.unwrap());
    assert!(blobs.get(&name).await.unwrap().is_none());
}

#[tokio::test]
async fn in_memory() {
    kept_once_and_checked(&Blobs::memory()).await;
}

#[tokio::test]
async fn in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    kept_once_and_checked(&Blobs::folder(&folder.path().join("deep/blobs")).unwrap()).await;
}

#[tokio::test]
async fn a_damaged_blob_is_not_given_out() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::folder(folder.path()).unwrap();
    let name = blobs.put(Bytes::from_static(b"film")).await.unwrap();
    let hex = name.as_str();
    let file = folder.path().join(&hex[..2]).join(&hex[2..4]).join(hex);
    std::fs::write(&file, b"fil").unwrap();
    assert!(matches!(blobs.get(&name).await, Err(StoreError::Damaged)));
    // What is there is never overwritten: an operator has to see it.
    blobs.put(Bytes::from_static(b"film")).await.unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), b"fil");
}

#[tokio::test]
async fn many_at_once_keep_the_same_bytes_once() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::folder(folder.path()).unwrap();
    let puts = (0..20).map(|_| blobs.put(Bytes::from(vec![7; 100_000])));
    let names = futures_util::future::try_join_all(puts).await.unwrap();
    assert!(names.iter().all(|name| *name == names[0]));
    assert_eq!(blobs.get(&names[0]).await.unwrap().unwrap().len(), 100_000);
}
